"""Weighted micro-F1 and AUPRC, each with a bootstrap interval. Scores are percentages (0 to 100).

The metrics are those of :mod:`gwangye.metrics`, in which every row counts with its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

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
from gwangye.metrics import Ids, Probabilities, check_labelled, check_shape, negative_id


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


def score_intervals(
    true: Ids,
    probabilities: Probabilities,
    labels: Sequence[str],
    negative_label: str | None,
    *,
    resamples: int,
    seed: int,
    weights: Raking | None = None,
) -> ScoreIntervals:
    """Score one set of predictions; the most probable relation is predicted.

    Rows are drawn with replacement; an interval holds the middle 95 % of the resamples' scores
    (the percentile bootstrap). A relation that a resample has no row of is left out of its AUPRC.

    AUPRC is too high where relations have few rows, and higher still in resamples of them. So
    where weights make few rows count, its interval is the basic one: the percentiles mirrored at
    the score. Of 150 simulated samples of 800 rows, raked to 131 effective ones, the percentile
    interval of AUPRC held the true value in 72 %, the basic one in 92 %; that of micro-F1 in 92
    and 93 %.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        labels: Relation names in label order.
        negative_label: The relation left out of micro-F1, or None.
        resamples: Number of resamples, at least 1; 1,000 is common.
        seed: Seed of the resamples.
        weights: A raking of these rows. Every resample is raked anew, as a new sample would be:
            with fixed weights, resamples miss the known target by chance, and the interval leaves
            out that other rows would have had other weights. None weighs all rows alike.

    Returns:
        The scores of the rows themselves with their intervals. No rows: score 0, as in
        :mod:`gwangye.metrics`, and the interval 0 to 100, since nothing is known.

    Raises:
        DataError: ``probabilities`` are not probabilities or have another shape; an id is not one
            of a label; ``negative_label`` is not among ``labels``.
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
    check_labelled(true, probabilities)
    fixed = np.ones(len(true)) if weights is None else weights.weights
    drawn = resample_counts(len(true), resamples, seed)
    scorer = _Scorer(true, probabilities, negative_id(labels, negative_label))
    own = scorer.scores([fixed[:, None]])
    found = scorer.scores(drawn if weights is None else map(weights.again, drawn))
    area = float(own.auprc[0])
    limits = percentiles(found.auprc)
    if weights is not None:
        limits = np.clip(basic_limits(area, found.auprc), 0, 100)
    return ScoreIntervals(
        micro_f1=Interval(float(own.micro_f1[0]), *percentiles(found.micro_f1).tolist()),
        auprc=Interval(area, *limits.tolist()),
        relation_auprc=own.relation_auprc[0],
        effective_rows=effective_sample_size(fixed),
        replicates=found,
    )


class _Scorer:
    """Scores the same predictions under many sets of row weights.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations).
        negative: The label id left out of micro-F1; -1 for none.
    """

    def __init__(self, true: Ids, probabilities: Probabilities, negative: int) -> None:
        predicted = probabilities.argmax(axis=1)
        self.present, self.num_labels = np.unique(true), probabilities.shape[1]
        self.micro = micro_counts(true, predicted, negative)
        self.per_relation = relation_counts(true, predicted, self.num_labels)
        self.curves = curves(true, probabilities)

    def scores(self, weights: Iterable[Floats]) -> Replicates:
        """Return the scores under blocks of (rows, sets) weights."""
        micro, relations, found = [], [], []
        for block in weights:
            micro.append(np.nan_to_num(self.micro.f1(block)[0]))
            relations.append(self.per_relation.f1(block).T)
            found.append(areas(self.curves, block).T)
        of_present = np.concatenate(found)  # (sets, relations that rows have)
        auprc = np.full((len(of_present), self.num_labels), np.nan)
        auprc[:, self.present] = of_present
        means = mean_areas(of_present.T)
        return Replicates(np.concatenate(micro), means, np.concatenate(relations), auprc)
