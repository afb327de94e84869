"""Weighted micro-F1 and AUPRC, each with a bootstrap interval. Scores are percentages (0 to 100).

The metrics are those of :mod:`gwangye.metrics`, in which every row counts with its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from gwangye.errors import DataError
from gwangye.metrics import Ids, Probabilities, auprc, check_shape, micro_f1
from gwangye.shift.precision_recall import curves, mean_area
from gwangye.shift.resampling import (
    Floats,
    Interval,
    basic_limits,
    percentiles,
    resample_counts,
)
from gwangye.shift.reweighting import Raking, effective_sample_size


class Replicates(NamedTuple):
    """The scores in each resample, (resamples,) each, in percent."""

    micro_f1: Floats
    auprc: Floats


class ScoreIntervals(NamedTuple):
    """Scores with 95 % intervals, in percent, and how many equally weighted rows they are worth.

    With one seed, two models that predict the same rows have their replicates from the same
    resamples: the differences of their replicates are those of a paired bootstrap.
    """

    micro_f1: Interval
    auprc: Interval
    effective_rows: float
    replicates: Replicates


def weighted_micro_f1(
    true: Ids, predicted: Ids, labels: Sequence[str], negative_label: str | None, weights: Floats
) -> float:
    """Compute :func:`gwangye.metrics.micro_f1` with weighted rows; equal to it with unit weights.

    ``F1 = 2·TP / (2·TP + FP + FN)`` over all relations but the negative one, each count a sum of
    weights. A relation predicted for a negative row is a false positive.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        labels: Relation names in label order.
        negative_label: The relation left out of the average, or None to average over all.
        weights: (rows,), at least 0.

    Returns:
        Percent; 0 where no positive relation is true or predicted.

    Raises:
        DataError: As :func:`gwangye.metrics.micro_f1`; or weights are negative, not finite, all 0
            or not one per row.
    """
    from sklearn.metrics import f1_score

    unweighted = micro_f1(true, predicted, labels, negative_label)  # checks ids and the labels
    if len(true) == 0:
        return unweighted
    _check_weights(weights, len(true))
    positive = [i for i, label in enumerate(labels) if label != negative_label]
    return 100 * float(
        f1_score(
            true,
            predicted,
            labels=positive,
            average="micro",
            zero_division=0.0,
            sample_weight=weights,
        )
    )


def weighted_auprc(true: Ids, probabilities: Probabilities, weights: Floats) -> float:
    """Compute :func:`gwangye.metrics.auprc` with weighted rows; equal to it with unit weights.

    The area of the trapezoid under each relation's precision-recall curve, whose counts are sums
    of weights; the plain mean over all relations of which a row weighs more than 0.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        weights: (rows,), at least 0.

    Returns:
        Percent; 0 for no rows.

    Raises:
        DataError: As :func:`gwangye.metrics.auprc`; or weights are negative, not finite, all 0 or
            not one per row.
    """
    from sklearn.metrics import auc, precision_recall_curve

    unweighted = auprc(true, probabilities)  # checks ids and probabilities
    if len(true) == 0:
        return unweighted
    _check_weights(weights, len(true))
    areas = []
    for label in np.unique(true[weights > 0]):
        precision, recall, _ = precision_recall_curve(
            true == label, probabilities[:, label], sample_weight=weights
        )
        areas.append(100 * auc(recall, precision))
    return float(np.mean(areas))


def score_intervals(
    true: Ids,
    probabilities: Probabilities,
    labels: Sequence[str],
    negative_label: str | None,
    *,
    resamples: int,
    seed: int,
    weights: Floats | Raking | None = None,
    groups: Sequence[Any] | None = None,
    limits: Literal["percentile", "basic"] = "percentile",
) -> ScoreIntervals:
    """Score one set of predictions; the most probable relation is predicted.

    Rows are drawn with replacement; an interval holds the middle 95 % of the resamples' scores
    (the percentile bootstrap), or that mirrored at the score (the basic one). A relation that a
    resample has no row of is left out of its AUPRC.

    AUPRC is too high where relations have few rows, and higher still in resamples of them: take
    "basic" for it where weights make few rows count. Of 150 simulated samples of 800 rows, raked
    to 131 effective ones, the percentile interval of AUPRC held the true value in 72 %, the basic
    one in 92 %; that of micro-F1 in 92 and 93 %.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        labels: Relation names in label order.
        negative_label: The relation left out of micro-F1, or None.
        resamples: Number of resamples, at least 1; 1,000 is common.
        seed: Seed of the resamples.
        weights: (rows,) weights, at least 0, which a row keeps in every resample. Or a raking of
            these rows: every resample is then raked anew, as a new sample would be. That is the
            width to show: with fixed weights, resamples miss the known target by chance, so the
            interval may be too wide, and it leaves out that other rows would have had other
            weights. None weighs all rows alike.
        groups: (rows,) group of each row; rows of a group are drawn together
            (:func:`gwangye.shift.resample_counts`).
        limits: "percentile" or "basic" (:func:`gwangye.shift.resampling.basic_limits`, cut at 0
            and 100), for both scores.

    Returns:
        The scores of the rows themselves with their intervals. No rows: score 0, as in
        :mod:`gwangye.metrics`, and the interval 0 to 100, since nothing is known.

    Raises:
        DataError: ``probabilities`` are not probabilities or have another shape; an id is not one
            of a label; ``negative_label`` is not among ``labels``; weights are negative, not
            finite, all 0 or not one per row; there are not as many groups as rows.
        ParameterError: ``resamples`` is below 1.

    References:
        Efron 1979, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7;
        re-weighting each resample: Rao, Wu and Yue 1992, Survey Methodology 18.
    """
    check_shape(true, probabilities, labels)
    if len(true) == 0:
        unknown, none = Interval(0.0, 0.0, 100.0), np.zeros(0)
        return ScoreIntervals(unknown, unknown, 0.0, Replicates(none, none))
    fixed = weights.weights if isinstance(weights, Raking) else weights
    if fixed is None:
        fixed = np.ones(len(true))
    predicted = probabilities.argmax(axis=1)
    f1 = weighted_micro_f1(true, predicted, labels, negative_label, fixed)
    area = weighted_auprc(true, probabilities, fixed)
    raking = weights if isinstance(weights, Raking) else None
    drawn = (
        counts * fixed[:, None] if raking is None else raking.again(counts)
        for counts in resample_counts(len(true), resamples, seed, groups=groups)
    )
    negative = -1 if negative_label is None else list(labels).index(negative_label)
    replicates = _replicates(drawn, true, probabilities, negative)
    return ScoreIntervals(
        micro_f1=_interval(f1, replicates.micro_f1, limits),
        auprc=_interval(area, replicates.auprc, limits),
        effective_rows=effective_sample_size(fixed),
        replicates=replicates,
    )


def _replicates(
    drawn: Iterable[Floats], true: Ids, probabilities: Probabilities, negative: int
) -> Replicates:
    """Score blocks of (rows, resamples) weights; ``negative`` is the id left out of micro-F1."""
    predicted = probabilities.argmax(axis=1)
    is_relation, chosen = true != negative, predicted != negative
    hits = is_relation & (true == predicted)
    # 2·TP, and 2·TP + FP + FN: the rows of a relation and those for which one is predicted
    parts = np.stack([2 * hits, is_relation.astype(int) + chosen]).astype(np.float64)  # (2, rows)
    of = curves(true, probabilities)
    f1, area = [], []
    for weights in drawn:
        above, below = parts @ weights
        f1.append(100 * np.divide(above, below, out=np.zeros_like(above), where=below > 0))
        area.append(mean_area(of, weights))
    return Replicates(np.concatenate(f1), np.concatenate(area))


def _interval(value: float, replicates: Floats, limits: str) -> Interval:
    found = percentiles(replicates) if limits == "percentile" else basic_limits(value, replicates)
    low, high = np.clip(found, 0, 100).tolist()
    return Interval(value, low, high)


def _check_weights(weights: Floats, num_rows: int) -> None:
    if weights.shape != (num_rows,):
        raise DataError(
            f"Weights have shape {weights.shape}, but there are {num_rows} rows; give one per row."
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights > 0).any():
        raise DataError(
            f"Weights must be finite, at least 0 and not all 0; they go from {weights.min():.3g} "
            f"to {weights.max():.3g}."
        )
