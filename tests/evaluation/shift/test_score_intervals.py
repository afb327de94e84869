"""Weighted scores by hand and against scikit-learn; intervals against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye import metrics
from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift import (
    Margin,
    rake,
    resample_counts,
    score_intervals,
    weighted_auprc,
    weighted_micro_f1,
)

LABELS = ["no_relation", "per:title", "org:product"]
NAMES = ["no_relation", "a", "b", "c", "d"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def weights(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def random_case(rows: int = 200, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 5 relations, the true one somewhat more probable; many scores are tied."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 5, rows)
    probabilities = np.array([generator.dirichlet(1 + np.eye(5)[label]) for label in true])
    rounded = np.round(probabilities, 1)
    rounded[:, 0] += 1 - rounded.sum(axis=1)
    return true, np.where((rounded >= 0).all(axis=1)[:, None], rounded, probabilities)


def test_weighted_micro_f1_by_hand() -> None:
    true, predicted = ids(1, 1, 0, 0), ids(1, 0, 2, 0)
    # TP 3; FN 1; FP 2 (product on a no_relation row); the last row is right and counts nowhere
    value = weighted_micro_f1(true, predicted, LABELS, "no_relation", weights(3, 1, 2, 9))
    assert value == pytest.approx(100 * 6 / 9)
    # over all classes it is accuracy: (3 + 9) / 15
    value = weighted_micro_f1(true, predicted, LABELS, None, weights(3, 1, 2, 9))
    assert value == pytest.approx(80.0)


# scores of class 1: .9 (true), .8 (false), .7 (true), .1 (false)
TRUE = ids(1, 0, 1, 0)
PROBABILITIES = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])


def test_weighted_auprc_by_hand() -> None:
    # class 1, weights 1 2 1 1: (recall, precision) (0,1) (1/2,1) (1/2,1/3) (1,1/2):
    #   1/2·1 + 1/2·(1/3 + 1/2)/2 = .70833
    # class 0, scores .9 (w 1, true) .3 (w 1) .2 (w 2, true) .1: (0,1) (1/3,1) (1/3,1/2) (1,3/4):
    #   1/3·1 + 2/3·(1/2 + 3/4)/2 = .75
    value = weighted_auprc(TRUE, PROBABILITIES, weights(1, 2, 1, 1))
    assert value == pytest.approx(72.9167, abs=1e-3)


def test_rows_of_weight_0_are_as_if_absent() -> None:
    # without its first row (the best of class 1): as if only the other three were there
    zero = weights(0, 1, 1, 1)
    assert weighted_auprc(TRUE, PROBABILITIES, zero) == metrics.auprc(TRUE[1:], PROBABILITIES[1:])
    # class 1 has no row of weight: class 0 alone, scores .9 and .2 both true
    assert weighted_auprc(TRUE, PROBABILITIES, weights(0, 1, 0, 1)) == 100.0


def test_unit_weights_give_the_plain_metrics_exactly() -> None:
    true, probabilities = random_case()
    predicted, ones = probabilities.argmax(axis=1), np.ones(200)
    f1 = metrics.micro_f1(true, predicted, NAMES, "no_relation")
    area = metrics.auprc(true, probabilities)
    assert weighted_micro_f1(true, predicted, NAMES, "no_relation", ones) == f1
    assert weighted_auprc(true, probabilities, ones) == area
    found = score_intervals(true, probabilities, NAMES, "no_relation", resamples=9, seed=0)
    assert (found.micro_f1.value, found.auprc.value, found.effective_rows) == (f1, area, 200)
    assert 20 < f1 < 80
    assert 20 < area < 80


@pytest.mark.parametrize("negative_label", ["no_relation", "c", None])
@pytest.mark.parametrize("weighted", [False, True])
def test_replicates_are_the_scores_of_the_drawn_rows(
    negative_label: str | None, weighted: bool
) -> None:
    true, probabilities = random_case(60)
    own = np.random.default_rng(1).integers(0, 4, 60).astype(np.float64) if weighted else None
    found = score_intervals(
        true, probabilities, NAMES, negative_label, resamples=12, seed=3, weights=own
    )
    [counts] = resample_counts(60, 12, seed=3)
    for i, drawn in enumerate(counts.T.astype(int)):
        rows = np.repeat(np.arange(60), drawn)
        each = np.ones(60) if own is None else own
        sample, predicted = probabilities[rows], probabilities[rows].argmax(axis=1)
        f1 = weighted_micro_f1(true[rows], predicted, NAMES, negative_label, each[rows])
        area = weighted_auprc(true[rows], sample, each[rows])
        assert found.replicates.micro_f1[i] == pytest.approx(f1, abs=1e-9)
        assert found.replicates.auprc[i] == pytest.approx(area, abs=1e-9)
    low, high = np.quantile(found.replicates.auprc, [0.025, 0.975])
    assert found.auprc[1:] == pytest.approx((low, high))
    assert found.auprc.high - found.auprc.low > 5


def test_relations_that_a_resample_lacks_are_left_out_of_its_auprc() -> None:
    """One row of class 1, which a third of the resamples do not draw; then class 0 alone: 100."""
    true, probabilities = ids(0, 0, 1), np.array([[0.9, 0.1], [0.5, 0.5], [0.6, 0.4]])
    found = score_intervals(true, probabilities, LABELS[:2], None, resamples=200, seed=0)
    [counts] = resample_counts(3, 200, seed=0)
    lacking = counts[2] == 0
    assert 40 < lacking.sum() < 80
    assert (found.replicates.auprc[lacking] == 100.0).all()


def test_bootstrap_of_a_constant_is_a_constant() -> None:
    true, right = ids(1, 2, 1, 2), np.eye(3)[ids(1, 2, 1, 2)]
    found = score_intervals(true, right, LABELS, "no_relation", resamples=50, seed=0)
    assert found.micro_f1 == (100.0, 100.0, 100.0)
    assert found.auprc == (100.0, 100.0, 100.0)
    one = score_intervals(ids(0), np.array([[0.4, 0.6]]), LABELS[:2], None, resamples=50, seed=0)
    assert one.micro_f1 == (0.0, 0.0, 0.0)


def test_same_seed_same_interval_and_paired_resamples() -> None:
    true, probabilities = random_case()
    first, again, other = (
        score_intervals(true, probabilities, NAMES, "no_relation", resamples=30, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first.micro_f1 == again.micro_f1
    assert first.micro_f1 != other.micro_f1
    # a second model that errs in one row more loses in exactly the resamples with that row
    worse = probabilities.copy()
    row = int(np.flatnonzero((probabilities.argmax(axis=1) == true) & (true > 0))[0])
    worse[row] = np.eye(5)[0]
    second = score_intervals(true, worse, NAMES, "no_relation", resamples=30, seed=1)
    [counts] = resample_counts(200, 30, seed=1)
    lost = first.replicates.micro_f1 - second.replicates.micro_f1
    np.testing.assert_array_equal(lost > 1e-9, counts[row] > 0)


def test_interval_covers_a_simulated_binomial() -> None:
    """Without a negative label micro-F1 is accuracy: right with probability 0.7 in 150 rows.

    95 of 100 intervals should hold 70: of 120, 114 ± 2.4, less a bit for the percentile bootstrap.
    """
    generator = np.random.default_rng(0)
    covered, widths = 0, []
    for seed in range(120):
        true = generator.integers(0, 2, 150)
        predicted = np.where(generator.random(150) < 0.7, true, 1 - true)
        found = score_intervals(
            true, np.eye(2)[predicted], ["a", "b"], None, resamples=200, seed=seed
        )
        covered += found.micro_f1.low <= 70 <= found.micro_f1.high
        widths.append(found.micro_f1.high - found.micro_f1.low)
    assert 105 <= covered <= 119
    # 2·1.96·sqrt(.7·.3/150) = 14.67
    assert np.mean(widths) == pytest.approx(14.67, abs=0.6)


def test_basic_limits_mirror_the_percentiles() -> None:
    true, probabilities = random_case(60)
    percentile, basic = (
        score_intervals(
            true, probabilities, NAMES, "no_relation", resamples=50, seed=0, limits=limits
        )
        for limits in ("percentile", "basic")
    )
    value, low, high = percentile.auprc
    assert basic.auprc == pytest.approx((value, 2 * value - high, 2 * value - low))
    # at most 100: one of two rows right, whose percentiles are 0 and 100, mirrored at 50 the same
    half = score_intervals(ids(0, 1), np.eye(2)[[0, 0]], ["a", "b"], None, resamples=99, seed=0)
    assert half.micro_f1 == (50.0, 0.0, 100.0)
    third = score_intervals(
        ids(0, 0, 1), np.eye(2)[[0, 0, 0]], ["a", "b"], None, resamples=99, seed=0, limits="basic"
    )
    # percentiles 0 (or 33) and 100, mirrored at 66.7: from 33.3 to over 100
    assert third.micro_f1.low == pytest.approx(33.3333, abs=1e-3)
    assert third.micro_f1.high == 100.0


def test_groups_double_rows_without_narrowing_the_interval() -> None:
    true, probabilities = random_case(60)
    options = {"resamples": 100, "seed": 2}
    once = score_intervals(true, probabilities, NAMES, "no_relation", **options)
    doubled, twice = np.tile(true, 2), np.tile(probabilities, (2, 1))
    grouped = score_intervals(
        doubled, twice, NAMES, "no_relation", groups=[*range(60), *range(60)], **options
    )
    assert grouped.micro_f1 == pytest.approx(once.micro_f1)
    alone = score_intervals(doubled, twice, NAMES, "no_relation", **options)
    ratio = np.ptp(alone.micro_f1[1:]) / np.ptp(once.micro_f1[1:])
    assert ratio < 0.85  # about 1/sqrt(2)


def test_raking_is_repeated_in_every_resample() -> None:
    """Accuracy is 1 on rows of label a and 0 on b: a raked resample always scores a's target share.

    So its interval has no width; with fixed weights it has.
    """
    true = np.repeat([0, 1], [30, 10])
    always_a = np.tile([0.8, 0.2], (40, 1))
    raking = rake([Margin("label", true.tolist(), {0: 0.4, 1: 0.6})])
    options = {"resamples": 100, "seed": 0}
    again = score_intervals(true, always_a, ["a", "b"], None, weights=raking, **options)
    assert again.micro_f1 == pytest.approx((40.0, 40.0, 40.0))
    fixed = score_intervals(true, always_a, ["a", "b"], None, weights=raking.weights, **options)
    assert fixed.micro_f1.value == pytest.approx(40.0)
    assert fixed.micro_f1.high - fixed.micro_f1.low > 10
    # weights .4/.75 and .6/.25: 40² / (30·.5333² + 10·2.4²)
    assert again.effective_rows == fixed.effective_rows == pytest.approx(24.2, abs=0.05)


def test_no_rows_score_0_and_nothing_is_known() -> None:
    for given in (None, np.zeros(0)):
        found = score_intervals(
            ids(), np.zeros((0, 3)), LABELS, "no_relation", resamples=10, seed=0, weights=given
        )
        assert found.micro_f1 == found.auprc == (0.0, 0.0, 100.0)
        assert found.effective_rows == 0.0
    assert weighted_micro_f1(ids(), ids(), LABELS, "no_relation", np.zeros(0)) == 0.0
    assert weighted_auprc(ids(), np.zeros((0, 3)), np.zeros(0)) == 0.0


def test_constant_predictor() -> None:
    """no_relation everywhere: no relation is found in any resample; each curve is one point."""
    constant = np.tile([0.7, 0.2, 0.1], (4, 1))
    found = score_intervals(ids(0, 0, 1, 2), constant, LABELS, "no_relation", resamples=80, seed=0)
    assert found.micro_f1 == (0.0, 0.0, 0.0)
    # (3/4 + 5/8 + 5/8)/3. In resamples with two classes of shares s and 1 − s it is
    # ((1 + s)/2 + (2 − s)/2)/2 = 3/4, with one class 1
    assert found.auprc == pytest.approx((66.6667, 66.6667, 100.0), abs=1e-3)


WRONG_WEIGHTS = {
    "negative": ([1, -1, 1, 1], "they go from -1 to 1"),
    "nan": ([1, np.nan, 1, 1], "Weights must be finite"),
    "all 0": ([0, 0, 0, 0], "not all 0; they go from 0 to 0"),
    "too few": ([1, 1, 1], r"Weights have shape \(3,\), but there are 4 rows; give one per row"),
}


@pytest.mark.parametrize(("wrong", "message"), WRONG_WEIGHTS.values(), ids=list(WRONG_WEIGHTS))
def test_wrong_weights(wrong: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        weighted_micro_f1(TRUE, TRUE, LABELS[:2], None, weights(*wrong))
    with pytest.raises(DataError, match=message):
        weighted_auprc(TRUE, PROBABILITIES, weights(*wrong))
    with pytest.raises(DataError, match=message):
        score_intervals(
            TRUE, PROBABILITIES, LABELS[:2], None, resamples=5, seed=0, weights=weights(*wrong)
        )


def test_wrong_inputs() -> None:
    options = {"resamples": 5, "seed": 0}
    with pytest.raises(DataError, match="shape .4, 2., but there are 4 rows and 3 relations"):
        score_intervals(TRUE, PROBABILITIES, LABELS, "no_relation", **options)
    with pytest.raises(DataError, match="Row 0 holds no probabilities"):
        score_intervals(TRUE, PROBABILITIES * 2, LABELS[:2], None, **options)
    with pytest.raises(DataError, match="Row 1 has label id -1"):
        score_intervals(TRUE - 1, PROBABILITIES, LABELS[:2], None, **options)
    with pytest.raises(DataError, match="negative label 'no-relation' is not one of"):
        score_intervals(TRUE, PROBABILITIES, LABELS[:2], "no-relation", **options)
    with pytest.raises(ParameterError, match="resamples: 0"):
        score_intervals(TRUE, PROBABILITIES, LABELS[:2], None, resamples=0, seed=0)
