"""The data report: what is in the tables, how they differ, what is seen across the folds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.data.describe import compare, count_seen, describe
from gwangye.data.splitting.groups import NEVER
from gwangye.data.splitting.similarity import near_duplicates
from gwangye.examples import fold_numbers

LISTED = 100
"""How many rejected rows the report lists; their number is always given."""


def data_report(
    train: pd.DataFrame, test: pd.DataFrame, rejected: pd.DataFrame, dropped: Mapping[str, int]
) -> dict[str, Any]:
    """Put together all that is to be known about the data before training on it.

    Nearly the same sentences are counted by one measure for all splits: from ``NEARLY_SAME`` on.

    ``train`` has its columns of folds; ``rejected`` are the rows of both files, ``dropped`` the
    counts from :func:`gwangye.data.duplicates.drop_duplicates`.

    Returns:
        A dict that JSON can hold, the same for the same tables: ``train`` and ``test``
        (:func:`describe`), ``comparison`` (:func:`compare`), ``folds`` (:func:`seen_by_fold`),
        ``never_validated`` (rows that no fold validates), ``dropped`` (counts), and ``rejected``:
        ``rows`` (their number) and ``first`` (the first 100). ``test`` and ``comparison`` are None
        without test rows.
    """
    folds = fold_numbers(train)
    near = near_duplicates([*train["sentence"], *test["sentence"]])
    listed = rejected.head(LISTED)[["file", "row", "guid", "reason"]]
    return {
        "train": describe(train),
        "test": None if test.empty else describe(test),
        "comparison": None if test.empty else compare(train, test, near),
        "folds": seen_by_fold(train, folds, near),
        "never_validated": int((folds == NEVER).all(axis=1).sum()),
        "dropped": dict(dropped),
        "rejected": {"rows": len(rejected), "first": listed.to_dict("records")},
    }


def seen_by_fold(
    frame: pd.DataFrame, folds: NDArray[np.int64], near: Mapping[str, Collection[str]]
) -> dict[str, dict[str, int]]:
    """Count, fold by fold, the validation rows of which something is seen in training too.

    ``folds`` (rows, repeats), int64, are those in which each row is validated, -1 where there is
    none; it is trained on in all others. ``near`` is as in :func:`count_seen`.

    Returns:
        The counts of :func:`count_seen` by fold: "0", "1", ...
    """
    counts = {}
    for fold in np.unique(folds[folds != NEVER]).tolist():
        validates = (folds == fold).any(axis=1)
        counts[str(fold)] = count_seen(frame[~validates], frame[validates], near)
    return counts
