"""Calibration: does a confidence of 80 % mean that 80 of 100 such rows are right?

The *confidence* of a row is the probability of its most probable relation, 0 to 1. Shares, scores
and errors are percentages (0 to 100), as in :mod:`gwangye.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError
from gwangye.metrics import Ids, Probabilities, check_ids, check_probabilities, check_shape

TEMPERATURES = (0.05, 20.0)
"""Lowest and highest temperature that is fitted."""

# Prediction tables hold float32: a probability of 0 is one below its smallest normal number.
_SMALLEST = float(np.finfo(np.float32).tiny)


def fit_temperature(probabilities: Probabilities, true: Ids) -> float:
    """Fit the temperature that minimises the cross entropy of the labelled rows.

    ``loss(T) = -mean(log softmax(log p / T)[true])``. A temperature above 1 makes the model less
    sure, one below 1 surer. The loss is convex in 1/T, so there is one optimum; it is where the
    mean log probability under the scaled model equals that of the true relations.

    Where nothing can be learnt the temperature is 1: that is so if no row has a relation more
    probable than the true one (all rows right, or all relations equally probable), since the loss
    then falls with T to the end and would make the model certain. A model that is worse than
    chance gets the highest of :data:`TEMPERATURES`.

    Args:
        probabilities: (rows, relations), each row summing to 1; rows the model was not trained on.
        true: (rows,) label ids.

    Returns:
        The temperature, within :data:`TEMPERATURES`.

    Raises:
        DataError: There is no row, or the rows are not probabilities and label ids that fit.

    References:
        Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv 1706.04599. They scale
        logits; log probabilities give the same softmax, and ensembles have no logits.
    """
    from scipy.optimize import brentq
    from scipy.special import softmax

    _check(probabilities, true)
    if len(true) == 0:
        raise DataError("A temperature cannot be fitted: there are no labelled validation rows.")
    logits = _logits(probabilities)
    of_true = logits[np.arange(len(true)), true]
    if (of_true >= logits.max(axis=1)).all():
        return 1.0

    def slope(inverse: float) -> float:
        """Return the derivative of the loss by 1/T; it rises with 1/T."""
        expected = (softmax(inverse * logits, axis=1) * logits).sum(axis=1)
        return float((expected - of_true).mean())

    lowest, highest = TEMPERATURES
    if slope(1 / highest) >= 0:
        return highest
    if slope(1 / lowest) <= 0:
        return lowest
    return float(1 / brentq(slope, 1 / highest, 1 / lowest, xtol=1e-12))


def apply_temperature(probabilities: Probabilities, temperature: float) -> NDArray[np.float64]:
    """Scale probabilities: ``softmax(log p / T)``; T = 1 changes nothing.

    The order of a row's relations stays, so predicted relations, micro-F1 and accuracy do too.
    AUPRC may change a little: it ranks rows, and those change places. A probability of 0 counts as
    the smallest float32, 1.2e-38.

    Args:
        probabilities: (rows, relations), each row summing to 1.
        temperature: Above 0; from :func:`fit_temperature`.

    Returns:
        (rows, relations), each row summing to 1.

    Raises:
        ParameterError: ``temperature`` is not a number above 0.
        DataError: The rows of ``probabilities`` are not probabilities.

    References:
        Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv 1706.04599.
    """
    from scipy.special import softmax

    if not (np.isfinite(temperature) and temperature > 0):
        raise ParameterError(f"temperature {temperature}: it must be a number above 0.")
    check_probabilities(probabilities)
    if temperature == 1 or probabilities.size == 0:
        return np.array(probabilities, dtype=np.float64)
    return np.asarray(softmax(_logits(probabilities) / temperature, axis=1))


def reliability(
    probabilities: Probabilities,
    true: Ids,
    *,
    num_bins: int = 15,
    weights: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """Sort rows into bins of equal width by confidence, and see how many of each bin are right.

    Args:
        probabilities: (rows, relations), each row summing to 1.
        true: (rows,) label ids.
        num_bins: Bins between 0 and 100 %; a confidence on an edge belongs to the bin below it.
        weights: (rows,), not negative; None: every row counts the same.

    Returns:
        One row per bin: lower, upper (percent, its edges), rows (number, unweighted), share
        (percent of the weight), confidence and accuracy (percent, weighted means; missing where the
        bin has no weight).

    Raises:
        ParameterError: ``num_bins`` is below 1.
        DataError: Probabilities, label ids and weights do not fit.

    References:
        Guo et al. 2017, arXiv 1706.04599 (reliability diagram).
    """
    if num_bins < 1:
        raise ParameterError(f"num_bins {num_bins}: there must be at least 1 bin.")
    confidence, correct, weight = _confidences(probabilities, true, weights)
    edges = np.arange(num_bins + 1) / num_bins
    place = np.digitize(confidence, edges[1:-1], right=True)
    totals = np.bincount(place, weight, num_bins)
    filled = np.where(totals > 0, totals, np.nan)
    return pd.DataFrame(
        {
            "lower": 100 * edges[:-1],
            "upper": 100 * edges[1:],
            "rows": np.bincount(place, minlength=num_bins),
            "share": 100 * totals / max(totals.sum(), np.finfo(np.float64).tiny),
            "confidence": 100 * np.bincount(place, weight * confidence, num_bins) / filled,
            "accuracy": 100 * np.bincount(place, weight * correct, num_bins) / filled,
        }
    )


def expected_calibration_error(
    probabilities: Probabilities,
    true: Ids,
    *,
    num_bins: int = 15,
    weights: NDArray[np.floating] | None = None,
) -> float:
    """Mean distance between confidence and accuracy, over the bins of :func:`reliability`.

    ``ECE = sum over bins of share · |accuracy - confidence|``. It looks at the most probable
    relation only, and depends on ``num_bins``: compare figures of the same number of bins.

    Args:
        probabilities: (rows, relations), each row summing to 1.
        true: (rows,) label ids.
        num_bins: Bins of equal width between 0 and 100 %.
        weights: (rows,), not negative; None: every row counts the same.

    Returns:
        Percent, 0 (calibrated) to 100.

    Raises:
        ParameterError: ``num_bins`` is below 1.
        DataError: There is no row, or probabilities, label ids and weights do not fit.

    References:
        Naeini et al. 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI;
        15 bins as in Guo et al. 2017, arXiv 1706.04599.
    """
    table = reliability(probabilities, true, num_bins=num_bins, weights=weights)
    if table["rows"].sum() == 0:
        raise DataError("There is no row: 0 would mean well calibrated. Leave the part out.")
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return float((table["share"] / 100 * gaps).sum())


def risk_coverage(
    probabilities: Probabilities,
    true: Ids,
    labels: Sequence[str],
    negative_label: str | None,
    *,
    steps: int = 100,
    weights: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """Score the rows a model is most sure of, for ever more of them.

    Abstaining on a row is not predicting the negative relation: the row is left out of the score
    altogether, neither a miss nor a hit, whatever its true relation is. So micro-F1 here answers
    "how good are the answers that are given", and must be read beside the coverage.

    Args:
        probabilities: (rows, relations), each row summing to 1.
        true: (rows,) label ids.
        labels: Relation names in label order.
        negative_label: The relation left out of micro-F1, or None.
        steps: Points of the curve: coverages of at least 100/steps, 200/steps, ..., 100 percent.
        weights: (rows,), not negative; None: every row counts the same. Coverage is then the share
            of the weight.

    Returns:
        One row per point, from the most confident rows to all: coverage (percent kept), rows
        (number kept), threshold (confidence, 0 to 1, of the least confident row kept; rows with at
        least this are kept), micro_f1 and accuracy of the kept rows (percent). Rows of equal
        confidence are kept or left together, so coverage may exceed what was asked, and points that
        keep the same rows stand once. No row: an empty table.

    Raises:
        ParameterError: ``steps`` is below 1.
        DataError: Probabilities, label ids, labels and weights do not fit.

    References:
        Geifman & El-Yaniv 2017, Selective Classification for Deep Neural Networks,
        arXiv 1705.08500; their risk is 100 - accuracy.
    """
    if steps < 1:
        raise ParameterError(f"steps {steps}: there must be at least 1 point.")
    check_shape(true, probabilities, labels)
    if negative_label is not None and negative_label not in labels:
        raise DataError(f"negative label '{negative_label}' is not one of the relations.")
    confidence, correct, weight = _confidences(probabilities, true, weights)
    negative = labels.index(negative_label) if negative_label is not None else -1
    is_relation = true != negative
    is_answer = probabilities.argmax(axis=1) != negative

    order = np.argsort(-confidence, kind="stable")
    kept = np.cumsum(weight[order])  # weight of the first row, of the first two, ...
    right = np.cumsum((weight * correct)[order])
    hits = np.cumsum((weight * (correct & is_relation))[order])
    sizes = np.cumsum((weight * (is_relation.astype(int) + is_answer))[order])  # 2TP + FP + FN

    total = kept[-1] if len(kept) else 0.0
    wanted = np.arange(1, steps + 1) / steps * total
    # the small amount lets 0.07 · 100 rows be 7 rows, whatever its rounding
    needed = np.searchsorted(kept, wanted - 1e-9 * total) if total else np.array([], dtype=np.int64)
    # on to the last row of the same confidence; descending, hence the signs
    last = np.unique(np.searchsorted(-confidence[order], -confidence[order][needed], "right") - 1)
    return pd.DataFrame(
        {
            "coverage": 100 * kept[last] / (total or 1.0),
            "rows": last + 1,
            "threshold": confidence[order][last],
            "micro_f1": 200 * hits[last] / np.where(sizes[last] > 0, sizes[last], 1),
            "accuracy": 100 * right[last] / kept[last],
        }
    )


def _confidences(
    probabilities: Probabilities, true: Ids, weights: NDArray[np.floating] | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return (rows,) confidence, whether the most probable relation is right, and weight."""
    _check(probabilities, true)
    weight = np.ones(len(true)) if weights is None else np.asarray(weights, dtype=np.float64)
    check_weights(weight, len(true))
    if len(true) == 0:
        return np.zeros(0), np.zeros(0, dtype=bool), weight
    confidence = probabilities.max(axis=1).astype(np.float64)
    return confidence, probabilities.argmax(axis=1) == true, weight


def check_weights(weights: NDArray[np.floating], num_rows: int) -> None:
    """Check that there is a usable weight per row.

    Raises:
        DataError: There is another number of weights than of rows, one is negative or missing, or
            all are 0.
    """
    if weights.shape != (num_rows,):
        raise DataError(f"Weights have shape {weights.shape}; give one per row: ({num_rows},).")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError("A row's weight is negative or no number. Weights are 0 or more.")
    if num_rows and weights.sum() == 0:
        raise DataError("All weights are 0, so that no row counts. One must be above 0.")


def _check(probabilities: Probabilities, true: Ids) -> None:
    if probabilities.ndim != 2 or len(probabilities) != len(true):
        raise DataError(
            f"Probabilities have shape {probabilities.shape}, but there are {len(true)} labelled "
            "rows. Give one row of probabilities per label."
        )
    check_ids(true, probabilities.shape[1])
    check_probabilities(probabilities)


def _logits(probabilities: Probabilities) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _SMALLEST))
