"""Weighted scores by hand and against scikit-learn; intervals against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye import metrics
from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift.resampling import resample_counts
from gwangye.evaluation.shift.reweighting import Margin, Raking, rake
from gwangye.evaluation.shift.score_intervals import score_intervals

LABELS = ["no_relation", "per:title", "org:product"]
NAMES = ["no_relation", "a", "b", "c", "d"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def random_case(rows: int = 200, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 5 relations, the true one somewhat more probable; many scores are tied."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 5, rows)
    probabilities = np.array([generator.dirichlet(1 + np.eye(5)[label]) for label in true])
    rounded = np.round(probabilities, 1)
    rounded[:, 0] += 1 - rounded.sum(axis=1)
    return true, np.where((rounded >= 0).all(axis=1)[:, None], rounded, probabilities)


def raked_to(true: np.ndarray, shares: dict[int, float]) -> Raking:
    return rake([Margin("label", true.tolist(), shares)])


def test_raked_micro_f1_by_hand() -> None:
    true, predicted = ids(1, 1, 0, 0), ids(1, 0, 2, 0)
    # weights 3/2 for title, 1/2 for none: TP 1.5, FN 1.5, FP 0.5: 3 / 5
    raking = raked_to(true, {0: 0.25, 1: 0.75})
    options = {"resamples": 9, "seed": 0, "weights": raking}
    found = score_intervals(true, np.eye(3)[predicted], LABELS, "no_relation", **options)
    assert found.micro_f1.value == pytest.approx(60.0)
    # over all classes it is accuracy: (1.5 + 0.5) / 4
    found = score_intervals(true, np.eye(3)[predicted], LABELS, None, **options)
    assert found.micro_f1.value == pytest.approx(50.0)


# scores of class 1: .9 (true), .8 (false), .7 (true), .1 (false)
TRUE = ids(1, 0, 1, 0)
PROBABILITIES = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])


def test_raked_auprc_by_hand() -> None:
    raking = raked_to(TRUE, {0: 2 / 3, 1: 1 / 3})
    # weights of the rows in order of class 1's scores: 2/3 4/3 2/3 4/3
    #   (recall, precision) (0,1) (1/2,1) (1/2,1/3) (1,1/2): 1/2·1 + 1/2·(1/3 + 1/2)/2 = .70833
    # class 0, scores .9 (w 4/3, true) .3 (2/3) .2 (4/3, true) .1: (0,1) (1/2,1) (1/2,2/3) (1,4/5):
    #   1/2·1 + 1/2·(2/3 + 4/5)/2 = .86667
    found = score_intervals(
        TRUE, PROBABILITIES, LABELS[:2], None, resamples=9, seed=0, weights=raking
    )
    assert found.relation_auprc == pytest.approx([86.6667, 70.8333], abs=1e-3)
    assert found.auprc.value == pytest.approx(78.75)


def test_rows_of_weight_0_are_as_if_absent() -> None:
    true, probabilities = random_case()
    # the target lacks relation 4
    raking = raked_to(true, {i: int((true == i).sum()) for i in range(4)})
    found = score_intervals(
        true, probabilities, NAMES, "no_relation", resamples=9, seed=0, weights=raking
    )
    kept = true < 4
    expected = metrics.micro_f1(
        true[kept], probabilities[kept].argmax(axis=1), NAMES, "no_relation"
    )
    assert found.micro_f1.value == pytest.approx(expected)
    assert found.auprc.value == pytest.approx(metrics.auprc(true[kept], probabilities[kept]))
    assert np.isnan(found.relation_auprc[4])


def test_without_weights_the_scores_are_the_plain_metrics() -> None:
    true, probabilities = random_case()
    f1 = metrics.micro_f1(true, probabilities.argmax(axis=1), NAMES, "no_relation")
    area = metrics.auprc(true, probabilities)
    found = score_intervals(true, probabilities, NAMES, "no_relation", resamples=9, seed=0)
    assert (found.micro_f1.value, found.effective_rows) == (f1, 200)
    assert found.auprc.value == pytest.approx(area)
    assert 20 < f1 < 80
    assert 20 < area < 80


@pytest.mark.parametrize("negative_label", ["no_relation", "c", None])
def test_replicates_are_the_scores_of_the_drawn_rows(negative_label: str | None) -> None:
    true, probabilities = random_case(60)
    found = score_intervals(true, probabilities, NAMES, negative_label, resamples=12, seed=3)
    [counts] = resample_counts(60, 12, seed=3)
    for i, drawn in enumerate(counts.T.astype(int)):
        rows = np.repeat(np.arange(60), drawn)
        predicted = probabilities[rows].argmax(axis=1)
        f1 = metrics.micro_f1(true[rows], predicted, NAMES, negative_label)
        area = metrics.auprc(true[rows], probabilities[rows])
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


def test_limits_of_raked_auprc_are_mirrored_at_the_score() -> None:
    true, probabilities = random_case(60)
    raking = raked_to(true, {i: int((true == i).sum()) for i in range(5)})
    found = score_intervals(
        true, probabilities, NAMES, "no_relation", resamples=50, seed=0, weights=raking
    )
    low, high = np.quantile(found.replicates.auprc, [0.025, 0.975])
    value = found.auprc.value
    assert found.auprc[1:] == pytest.approx((2 * value - high, 2 * value - low))
    low, high = np.quantile(found.replicates.micro_f1, [0.025, 0.975])
    assert found.micro_f1[1:] == pytest.approx((low, high))


def test_mirrored_limits_are_scores() -> None:
    """A resample without class 1 has AUPRC 100, far above the score: mirrored, it is below 0."""
    true, probabilities = ids(0, 0, 0, 1), np.array([[0.1, 0.9]] * 3 + [[0.9, 0.1]])
    raking = raked_to(true, {0: 3, 1: 1})
    found = score_intervals(
        true, probabilities, ["a", "b"], None, resamples=99, seed=0, weights=raking
    )
    assert found.auprc.value < 50
    assert found.auprc.low == 0.0


def test_raking_is_repeated_in_every_resample() -> None:
    """Accuracy is 1 on rows of label a and 0 on b: a raked resample always scores a's target share.

    So its interval has no width.
    """
    true = np.repeat([0, 1], [30, 10])
    always_a = np.tile([0.8, 0.2], (40, 1))
    raking = raked_to(true, {0: 0.4, 1: 0.6})
    options = {"resamples": 100, "seed": 0}
    again = score_intervals(true, always_a, ["a", "b"], None, weights=raking, **options)
    assert again.micro_f1 == pytest.approx((40.0, 40.0, 40.0))
    # weights .4/.75 and .6/.25: 40² / (30·.5333² + 10·2.4²)
    assert again.effective_rows == pytest.approx(24.2, abs=0.05)


def test_no_rows_score_0_and_nothing_is_known() -> None:
    found = score_intervals(ids(), np.zeros((0, 3)), LABELS, "no_relation", resamples=10, seed=0)
    assert found.micro_f1 == found.auprc == (0.0, 0.0, 100.0)
    assert found.effective_rows == 0.0


def test_constant_predictor() -> None:
    """no_relation everywhere: no relation is found in any resample; each curve is one point."""
    constant = np.tile([0.7, 0.2, 0.1], (4, 1))
    found = score_intervals(ids(0, 0, 1, 2), constant, LABELS, "no_relation", resamples=80, seed=0)
    assert found.micro_f1 == (0.0, 0.0, 0.0)
    # (3/4 + 5/8 + 5/8)/3. In resamples with two classes of shares s and 1 − s it is
    # ((1 + s)/2 + (2 − s)/2)/2 = 3/4, with one class 1
    assert found.auprc == pytest.approx((66.6667, 66.6667, 100.0), abs=1e-3)


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
