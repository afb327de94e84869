"""Scores of every relation with their intervals, and its errors by kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.evaluation.analysis.confusions import kinds_per_relation
from gwangye.evaluation.shift.f1_replicates import defined_limits
from gwangye.evaluation.shift.score_intervals import ScoreIntervals
from gwangye.metrics import per_relation


def relation_scores(
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    negative_label: str | None,
    found: ScoreIntervals,
) -> pd.DataFrame:
    """Return one row per relation.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        labels: Relation names in label order.
        negative_label: The label that means "none of the relations", or None.
        found: The scores of these rows, unweighted, with their resamples.

    Returns:
        The columns of :func:`gwangye.metrics.per_relation` (percent, 2 decimals); ``f1`` and
        ``auprc`` with 95 % intervals (``_low``, ``_high``), missing for a relation that no row has
        and where all resamples score alike; and the columns of
        :func:`gwangye.evaluation.analysis.confusions.kinds_per_relation`.
    """
    table = per_relation(true, probabilities, labels, found.relation_auprc)
    for score in ("f1", "auprc"):
        replicates = getattr(found.replicates, f"relation_{score}")
        table[f"{score}_low"], table[f"{score}_high"] = defined_limits(replicates)
    kinds = kinds_per_relation(true, probabilities.argmax(axis=1), labels, negative_label)
    return pd.concat([table.round(2), kinds], axis=1)
