"""Temperatures that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.calibration import expected_calibration_error
from gwangye.model.temperature import apply_temperature, fit_temperature


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def constant(*row: float, times: int) -> np.ndarray:
    return np.tile(row, (times, 1))


# All rows say (p, 1 - p), and a share of them is right: the best scaled p is that share, so
# (p / (1 - p)) ** (1 / T) = share / (1 - share).
CLOSED_FORM = {
    # 9 ** (1/T) = 3, so T = 2: says 90 %, is right in 3 of 4
    "too sure": ((0.9, 0.1), ids(0, 0, 0, 1), 2.0),
    # 3 ** (1/T) = 9: says 75 %, is right in 9 of 10
    "not sure enough": ((0.75, 0.25), ids(0, 0, 0, 0, 0, 1, 0, 0, 0, 0), 0.5),
    "just right": ((0.75, 0.25), ids(0, 1, 0, 0), 1.0),
}


@pytest.mark.parametrize(("row", "true", "expected"), CLOSED_FORM.values(), ids=list(CLOSED_FORM))
def test_temperature(row: tuple[float, float], true: np.ndarray, expected: float) -> None:
    assert fit_temperature(constant(*row, times=len(true)), true) == pytest.approx(expected)


NOTHING_TO_LEARN = {
    "all right": (np.array([[0.6, 0.4], [0.3, 0.7]]), ids(0, 1)),
    "one row, right": (np.array([[0.6, 0.4]]), ids(0)),
    "all relations equally probable": (np.full((3, 3), 1 / 3), ids(0, 1, 1)),
    "equally probable, as float32": (np.full((3, 30), 1 / 30, dtype=np.float32), ids(0, 1, 1)),
    "one relation": (np.ones((2, 1)), ids(0, 0)),
}


@pytest.mark.parametrize(
    ("probabilities", "true"), NOTHING_TO_LEARN.values(), ids=list(NOTHING_TO_LEARN)
)
def test_temperature_is_1_where_nothing_can_be_learnt(
    probabilities: np.ndarray, true: np.ndarray
) -> None:
    assert fit_temperature(probabilities, true) == 1.0


def test_temperature_of_a_constant_predictor() -> None:
    """Over several relations: the expected log probability becomes that of the true ones."""
    probabilities, true = constant(0.7, 0.2, 0.1, times=4), ids(0, 1, 2, 0)
    temperature = fit_temperature(probabilities, true)
    scaled = apply_temperature(probabilities, temperature)[0]
    logs = np.log([0.7, 0.2, 0.1])
    assert scaled @ logs == pytest.approx(logs @ [1 / 2, 1 / 4, 1 / 4])
    assert temperature > 1


def test_temperature_stays_in_bounds() -> None:
    # worse than chance: the loss falls towards T = infinity
    assert fit_temperature(np.array([[0.6, 0.4]]), ids(1)) == 20.0
    # (50.01 / 49.99) ** (1/T) = 9 would need T = 0.0002
    almost_even = constant(0.5001, 0.4999, times=10)
    assert fit_temperature(almost_even, ids(0, 0, 0, 0, 0, 0, 0, 0, 0, 1)) == 0.05


def test_temperature_finds_the_one_that_was_planted() -> None:
    generator = np.random.default_rng(3)
    logits = 2 * generator.normal(size=(5000, 6))
    chances = softmax(logits)
    true = np.array([generator.choice(6, p=row) for row in chances])
    # sd of the estimate about 0.02
    assert fit_temperature(chances, true) == pytest.approx(1.0, abs=0.06)
    assert fit_temperature(softmax(1.65 * logits), true) == pytest.approx(1.65, abs=0.1)


def test_temperature_mends_calibration_and_leaves_the_answers() -> None:
    generator = np.random.default_rng(4)
    logits = 2 * generator.normal(size=(2000, 6))
    true = np.array([generator.choice(6, p=row) for row in softmax(logits)])
    sure = softmax(3 * logits)
    scaled = apply_temperature(sure, fit_temperature(sure, true))
    assert expected_calibration_error(sure, true) > 15
    assert expected_calibration_error(scaled, true) < 5
    np.testing.assert_array_equal(np.argsort(scaled, axis=1), np.argsort(sure, axis=1))
    np.testing.assert_allclose(scaled.sum(axis=1), 1)


def test_temperature_needs_rows_and_labels() -> None:
    with pytest.raises(DataError, match="cannot be fitted: there are no labelled validation rows"):
        fit_temperature(np.zeros((0, 3)), ids())
    with pytest.raises(DataError, match=r"Row 1 has label id -1; allowed: 0 to 1"):
        fit_temperature(constant(0.5, 0.5, times=2), ids(0, -1))
    with pytest.raises(DataError, match=r"shape \(2, 2\), but there are 3 labelled rows"):
        fit_temperature(constant(0.5, 0.5, times=2), ids(0, 1, 0))
    with pytest.raises(DataError, match="Row 0 holds no probabilities"):
        fit_temperature(np.array([[5.0, 6.0]]), ids(0))


def test_zeros_are_survived() -> None:
    """Certain and wrong in one row of ten: exp(87.3 / T) = 9 would need T = 40."""
    certain = constant(1.0, 0.0, times=10)
    assert fit_temperature(certain, ids(0, 0, 0, 0, 0, 0, 0, 0, 0, 1)) == 20.0
    # 1.2e-38 ** (1/20) = 0.0127 to 1
    np.testing.assert_allclose(apply_temperature(certain, 20.0)[0], [0.98747, 0.01253], atol=1e-5)
    np.testing.assert_array_equal(apply_temperature(certain, 0.05)[0], [1.0, 0.0])


def test_apply_by_hand() -> None:
    # square roots .8 .6 0, scaled to sum 1
    rows = np.array([[0.64, 0.36, 0.0], [0.0, 0.5, 0.5]])
    scaled = apply_temperature(rows, 2.0)
    np.testing.assert_allclose(scaled, [[4 / 7, 3 / 7, 0], [0, 1 / 2, 1 / 2]], atol=1e-12)
    # squares .81 and .01
    np.testing.assert_allclose(apply_temperature(np.array([[0.9, 0.1]]), 0.5), [[81 / 82, 1 / 82]])


def test_apply_temperature_1_is_the_identity() -> None:
    rows = np.array([[0.7, 0.3, 0.0], [0.1, 0.2, 0.7]])
    scaled = apply_temperature(rows, 1.0)
    np.testing.assert_array_equal(scaled, rows)
    scaled[0, 0] = 0  # a copy
    assert rows[0, 0] == 0.7


def test_apply_to_no_rows() -> None:
    assert apply_temperature(np.zeros((0, 3)), 2.0).shape == (0, 3)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_temperature_must_be_above_0(temperature: float) -> None:
    with pytest.raises(ParameterError, match="temperature .*: it must be a number above 0"):
        apply_temperature(constant(0.5, 0.5, times=1), temperature)


def test_apply_refuses_logits() -> None:
    with pytest.raises(DataError, match="Apply a softmax to logits first"):
        apply_temperature(np.array([[5.0, 6.0]]), 2.0)
