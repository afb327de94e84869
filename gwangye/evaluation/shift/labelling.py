"""A sheet of test rows to label by hand, and the label distribution that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from gwangye.errors import DataError, ParameterError, did_you_mean
from gwangye.evaluation.shift.label_shares import ShareEstimate
from gwangye.evaluation.shift.resampling import LEVEL, Floats, Interval

SHEET_COLUMNS = ("guid", "sentence", "subject_word", "object_word", "label")


def labelling_sheet(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Draw rows to be labelled by hand.

    Args:
        frame: Canonical table of the target; labels in it do not get into the sheet.
        n: Rows wanted, at least 1; 200 put the share of a relation within 7 points or less.
        seed: Seed of the draw.

    Returns:
        guid, sentence, subject_word, object_word and an empty label, in random order: whoever
        labels from the top and stops early has still labelled a random sample. All rows where
        there are no more than ``n``.

    Raises:
        ParameterError: ``n`` is below 1.
        DataError: The table has no row.
    """
    if n < 1:
        raise ParameterError(f"Number of rows to label: {n} is not allowed; give at least 1.")
    if len(frame) == 0:
        raise DataError("There are no target rows to label.")
    drawn = np.random.default_rng(seed).permutation(len(frame))[:n]
    sheet = frame.iloc[drawn].reset_index(drop=True)
    return sheet.assign(label="")[list(SHEET_COLUMNS)]


def shares_from_sheet(sheet_labels: Sequence[str | None], labels: Sequence[str]) -> ShareEstimate:
    """Estimate the label distribution from hand-labelled rows.

    Rows still without a label are left out, as if they had not been drawn: label the sheet from
    the top down, and not the easy rows first.

    Args:
        sheet_labels: (rows,) the sheet's label column; empty, blank or missing: not labelled yet.
        labels: Relation names in label order.

    Returns:
        Shares with Wilson intervals, one per relation. A relation that no labelled row has is
        estimated as rare, from 0 up to its interval's limit.

    Raises:
        DataError: A label is not one of the relations, or no row is labelled.
    """
    filled = [
        (row, str(label).strip())
        for row, label in enumerate(sheet_labels)
        if not pd.isna(label) and str(label).strip()
    ]
    index = {label: i for i, label in enumerate(labels)}
    for row, label in filled:
        if label not in index:
            raise DataError(
                f"Row {row} of the sheet: label '{label}' is not one of the {len(labels)} "
                f"relations. {did_you_mean(label, labels)}"
            )
    if not filled:
        raise DataError(f"None of the sheet's {len(sheet_labels)} rows is labelled yet.")
    counts = np.bincount([index[label] for _, label in filled], minlength=len(labels))
    intervals = [wilson(int(count), len(filled)) for count in counts]
    return ShareEstimate(
        method="sheet",
        labels=tuple(labels),
        shares=_column(intervals, 0),
        low=_column(intervals, 1),
        high=_column(intervals, 2),
    )


def wilson(count: int, total: int) -> Interval:
    """Return a share with its Wilson score interval, 0 to 1.

    It inverts the test of the share: all shares p for which
    ``|count/total − p| ≤ z·sqrt(p·(1 − p)/total)``, with z = 1.96. Unlike the textbook interval
    around ``count/total`` it has a width at 0 and at ``total``, and stays within 0 to 1.

    Args:
        count: Rows of the kind, 0 to ``total``.
        total: Rows, at least 1.

    References:
        Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference", JASA
        22; Brown, Cai and DasGupta 2001, Statistical Science 16, who recommend it.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share = count / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * (share * (1 - share) / total + (z / (2 * total)) ** 2) ** 0.5
    # At the ends one limit is the share itself; rounding must not put it beyond.
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def _column(intervals: Sequence[Interval], number: int) -> Floats:
    return np.array([interval[number] for interval in intervals], dtype=np.float64)
