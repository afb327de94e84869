"""Rows whose label out-of-fold models doubt, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.evaluation.analysis.rows import readable_rows


def suspected_labels(
    examples: pd.DataFrame, probabilities: NDArray[np.floating], labels: Sequence[str]
) -> pd.DataFrame:
    """Return the rows whose label is perhaps wrong, by confident learning (cleanlab).

    As many rows are flagged as cleanlab estimates to be mislabelled, those first to whose label the
    model gives least. Cleanlab's other rules (normalised margin, pruning by noise rate, probability
    adjusted to the relations' sizes) found fewer of labels that were flipped at random.

    Nothing is changed by it. A model that errs doubts right labels too.

    Args:
        examples: Canonical table of labelled rows.
        probabilities: (rows, relations), in the order of ``examples``, from models that were not
            trained on these rows.
        labels: Relation names in label order.

    Returns:
        guid, label, suggested relation (the most probable other one), quality of the label (0 to
        1), probability of label and of suggested relation (4 decimals), entities and sentence;
        worst first, then by guid.

    References:
        Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset
        Labels", arXiv 1911.00068. The score is "self-confidence" of Kuan and Mueller 2022,
        "Model-Agnostic Label Quality Scoring to Detect Real-World Label Errors".
    """
    index = {label: i for i, label in enumerate(labels)}
    true = examples["label"].map(index).to_numpy(dtype=np.int64)
    flagged, quality = _judge(true, np.asarray(probabilities, dtype=np.float64))
    others = np.array(probabilities, dtype=np.float64)  # a copy
    rows = np.arange(len(true))
    others[rows, true] = -1.0
    suggested = others.argmax(axis=1)
    table = readable_rows(
        examples,
        {
            "label": examples["label"].to_numpy(),
            "suggested": np.array(labels, dtype=object)[suggested],
            "quality": quality.round(4),
            "probability_of_label": probabilities[rows, true].round(4),
            "probability_of_suggested": others[rows, suggested].round(4),
        },
    )
    return table[flagged].sort_values(["quality", "guid"])


def _judge(
    true: NDArray[np.integer], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return the (rows,) flags of suspected label errors and the (rows,) quality of all labels."""
    present = np.unique(true)
    if len(present) < 2:  # nothing that a label could be taken for
        return np.zeros(len(true), dtype=bool), np.ones(len(true))
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    # cleanlab estimates how often each label is given for each other: of labels that rows have
    known = probabilities[:, present]
    total = known.sum(axis=1, keepdims=True)
    known = np.divide(known, total, out=np.full_like(known, 1 / len(present)), where=total > 0)
    given = np.searchsorted(present, true)
    flagged = find_label_issues(given, known, filter_by="low_self_confidence", n_jobs=1)
    return flagged, get_label_quality_scores(given, known, method="self_confidence")
