"""The paired test, by bootstrap.

Scores and differences are percentages (0 to 100), and a difference is always B minus A.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift.precision_recall import curves, mean_area
from gwangye.evaluation.shift.resampling import percentiles, resample_counts
from gwangye.evaluation.shift.reweighting import effective_sample_size
from gwangye.experiments.comparison.pairs import Pair
from gwangye.experiments.comparison.results import Comparison, Difference
from gwangye.metrics import check_ids, check_probabilities, check_weights, f1

Floats = NDArray[np.float64]

SIGNIFICANCE = 0.05
"""Two models are told apart where p is below this and the 95 % interval leaves out 0."""


def compare(
    pair: Pair,
    *,
    weights: NDArray[np.floating] | None = None,
    resamples: int = 10_000,
    auprc_resamples: int = 1_000,
    seed: int = 0,
    min_rows: int = 20,
) -> Comparison:
    """Test the difference between two models by a paired bootstrap.

    Each resample draws as many rows as there are, with replacement, and the same ones for A and B;
    the interval holds the middle 95 % of the resampled differences (percentile interval). With
    ``d`` the difference found and ``d*`` a resampled one::

        p = (1 + number of resamples with |d* - d| >= |d|) / (1 + resamples)

    that is: were there no difference, and the resampled ones scattered around 0 as they do around
    ``d``, how often would one be at least as large as ``d``, on either side. The 1 counts the
    observed one among the resamples, so p is never 0. Equal models have p = 1.

    Micro-F1 is that of :func:`gwangye.metrics.micro_f1`, AUPRC that of
    :func:`gwangye.metrics.auprc`; a relation that a resample does not hold is left out of its mean.
    A relation's F1 is 0 in a resample that holds and predicts it nowhere.

    Args:
        pair: The predictions.
        weights: (rows,), not negative, as from re-weighting; they stay fixed over the resamples.
        resamples: Resamples of micro-F1 and of each relation's F1.
        auprc_resamples: Resamples of AUPRC, which is slower; 0 leaves it out.
        seed: Seed of the resamples.
        min_rows: A relation of fewer rows is marked and not tested; with fewer rows in all, nothing
            is told apart, since the bootstrap is too sure of itself there.

    Raises:
        ParameterError: A number of resamples is out of range.
        DataError: There is no row, or the rows and weights do not fit.

    References:
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile interval) and
        16 (tests). Koehn 2004, Statistical Significance Tests for Machine Translation Evaluation,
        EMNLP: paired, but counts d* <= 0 on one side; centred as in Riezler & Maxwell 2005, On Some
        Pitfalls in Automatic Evaluation and Significance Testing for MT. Phipson & Smyth 2010,
        Permutation P-values Should Never Be Zero, arXiv 1603.05766. Holm 1979, A Simple
        Sequentially Rejective Multiple Test Procedure.
    """
    if resamples < 1 or auprc_resamples < 0:
        raise ParameterError(
            f"{resamples=}, {auprc_resamples=}: there must be at least 1, and 0 or more for AUPRC."
        )
    weight, rows = _checked_weights(pair, weights), len(pair.true)
    counts = _outcomes(pair, weight)
    found = _f1(counts.sum(axis=0), pair)
    drawn = [_f1(block.T @ counts, pair) for block in resample_counts(rows, resamples, seed)]
    drawn_micro = np.concatenate([block.micro for block in drawn])
    enough = rows >= max(min_rows, 2)
    area = None
    if auprc_resamples:
        area = _difference("AUPRC", *_auprc(pair, weight, auprc_resamples, seed), enough=enough)
    return Comparison(
        names=pair.names,
        part=pair.part,
        rows=rows,
        effective_rows=effective_sample_size(weight),
        left_out=pair.left_out,
        unlabelled=pair.unlabelled,
        min_rows=min_rows,
        resamples=resamples,
        auprc_resamples=auprc_resamples,
        seed=seed,
        micro_f1=_difference("micro-F1", found.micro[0], drawn_micro, enough=enough),
        auprc=area,
        per_relation=_per_relation(
            pair, found.relations[0], np.concatenate([b.relations for b in drawn]), min_rows, enough
        ),
    )


def holm(p: Floats) -> Floats:
    """Correct p for the number of tests, so that the chance of any false find stays what it was.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none is below one before it.

    Args:
        p: (tests,), 0 to 1.

    Returns:
        (tests,) corrected p, at most 1.

    References:
        Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Statistics 6.
    """
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(corrected, 1.0)


def _checked_weights(pair: Pair, weights: NDArray[np.floating] | None) -> Floats:
    """Check the rows and their weights; return the weights, 1 where there are none."""
    rows = len(pair.true)
    if rows == 0:
        raise DataError("There is no row to compare the models on.")
    if pair.probabilities.shape != (2, rows, len(pair.labels)):
        raise DataError(
            f"Probabilities have shape {pair.probabilities.shape}; with {rows} rows and "
            f"{len(pair.labels)} relations it must be (2, {rows}, {len(pair.labels)})."
        )
    check_ids(pair.true, len(pair.labels))
    for probabilities in pair.probabilities:
        check_probabilities(probabilities)
    weight = np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64)
    check_weights(weight, rows)
    return weight


def _outcomes(pair: Pair, weights: Floats) -> Floats:
    """Return (rows, 5 · relations) weight of rows per relation.

    The five: it is the true one; A chooses it; A rightly; B chooses it; B rightly.
    """
    rows = np.arange(len(pair.true))
    table = np.zeros((len(rows), 5, len(pair.labels)))
    table[rows, 0, pair.true] = weights
    for model, probabilities in enumerate(pair.probabilities):
        chosen = probabilities.argmax(axis=1)
        table[rows, 1 + 2 * model, chosen] = weights
        table[rows, 2 + 2 * model, chosen] = np.where(chosen == pair.true, weights, 0.0)
    return table.reshape(len(rows), -1)


class _F1(NamedTuple):
    """F1 of A and B in each resample, percent."""

    micro: Floats  # (resamples, 2)
    relations: Floats  # (resamples, 2, relations)


def _f1(counts: Floats, pair: Pair) -> _F1:
    """Return the F1 of (resamples, 5 · relations) counts, or of one such row."""
    relations = len(pair.labels)
    table = counts.reshape(-1, 5, relations)
    positive = np.array([label != pair.negative_label for label in pair.labels])
    chosen, right = table[:, [1, 3]], table[:, [2, 4]]
    sizes = table[:, [0]] + chosen  # 2·TP + FP + FN
    micro_right, micro_sizes = (of[..., positive].sum(axis=2) for of in (right, sizes))
    return _F1(
        micro=np.nan_to_num(f1(micro_right, micro_sizes)),
        relations=np.nan_to_num(f1(right, sizes)),
    )


def _difference(metric: str, found: Floats, drawn: Floats, *, enough: bool) -> Difference:
    """Make a difference of (2,) scores and their (resamples, 2) resampled ones."""
    low, high, p = (
        float(value) for value in bootstrap_test(found[1] - found[0], drawn[:, 1] - drawn[:, 0])
    )
    return Difference(
        metric=metric,
        a=float(found[0]),
        b=float(found[1]),
        difference=float(found[1] - found[0]),
        low=low,
        high=high,
        p=p,
        told_apart=enough and bool(_apart(p, low, high)),
    )


def bootstrap_test(difference: Any, drawn: Floats) -> tuple[Any, Any, Any]:
    """Return the 95 % interval and p of a difference, or of (relations,) differences.

    See :func:`compare` for both.

    Args:
        difference: A number or (relations,).
        drawn: (resamples,) or (resamples, relations): the difference in each resample.
    """
    low, high = percentiles(drawn)
    # the small amount lets d* = 0 and d* = 2d count whatever their rounding
    as_large = np.abs(drawn - difference) >= np.abs(difference) - 1e-9
    return low, high, (1 + as_large.sum(axis=0)) / (1 + len(drawn))


def _apart(p: Any, low: Any, high: Any) -> Any:
    """Return whether both p and the interval say so: of a skewed difference one alone may."""
    return (p < SIGNIFICANCE) & ((low > 0) | (high < 0))


def _per_relation(
    pair: Pair, found: Floats, drawn: Floats, min_rows: int, enough: bool
) -> pd.DataFrame:
    """Return the table of relations from (2, relations) scores and their resampled ones."""
    rows = np.bincount(pair.true, minlength=len(pair.labels))
    difference = found[1] - found[0]
    low, high, p = bootstrap_test(difference, drawn[:, 1] - drawn[:, 0])
    tested = (rows >= max(min_rows, 1)) & enough
    p = np.where(tested, p, np.nan)
    corrected = np.full(len(p), np.nan)
    corrected[tested] = holm(p[tested])
    absent = np.where(rows > 0, 0.0, np.nan)  # added, makes what is undefined missing
    return pd.DataFrame(
        {
            "relation": list(pair.labels),
            "rows": rows,
            "few_rows": rows < min_rows,
            "a": found[0] + absent,
            "b": found[1] + absent,
            "difference": difference + absent,
            "low": low + absent,
            "high": high + absent,
            "p": p,
            "p_holm": corrected,
            "told_apart": _apart(corrected, low, high),  # False where p is missing
        }
    )


def _auprc(pair: Pair, weights: Floats, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Return (2,) AUPRC and its (resamples, 2) resampled values, percent."""
    models = [curves(pair.true, model) for model in pair.probabilities]

    def areas(counts: Floats) -> Floats:
        """Return the (some resamples, 2) AUPRC of (rows, some resamples) counts."""
        weighted = counts * weights[:, None]
        return np.stack([mean_area(model, weighted) for model in models], axis=1)

    found = areas(np.ones((len(weights), 1)))[0]
    blocks = resample_counts(len(weights), resamples, seed)
    return found, np.concatenate([areas(block) for block in blocks])
