"""Temperature scaling: one number that makes a model as sure as it is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError
from gwangye.metrics import Ids, Probabilities, check_labelled, check_probabilities

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

    check_labelled(true, probabilities)
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


def _logits(probabilities: Probabilities) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _SMALLEST))
