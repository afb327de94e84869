"""Areas under precision-recall curves for many sets of row weights at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gwangye.evaluation.shift.resampling import Floats, sums_by_group
from gwangye.metrics import Ids, Probabilities


class Curve:
    """The precision-recall curve of one relation, sorted once and weighed as often as needed.

    The area of the trapezoid grows only where recall does: from the threshold before a row of the
    relation to the threshold of that row. So only those thresholds are kept, and the rows between
    two of them are summed into one segment. This makes 1,000 resamples of KLUE-RE's test rows and
    30 relations a matter of seconds.

    Args:
        positive: (rows,) bool: whether the row is of the relation; at least one is.
        scores: (rows,) probabilities of the relation.
    """

    def __init__(self, positive: NDArray[np.bool_], scores: Probabilities) -> None:
        _, place = np.unique(scores, return_inverse=True)
        place = place.max() - place  # 0 for the highest score; rows of one score share a place
        gains = np.unique(place[positive])
        points = np.union1d(gains, gains[gains > 0] - 1)
        segment = np.searchsorted(points, place)
        reached = segment < len(points)  # below the last positive row, recall grows no more
        self.all_rows, self.positive_rows = (
            sums_by_group(segment[rows], len(points), rows=rows, num_rows=len(scores))
            for rows in (np.flatnonzero(reached), np.flatnonzero(positive))
        )

    def areas(self, weights: Floats) -> Floats:
        """Return the area (0 to 1) under each set of weights.

        Args:
            weights: (rows, sets), at least 0.

        Returns:
            (sets,); missing (NaN) where all rows of the relation weigh 0.
        """
        true_positives = np.cumsum(self.positive_rows @ weights, axis=0)  # (points, sets)
        chosen = np.cumsum(self.all_rows @ weights, axis=0)
        total = true_positives[-1]
        # Where no row is chosen yet, the curve is still at its start: recall 0, precision 1.
        precision = np.divide(true_positives, chosen, out=np.ones_like(chosen), where=chosen > 0)
        gain = np.diff(true_positives, axis=0, prepend=0.0)
        before = np.vstack([np.ones((1, weights.shape[1])), precision[:-1]])
        area = (gain * (precision + before)).sum(axis=0) / 2
        areas: Floats = np.divide(area, total, out=np.full_like(total, np.nan), where=total > 0)
        return areas


def curves(true: Ids, probabilities: Probabilities) -> list[Curve]:
    """Return the curves of the relations that at least one row has.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations).
    """
    return [Curve(true == label, probabilities[:, label]) for label in np.unique(true)]


def areas(of: list[Curve], weights: Floats) -> Floats:
    """Return the area of each relation, in percent, under each set of weights.

    Args:
        of: From :func:`curves`.
        weights: (rows, sets), at least 0.

    Returns:
        (curves, sets); missing (NaN) where all rows of the relation weigh 0.
    """
    each = [100 * curve.areas(weights) for curve in of]
    return np.stack(each) if each else np.zeros((0, weights.shape[1]))


def mean_areas(each: Floats) -> Floats:
    """Return the mean of :func:`areas` over relations.

    Args:
        each: (curves, sets).

    Returns:
        (sets,): the mean over the relations of which a row weighs more than 0; 0 where none does.
    """
    count = (~np.isnan(each)).sum(axis=0)
    means: Floats = np.nan_to_num(each).sum(axis=0) / np.maximum(count, 1)
    return means


def mean_area(of: list[Curve], weights: Floats) -> Floats:
    """Return :func:`mean_areas` of these curves under each set of weights, (sets,)."""
    return mean_areas(areas(of, weights))
