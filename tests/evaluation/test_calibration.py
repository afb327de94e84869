"""Calibration error and abstention, on examples worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.calibration import (
    expected_calibration_error,
    reliability,
    risk_coverage,
)
from gwangye.metrics import micro_f1

LABELS = ["no_relation", "per:title", "org:product"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def constant(*row: float, times: int) -> np.ndarray:
    return np.tile(row, (times, 1))


# Confidences .4 .4 .9 .8 .7; right: the first, the third and the fourth.
ROWS = np.array(
    [[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8], [0.7, 0.2, 0.1]]
)
TRUE = ids(0, 2, 1, 2, 1)


def test_reliability_by_hand() -> None:
    table = reliability(ROWS, TRUE, num_bins=2)
    columns = ["lower", "upper", "rows", "share", "confidence", "accuracy"]
    assert list(table.columns) == columns
    assert table.to_numpy().tolist() == [
        pytest.approx([0, 50, 2, 40, 40, 50]),
        pytest.approx([50, 100, 3, 60, 80, 200 / 3]),
    ]


def test_calibration_error_by_hand() -> None:
    # two bins: 40 % · |50 - 40| + 60 % · |66.7 - 80| = 4 + 8
    assert expected_calibration_error(ROWS, TRUE, num_bins=2) == pytest.approx(12.0)
    # one bin: |60 - 64|
    assert expected_calibration_error(ROWS, TRUE, num_bins=1) == pytest.approx(4.0)
    # 15 bins, each confidence in its own: (2·|50 - 40| + |100 - 90| + |100 - 80| + |0 - 70|) / 5
    assert expected_calibration_error(ROWS, TRUE) == pytest.approx(24.0)


# as floats, .55 · 100 is above 55
@pytest.mark.parametrize(
    ("confidence", "num_bins", "upper"),
    [(0.6, 5, 60), (0.55, 100, 55), (0.61, 5, 80), (1.0, 5, 100), (0.8, 15, 80)],
)
def test_an_edge_belongs_to_the_bin_below(confidence: float, num_bins: int, upper: float) -> None:
    table = reliability(np.array([[confidence, 1 - confidence]]), ids(0), num_bins=num_bins)
    assert table.loc[table["rows"] == 1, "upper"].tolist() == [pytest.approx(upper)]


def test_a_weight_of_2_is_the_row_twice() -> None:
    weights = np.array([1.0, 2.0, 1.0, 0.0, 2.0])
    repeated = ids(0, 1, 1, 2, 4, 4)
    for num_bins in (1, 2, 15):
        weighted = expected_calibration_error(ROWS, TRUE, num_bins=num_bins, weights=weights)
        twice = expected_calibration_error(ROWS[repeated], TRUE[repeated], num_bins=num_bins)
        assert weighted == pytest.approx(twice)
    # bins: .4 .4 .4 with 1 right; .9 .7 .7 with 1 right: |33.3 - 40| / 2 + |33.3 - 76.7| / 2
    assert expected_calibration_error(ROWS, TRUE, num_bins=2, weights=weights) == pytest.approx(25)


def test_bin_without_weight_has_no_accuracy_and_no_part_in_the_error() -> None:
    weights = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    table = reliability(ROWS, TRUE, num_bins=2, weights=weights)
    assert table["rows"].tolist() == [2, 3]
    assert table["share"].tolist() == [0.0, 100.0]
    assert table[["confidence", "accuracy"]].isna().all(axis=1).tolist() == [True, False]
    error = expected_calibration_error(ROWS, TRUE, num_bins=2, weights=weights)
    assert error == pytest.approx(40 / 3)


def test_calibration_of_a_constant_predictor_that_lacks_a_class() -> None:
    """It says 70 % and is right in 1 of 4; no row is of the class it says."""
    rows = constant(0.2, 0.7, 0.1, times=4)
    assert expected_calibration_error(rows, ids(0, 1, 0, 2)) == pytest.approx(45.0)
    assert expected_calibration_error(rows, ids(0, 0, 2, 2)) == pytest.approx(70.0)


def test_calibration_of_no_rows() -> None:
    table = reliability(np.zeros((0, 3)), ids(), num_bins=2)
    assert table["rows"].tolist() == [0, 0]
    assert table["share"].tolist() == [0.0, 0.0]
    assert table[["confidence", "accuracy"]].isna().all(axis=None)
    with pytest.raises(DataError, match="There is no row: 0 would mean well calibrated"):
        expected_calibration_error(np.zeros((0, 3)), ids())


def test_weights_must_fit() -> None:
    with pytest.raises(DataError, match=r"Weights have shape \(1,\); give one per row: \(5,\)"):
        expected_calibration_error(ROWS, TRUE, weights=np.ones(1))


def test_calibration_refuses_what_does_not_fit() -> None:
    with pytest.raises(ParameterError, match="num_bins 0: there must be at least 1 bin"):
        reliability(ROWS, TRUE, num_bins=0)
    with pytest.raises(DataError, match="Row 0 has label id 3; allowed: 0 to 2"):
        reliability(ROWS, ids(3, 0, 0, 0, 0))


# confidence, true and predicted, most confident last: .9 hit; .8 false positive; .7 rightly none;
# .7 missed; .6 hit
ABSTAIN = np.array(
    [[0.2, 0.2, 0.6], [0.7, 0.1, 0.2], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.9, 0.05]]
)
ABSTAIN_TRUE = ids(2, 2, 0, 0, 1)
POINTS = [
    # coverage, rows, threshold, micro_f1, accuracy
    [20, 1, 0.9, 100, 100],  # TP 1
    [40, 2, 0.8, 200 / 3, 50],  # TP 1, FP 1
    [80, 4, 0.7, 50, 50],  # both rows of .7: TP 1, FP 1, FN 1
    [100, 5, 0.6, 200 / 3, 60],  # TP 2, FP 1, FN 1
]


@pytest.mark.parametrize("steps", [5, 100])
def test_risk_coverage_by_hand(steps: int) -> None:
    table = risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS, "no_relation", steps=steps)
    assert list(table.columns) == ["coverage", "rows", "threshold", "micro_f1", "accuracy"]
    assert table.to_numpy().tolist() == [pytest.approx(point) for point in POINTS]


def test_risk_coverage_keeps_at_least_what_is_asked() -> None:
    """Half of 5 rows are 3, and the fourth is as confident as the third."""
    table = risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS, "no_relation", steps=2)
    assert table["rows"].tolist() == [4, 5]


def test_risk_coverage_without_a_negative_label() -> None:
    table = risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS, None, steps=5)
    assert table["micro_f1"].tolist() == pytest.approx([100, 50, 50, 60])


def test_left_out_is_neither_missed_nor_none() -> None:
    """Were abstaining to predict no_relation, the first point would be TP 1, FN 2: 50."""
    table = risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS, "no_relation", steps=5)
    assert table["micro_f1"][0] == 100.0


def test_risk_coverage_by_whole_percent() -> None:
    confidence = np.linspace(0.51, 0.99, 100)
    rows = np.stack([confidence, 1 - confidence], axis=1)
    table = risk_coverage(rows, np.zeros(100, dtype=np.int64), ["a", "b"], None)
    assert table["rows"].tolist() == list(range(1, 101))
    assert table["coverage"].tolist() == pytest.approx(range(1, 101))


def test_risk_coverage_agrees_with_the_metric_of_the_kept_rows() -> None:
    generator = np.random.default_rng(6)
    true = generator.integers(0, 3, 300)
    rows = np.array([generator.dirichlet(1 + np.eye(3)[label]) for label in true]).round(2)
    rows /= rows.sum(axis=1, keepdims=True)
    table = risk_coverage(rows, true, LABELS, "no_relation", steps=10)
    assert 8 <= len(table) <= 10
    for point in table.itertuples():
        kept = rows.max(axis=1) >= point.threshold
        expected = micro_f1(true[kept], rows[kept].argmax(1), LABELS, "no_relation")
        assert point.micro_f1 == pytest.approx(expected)
        assert point.rows == kept.sum()
    assert table["micro_f1"][0] > table["micro_f1"].iloc[-1] + 5


def test_risk_coverage_of_a_constant_predictor_is_one_point() -> None:
    table = risk_coverage(
        constant(0.2, 0.7, 0.1, times=4), ids(0, 0, 1, 2), LABELS, "no_relation"
    )  # title everywhere: TP 1, FP 3, FN 1
    assert table.to_numpy().tolist() == [pytest.approx([100, 4, 0.7, 100 / 3, 25])]


def test_risk_coverage_without_any_relation() -> None:
    rows = constant(0.8, 0.1, 0.1, times=2)
    table = risk_coverage(rows, ids(0, 0), LABELS, "no_relation")
    assert table.to_numpy().tolist() == [pytest.approx([100, 2, 0.8, 0, 100])]


def test_risk_coverage_of_no_rows() -> None:
    table = risk_coverage(np.zeros((0, 3)), ids(), LABELS, "no_relation")
    assert len(table) == 0
    assert list(table.columns) == ["coverage", "rows", "threshold", "micro_f1", "accuracy"]
    assert set(table.dtypes.astype(str)) == {"float64", "int64"}


def test_risk_coverage_refuses_what_does_not_fit() -> None:
    with pytest.raises(ParameterError, match="steps 0: there must be at least 1 point"):
        risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS, None, steps=0)
    with pytest.raises(DataError, match="negative label 'none' is not one of the 3 relations"):
        risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS, "none")
    with pytest.raises(DataError, match=r"shape \(5, 3\), but there are 5 rows and 2 relations"):
        risk_coverage(ABSTAIN, ABSTAIN_TRUE, LABELS[:2], None)
