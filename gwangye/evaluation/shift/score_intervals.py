"""Weighted micro-F1 and AUPRC, each with a bootstrap interval. Scores are percentages (0 to 100).

The metrics are those of :mod:`gwangye.metrics`, in which every row counts with its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from gwangye.errors import DataError
from gwangye.evaluation.shift.f1_replicates import micro_counts, relation_counts
from gwangye.evaluation.shift.precision_recall import areas, curves, mean_areas
from gwangye.evaluation.shift.resampling import (
    Floats,
    Interval,
    basic_limits,
    percentiles,
    resample_counts,
)
from gwangye.evaluation.shift.reweighting import Raking, effective_sample_size
from gwangye.metrics import (
    Ids,
    Probabilities,
    check_ids,
    check_negative,
    check_shape,
    relation_areas,
)


class Replicates(NamedTuple):
    """The scores in each resample, in percent."""

    micro_f1: Floats  # (resamples,)
    auprc: Floats  # (resamples,)
    # (resamples, relations); missing where the resample does not define it: F1 where it holds and
    # predicts the relation nowhere, AUPRC where it does not hold it
    relation_f1: Floats
    relation_auprc: Floats


class ScoreIntervals(NamedTuple):
    """Scores with 95 % intervals, in percent, and how many equally weighted rows they are worth.

    With one seed, two models that predict the same rows have their replicates from the same
    resamples: the differences of their replicates are those of a paired bootstrap.
    """

    micro_f1: Interval
    auprc: Interval
    relation_auprc: Floats  # (relations,); missing for a relation without a row
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

    check_negative(negative_label, labels)
    check_ids(true, len(labels))
    check_ids(predicted, len(labels))
    if len(true) == 0:
        return 0.0
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
    if len(true):
        _check_weights(weights, len(true))
    areas = relation_areas(true, probabilities, weights)
    return float(np.nanmean(areas)) if len(true) else 0.0


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
            (:func:`gwangye.evaluation.shift.resample_counts`).
        limits: "percentile" or "basic"
            (:func:`gwangye.evaluation.shift.resampling.basic_limits`, cut at 0 and 100), for both
            scores.

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
        no_relations = np.zeros((0, len(labels)))
        replicates = Replicates(none, none, no_relations, no_relations)
        undefined = np.full(len(labels), np.nan)
        return ScoreIntervals(unknown, unknown, undefined, 0.0, replicates)
    fixed = weights.weights if isinstance(weights, Raking) else weights
    if fixed is None:
        fixed = np.ones(len(true))
    predicted = probabilities.argmax(axis=1)
    f1 = weighted_micro_f1(true, predicted, labels, negative_label, fixed)
    relation_auprc = relation_areas(true, probabilities, fixed)
    raking = weights if isinstance(weights, Raking) else None
    drawn = (
        counts * fixed[:, None] if raking is None else raking.again(counts)
        for counts in resample_counts(len(true), resamples, seed, groups=groups)
    )
    negative = -1 if negative_label is None else list(labels).index(negative_label)
    replicates = _replicates(drawn, true, probabilities, negative)
    return ScoreIntervals(
        micro_f1=_interval(f1, replicates.micro_f1, limits),
        auprc=_interval(float(np.nanmean(relation_auprc)), replicates.auprc, limits),
        relation_auprc=relation_auprc,
        effective_rows=effective_sample_size(fixed),
        replicates=replicates,
    )


def _replicates(
    drawn: Iterable[Floats], true: Ids, probabilities: Probabilities, negative: int
) -> Replicates:
    """Score blocks of (rows, resamples) weights; ``negative`` is the id left out of micro-F1."""
    predicted = probabilities.argmax(axis=1)
    over_all = micro_counts(true, predicted, negative)
    per_relation = relation_counts(true, predicted, probabilities.shape[1])
    of = curves(true, probabilities)
    f1, relation_f1, area = [], [], []
    for weights in drawn:
        f1.append(np.nan_to_num(over_all.f1(weights)[0]))
        relation_f1.append(per_relation.f1(weights).T)
        area.append(areas(of, weights).T)
    found = np.concatenate(area)  # (resamples, relations that rows have)
    relation_auprc = np.full((len(found), probabilities.shape[1]), np.nan)
    relation_auprc[:, np.unique(true)] = found
    return Replicates(
        np.concatenate(f1), mean_areas(found.T), np.concatenate(relation_f1), relation_auprc
    )


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
