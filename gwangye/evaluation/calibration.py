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
from gwangye.metrics import (
    Ids,
    Probabilities,
    check_labelled,
    check_shape,
    check_weights,
    f1,
    negative_id,
)


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

    Returns:
        One row per point, from the most confident rows to all: coverage (percent kept), rows
        (number kept), threshold (confidence, 0 to 1, of the least confident row kept; rows with at
        least this are kept), micro_f1 and accuracy of the kept rows (percent). Rows of equal
        confidence are kept or left together, so coverage may exceed what was asked, and points that
        keep the same rows stand once. No row: an empty table.

    Raises:
        ParameterError: ``steps`` is below 1.
        DataError: Probabilities, label ids and labels do not fit.

    References:
        Geifman & El-Yaniv 2017, Selective Classification for Deep Neural Networks,
        arXiv 1705.08500; their risk is 100 - accuracy.
    """
    if steps < 1:
        raise ParameterError(f"steps {steps}: there must be at least 1 point.")
    check_shape(true, probabilities, labels)
    negative = negative_id(labels, negative_label)
    confidence, correct, _ = _confidences(probabilities, true, None)
    is_relation = true != negative
    is_answer = probabilities.argmax(axis=1) != negative

    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(correct[order])
    hits = np.cumsum((correct & is_relation)[order])
    sizes = np.cumsum((is_relation.astype(int) + is_answer)[order])  # 2·TP + FP + FN
    wanted = np.unique(-(-np.arange(1, steps + 1) * len(true) // steps)) - 1  # rounded up
    # on to the last row of the same confidence; descending, hence the signs
    ordered = -confidence[order]
    last = np.unique(np.searchsorted(ordered, ordered[wanted[wanted >= 0]], "right") - 1)
    return pd.DataFrame(
        {
            "coverage": 100 * (last + 1) / max(len(true), 1),
            "rows": last + 1,
            "threshold": -ordered[last],
            "micro_f1": np.nan_to_num(f1(hits[last], sizes[last])),
            "accuracy": 100 * right[last] / (last + 1),
        }
    )


def _confidences(
    probabilities: Probabilities, true: Ids, weights: NDArray[np.floating] | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return (rows,) confidence, whether the most probable relation is right, and weight."""
    check_labelled(true, probabilities)
    weight = np.ones(len(true)) if weights is None else np.asarray(weights, dtype=np.float64)
    check_weights(weight, len(true))
    if len(true) == 0:
        return np.zeros(0), np.zeros(0, dtype=bool), weight
    confidence = probabilities.max(axis=1).astype(np.float64)
    return confidence, probabilities.argmax(axis=1) == true, weight
