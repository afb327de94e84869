"""F1 of many groups of rows, or of many relations, in many resamples at once.

F1 is a ratio of two sums over rows (:func:`gwangye.metrics.f1`). So each group is a row of two
sparse matrices, and a resample is one product of each with the rows' weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwangye.evaluation.shift.resampling import Floats, percentiles, sums_by_group
from gwangye.metrics import Ids, f1


class F1Counts(NamedTuple):
    """What F1 is made of: two sparse (groups, rows) matrices.

    Args:
        hits: What a row adds to the TP of a group.
        sizes: What it adds to its 2·TP + FP + FN.
    """

    hits: Any
    sizes: Any

    def f1(self, weights: Floats) -> Floats:
        """Return the F1 of each group in percent, missing (NaN) where it is 0/0.

        Args:
            weights: (rows, sets), at least 0.

        Returns:
            (groups, sets)
        """
        return f1(self.hits @ weights, self.sizes @ weights)


def micro_counts(
    true: Ids, predicted: Ids, negative: int, groups: Ids | None = None, num_groups: int = 1
) -> F1Counts:
    """Return the counts of micro-F1 over all relations but one, group by group.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        negative: The label id left out; -1 for none.
        groups: (rows,) or (kinds, rows) number of the group that a row is in, once for each way to
            group them; None puts all rows into one.
        num_groups: Number of groups.
    """
    is_relation, chosen = true != negative, predicted != negative
    hits = is_relation & (true == predicted)
    if groups is None:
        groups = np.zeros(len(true), dtype=np.int64)
    sizes = is_relation.astype(np.float64) + chosen  # TP + FN of the first, TP + FP of the second
    return F1Counts(_sums(1.0 * hits, groups, num_groups), _sums(sizes, groups, num_groups))


def relation_counts(true: Ids, predicted: Ids, num_labels: int) -> F1Counts:
    """Return the counts of each relation's own F1.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        num_labels: Number of relations.
    """
    ones = np.ones(len(true))
    sizes = _sums(ones, np.stack([true, predicted]), num_labels)
    return F1Counts(_sums(1.0 * (true == predicted), true, num_labels), sizes)


def f1_replicates(counts: F1Counts, drawn: Iterable[Floats]) -> Floats:
    """Return the (resamples, groups) F1 in blocks of (rows, resamples) weights."""
    return np.concatenate([counts.f1(weights).T for weights in drawn])


def defined_limits(replicates: Floats) -> Floats:
    """Return percentile limits of the resamples in which a score is defined.

    Where these are all alike, as those of three rows that are all right, the bootstrap sees no
    spread although there is some: then the limits are missing, as for a score that is nowhere
    defined.

    Args:
        replicates: (resamples, scores); missing (NaN) where a score is not defined.

    Returns:
        (2, scores): the lower and the upper limit.
    """
    limits = np.full((2, replicates.shape[1]), np.nan)
    for score, values in enumerate(replicates.T):
        defined = values[~np.isnan(values)]
        if len(defined) and defined.min() < defined.max():
            limits[:, score] = percentiles(defined)
    return limits


def _sums(values: NDArray[np.float64], groups: Ids, num_groups: int) -> Any:
    """Sum (rows,) values by (rows,) or (kinds, rows) groups; zeros take no part."""
    groups = np.atleast_2d(groups)[:, values != 0]
    rows = np.tile(np.flatnonzero(values), len(groups))
    values, num_rows = np.tile(values[values != 0], len(groups)), len(values)
    return sums_by_group(groups.ravel(), num_groups, values=values, rows=rows, num_rows=num_rows)
