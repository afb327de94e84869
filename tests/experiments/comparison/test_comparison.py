"""The paired test, on examples worked out by hand and against other tests' formulas."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift.resampling import resample_counts
from gwangye.examples import Dataset, Task
from gwangye.experiments.comparison import Comparison, Difference, Pair, align, compare, holm
from gwangye.metrics import auprc, micro_f1, per_relation
from gwangye.prediction.tables import prediction_table

LABELS = ["no_relation", "per:title", "org:product"]
TASK = Task(LABELS, "no_relation", ["PER"])


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def saying(predicted: np.ndarray, num_labels: int) -> np.ndarray:
    """Probabilities whose most probable relation is the predicted one, all equally sure."""
    rest = 0.2 / (num_labels - 1)
    return (
        np.full((len(predicted), num_labels), rest) + (0.8 - rest) * np.eye(num_labels)[predicted]
    )


def paired(true: np.ndarray, a: np.ndarray, b: np.ndarray, **changes: Any) -> Pair:
    probabilities = np.stack([saying(a, len(LABELS)), saying(b, len(LABELS))])
    pair = Pair(
        ("A", "B"), "validation", LABELS, "no_relation", [str(i) for i in range(len(true))], true,
        probabilities,
    )  # fmt: skip
    return replace(pair, **changes)


def discordant(rows: int, only_b: int, only_a: int) -> Pair:
    """Two models right in all rows, but that so many are right by B only, and by A only.

    All relations count, so micro-F1 is accuracy.
    """
    true = np.arange(rows) % 2
    wrong = 1 - true
    a, b = true.copy(), true.copy()
    a[:only_b] = wrong[:only_b]
    b[only_b : only_b + only_a] = wrong[only_b : only_b + only_a]
    return paired(true, a, b, negative_label=None)


def random_pair(rows: int = 80) -> Pair:
    """Five relations, the last one rare; probabilities rounded, so that some are tied."""
    generator = np.random.default_rng(5)
    true = generator.choice(5, rows, p=[0.4, 0.3, 0.17, 0.1, 0.03])
    models = [
        np.array([generator.dirichlet(1 + strength * np.eye(5)[label]) for label in true])
        for strength in (1, 2)
    ]
    rounded = np.stack(models).round(1) + 0.02
    rounded /= rounded.sum(axis=2, keepdims=True)
    names = ["no_relation", "a", "b", "c", "d"]
    return Pair(("A", "B"), "test", names, "no_relation", [str(i) for i in range(rows)], true,
                rounded)  # fmt: skip


def quick(pair: Pair, **options: Any) -> Comparison:
    return compare(pair, **{"resamples": 1000, "auprc_resamples": 0, **options})


# -- lining up two tables


def frame(rows: dict[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame({"guid": list(rows), "label": pd.Series(list(rows.values()), dtype=object)})


TRAIN = frame({"v1": "per:title", "v2": "no_relation", "v3": "org:product", "v4": "per:title"})
DATASET = Dataset(TRAIN, frame({"t1": None, "v1": "org:product"}), TASK)


def table(part: str, rows: dict[str, list[float]]) -> pd.DataFrame:
    return prediction_table(list(rows), part, np.array(list(rows.values())).reshape(-1, 3), LABELS)


def test_align_takes_the_common_rows_in_the_order_of_a() -> None:
    a = table("validation", {"v3": [0.7, 0.2, 0.1], "x": [1, 0, 0], "v1": [0.1, 0.8, 0.1]})
    b = table("validation", {"v1": [0, 1, 0], "v2": [1, 0, 0], "v4": [1, 0, 0], "v3": [0, 0, 1]})
    # rows of the other part have the same guid and must not be mixed in
    others = table("test", {"v1": [1, 0, 0], "t1": [1, 0, 0]})
    pair = align(pd.concat([others, a]), pd.concat([b, others]), DATASET, "validation")
    assert pair.guids == ["v3", "v1"]
    assert pair.true.tolist() == [2, 1]
    assert pair.left_out == (1, 2)
    assert pair.unlabelled == 0
    assert (pair.part, pair.labels, pair.negative_label) == ("validation", LABELS, "no_relation")
    expected = [[[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [[0, 0, 1], [0, 1, 0]]]
    np.testing.assert_allclose(pair.probabilities, expected, atol=1e-6)


def test_align_leaves_out_and_counts_rows_without_a_label() -> None:
    rows = table("test", {"t1": [1, 0, 0], "v1": [0, 0, 1]})
    pair = align(rows, rows, DATASET, "test")
    assert (pair.guids, pair.true.tolist(), pair.unlabelled) == (["v1"], [2], 1)


ALIGN_FAULTS = {
    "no common row": (
        "validation", {"v1": [1, 0, 0]}, {"v2": [1, 0, 0], "v3": [1, 0, 0]},
        r"'A' \(1 rows\) and 'B' \(2 rows\) predict no validation row in common. Compare models of "
        "the same data, or predict both with one split: `dvc repro`",
    ),
    "empty part": (
        "test", {}, {}, r"'A' \(0 rows\) and 'B' \(0 rows\) predict no test row in common",
    ),
    "no label": (
        "test", {"t1": [1, 0, 0]}, {"t1": [1, 0, 0]},
        "None of the 1 test rows that 'A' and 'B' have in common has a label. Compare them on the",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("part", "a", "b", "message"), ALIGN_FAULTS.values(), ids=ALIGN_FAULTS)
def test_align_faults(part: str, a: dict[str, Any], b: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        align(table(part, a), table(part, b), DATASET, part)


def test_align_refuses_a_row_twice_and_a_name_twice() -> None:
    once = table("validation", {"v1": [1, 0, 0]})
    with pytest.raises(DataError, match=r"'y' holds 1 rows a second time, first 'v1'"):
        align(once, pd.concat([once, once]), DATASET, "validation", names=("x", "y"))
    with pytest.raises(ParameterError, match="Both models are called 'x'. Give them different"):
        align(once, once, DATASET, "validation", names=("x", "x"))


# -- scores and their difference

# true, A, B. A: rows 1 and 2 right; row 0 a false positive on a negative row; row 3 missed:
# TP 2, FP 1, FN 1 → 4/6. B: rows 2 and 3 right; row 1 is another relation: TP 2, FP 1, FN 1 → 4/6.
HAND = paired(ids(0, 1, 1, 2), ids(1, 1, 1, 0), ids(0, 2, 1, 2))


def test_micro_f1_by_hand() -> None:
    result = quick(HAND)
    assert (result.micro_f1.a, result.micro_f1.b) == pytest.approx((200 / 3, 200 / 3))
    assert result.micro_f1.difference == pytest.approx(0.0)
    # without the false positive TP 2, FN 1 → 4/5
    mended = quick(replace(HAND, probabilities=HAND.probabilities[:, 1:], true=HAND.true[1:]))
    assert mended.micro_f1.a == pytest.approx(80.0)
    assert mended.micro_f1.difference == pytest.approx(200 / 3 - 80)


def test_per_relation_by_hand() -> None:
    rows = quick(HAND, min_rows=2).per_relation
    assert list(rows.columns) == [
        "relation", "rows", "few_rows", "a", "b", "difference", "low", "high", "p", "p_holm",
        "told_apart",
    ]  # fmt: skip
    assert rows["relation"].tolist() == LABELS
    assert rows["rows"].tolist() == [1, 2, 1]
    assert rows["few_rows"].tolist() == [True, False, True]
    # A: none TP 0; title TP 2, FP 1 → 4/5; product TP 0. B: 1; title TP 1, FN 1 → 2/3;
    # product TP 1, FP 1 → 2/3
    assert rows["a"].tolist() == pytest.approx([0, 80, 0])
    assert rows["b"].tolist() == pytest.approx([100, 200 / 3, 200 / 3])
    assert rows["difference"].tolist() == pytest.approx([100, -40 / 3, 200 / 3])
    assert rows["p"].isna().tolist() == [True, False, True]
    assert rows["p_holm"].isna().tolist() == [True, False, True]


def test_without_any_relation_micro_f1_is_0() -> None:
    result = quick(paired(ids(0, 0), ids(0, 0), ids(0, 0))).micro_f1
    assert (result.a, result.b, result.low, result.high) == (0.0, 0.0, 0.0, 0.0)


def test_relation_that_a_resample_lacks_has_f1_0_there() -> None:
    """The one title is drawn by 1 - (3/4)⁴ = 68 % of the resamples; A never says it, B always.

    So B's F1 is above 0 in those, and neither's is in the others.
    """
    pair = paired(ids(0, 0, 0, 1), ids(0, 0, 0, 0), ids(1, 1, 1, 1))
    title = quick(pair, min_rows=1).per_relation.iloc[1]
    assert (title["a"], title["b"]) == pytest.approx((0.0, 40.0))
    assert title["low"] == 0.0


def test_scores_are_those_of_the_metrics_module() -> None:
    pair = random_pair()
    result = compare(pair, resamples=10, auprc_resamples=10)
    assert result.auprc is not None
    for model, side in enumerate("ab"):
        probabilities = pair.probabilities[model]
        f1 = micro_f1(pair.true, probabilities.argmax(1), pair.labels, "no_relation")
        assert getattr(result.micro_f1, side) == pytest.approx(f1)
        assert getattr(result.auprc, side) == pytest.approx(auprc(pair.true, probabilities))
        relations = per_relation(pair.true, probabilities, pair.labels)
        np.testing.assert_allclose(result.per_relation[side], relations["f1"])
    # the case says something
    assert 2 < result.micro_f1.difference < 40
    assert 2 < result.auprc.difference < 40


def test_resampled_scores_are_those_of_the_drawn_rows() -> None:
    """Each resample written out as rows and scored; the rare relation is missing in some."""
    pair = random_pair()
    counts = np.concatenate(list(resample_counts(80, 30, 7)), axis=1).T.astype(int)
    micro, area, absent = [], [], 0
    for count in counts:
        drawn = np.repeat(np.arange(80), count)
        true = pair.true[drawn]
        absent += 4 not in true
        f1_a, f1_b = (
            micro_f1(true, model[drawn].argmax(1), pair.labels, "no_relation")
            for model in pair.probabilities
        )
        area_a, area_b = (auprc(true, model[drawn]) for model in pair.probabilities)
        micro.append(f1_b - f1_a)
        area.append(area_b - area_a)
    result = compare(pair, resamples=30, auprc_resamples=30, seed=7)
    assert result.auprc is not None
    for found, expected in ((result.micro_f1, micro), (result.auprc, area)):
        low, high = np.percentile(expected, [2.5, 97.5])
        assert (found.low, found.high) == pytest.approx((low, high))
        as_large = sum(abs(d - found.difference) >= abs(found.difference) for d in expected)
        assert found.p == pytest.approx((1 + as_large) / 31)
    assert 0 < absent < 30


# -- the test


def test_equal_models_have_difference_0_and_p_1() -> None:
    pair = random_pair()
    pair = replace(pair, probabilities=pair.probabilities[[0, 0]])
    weights = np.random.default_rng(0).random(80)
    for given in (None, weights):
        result = compare(pair, resamples=500, auprc_resamples=50, weights=given, min_rows=1)
        for metric in result.metrics:
            assert metric.difference == 0.0
            assert (metric.low, metric.high) == pytest.approx((0.0, 0.0))
            assert metric.p == 1.0
            assert not metric.told_apart
        assert result.per_relation["p"].tolist() == [1.0] * 5
        assert not result.per_relation["told_apart"].any()
    assert result.describe()[0] == (
        "A and B cannot be told apart: B minus A is 0.0 points of micro-F1 (95 % interval 0.0 to "
        "0.0, p = 1) on 80 test rows."
    )


def test_b_right_wherever_a_is_wrong() -> None:
    """30 rows of 100, all for B: no resample is far enough from 30, so p is the least possible."""
    result = quick(discordant(100, only_b=30, only_a=0)).micro_f1
    assert (result.a, result.b, result.difference) == pytest.approx((70, 100, 30))
    # the share of the 30 in a resample: sd sqrt(.3 · .7 / 100) = 4.58 points
    assert (result.low, result.high) == pytest.approx((30 - 1.96 * 4.58, 30 + 1.96 * 4.58), abs=1.1)
    assert result.p == 1 / 1001
    assert result.told_apart


def test_p_agrees_with_mcnemar() -> None:
    """60 rows for B against 40 for A, of 400.

    McNemar (1947), without continuity correction: chi² = 20² / 100 = 4, p = .0455. The interval by
    the variance of a paired difference: (100 - 20² / 400) / 400² = (2.487 points)².
    """
    result = quick(discordant(400, only_b=60, only_a=40), resamples=20_000).micro_f1
    assert result.difference == pytest.approx(5.0)
    assert result.p == pytest.approx(0.0455, abs=0.008)
    assert (result.low, result.high) == pytest.approx((5 - 4.87, 5 + 4.87), abs=0.3)


def test_p_is_two_sided_and_centred() -> None:
    """6 rows of 200, all for B: the drawn ones are binomial (200, .03).

    P(none of them) + P(12 or more) = .00226 + .01841 = .0207; exact McNemar: 2 / 2⁶ = .031.
    Twice the share of d* <= 0 would be .0045, and one side of it .0023.
    """
    result = quick(discordant(200, only_b=6, only_a=0), resamples=20_000).micro_f1
    assert result.p == pytest.approx(0.0207, abs=0.003)


def test_interval_that_holds_0_does_not_tell_apart() -> None:
    """A few heavy rows for A against many light ones for B: a skewed difference.

    100 rows for B of weight .68, 3 for A of weight 10, 1,000 right by both: d* is about
    68 ± 7 less ten times a Poisson number of mean 3. It is below 0 in about 3 % of the resamples,
    so the interval holds 0; beyond 2d in less than 1 %, so p is about .04.
    """
    weights = np.repeat([0.68, 10.0, 1.0], [100, 3, 1000])
    result = quick(discordant(1103, only_b=100, only_a=3), weights=weights, resamples=10_000)
    assert result.micro_f1.low < 0 < result.micro_f1.difference
    assert result.micro_f1.p < 0.05
    assert not result.micro_f1.told_apart


def test_interval_without_0_is_not_enough() -> None:
    """4 rows of 200, all for B: P(none) = .018, so the interval leaves out 0.

    With P(8 or more) = .050, p is .067; exact McNemar says 2 / 2⁴ = .125.
    """
    result = quick(discordant(200, only_b=4, only_a=0), resamples=10_000).micro_f1
    assert result.low > 0
    assert result.p == pytest.approx(0.067, abs=0.01)
    assert not result.told_apart


def test_ties_with_the_difference_count_whatever_their_rounding() -> None:
    """7 rows, one for B: P(none drawn) + P(2 or more) = .340 + .264 are as far off as 2 is.

    As floats, 200/7 - 100/7 is below 100/7: without exactly 2, .340 + .065 would be left.
    """
    result = quick(discordant(7, only_b=1, only_a=0), resamples=10_000).micro_f1
    assert result.p == pytest.approx(0.603, abs=0.02)


def test_exchanging_a_and_b_negates_the_difference() -> None:
    pair = discordant(200, only_b=25, only_a=10)
    forth = quick(pair).micro_f1
    back = quick(replace(pair, probabilities=pair.probabilities[::-1]))
    assert back.micro_f1.difference == pytest.approx(-7.5)
    assert (back.micro_f1.low, back.micro_f1.high) == pytest.approx((-forth.high, -forth.low))
    assert back.micro_f1.p == forth.p


def test_relations_are_corrected_for_their_number() -> None:
    """Of 40 rows each, A takes 5 titles for products; B is right everywhere.

    Alone, either relation would be told apart from chance, p = .03; of three tests it is not.
    """
    true = np.repeat([0, 1, 2], 40)
    a = true.copy()
    a[40:45] = 2
    rows = quick(paired(true, a, true), resamples=5000).per_relation
    none, title, product = rows["p"]
    assert none == 1.0
    assert 0.01 < title < 0.05
    assert 0.01 < product < 0.05
    # the smaller p by 3; the larger one by 2, which is less, so it is raised to the same
    assert rows["p_holm"].tolist() == pytest.approx([1.0, *[3 * min(title, product)] * 2])
    assert not rows["told_apart"].any()


def test_relation_that_differs_enough_is_told_apart() -> None:
    """A takes all titles for none: two relations suffer, the third stays."""
    true = np.repeat([0, 1, 2], 40)
    rows = quick(paired(true, np.where(true == 1, 0, true), true), resamples=5000).per_relation
    assert rows["p"].tolist() == [1 / 5001, 1 / 5001, 1.0]
    assert rows["p_holm"].tolist() == pytest.approx([3 / 5001, 3 / 5001, 1.0])
    assert rows["told_apart"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 · .01; 2 · .03; 1 · .04, not below the last
        ([0.5, 0.4], [0.8, 0.8]),
        ([0.9, 0.6], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holm_by_hand(p: list[float], expected: list[float]) -> None:
    assert holm(np.array(p)).tolist() == pytest.approx(expected)


def test_same_seed_same_result_and_another_seed_another() -> None:
    first, again, other = (quick(discordant(200, 25, 10), seed=seed) for seed in (1, 1, 2))
    assert first.micro_f1 == again.micro_f1
    assert first.micro_f1.p != other.micro_f1.p


# -- weights


def test_a_weight_of_2_is_the_row_twice() -> None:
    pair = random_pair()
    counts = np.random.default_rng(1).integers(0, 4, 80)
    result = compare(pair, resamples=5, auprc_resamples=5, weights=counts)
    assert result.auprc is not None
    drawn = np.repeat(np.arange(80), counts)
    for model, side in enumerate("ab"):
        probabilities, true = pair.probabilities[model][drawn], pair.true[drawn]
        f1 = micro_f1(true, probabilities.argmax(1), pair.labels, "no_relation")
        assert getattr(result.micro_f1, side) == pytest.approx(f1)
        assert getattr(result.auprc, side) == pytest.approx(auprc(true, probabilities))


def test_weights_of_the_same_size_change_nothing() -> None:
    plain = compare(random_pair(), resamples=50, auprc_resamples=20)
    weighted = compare(random_pair(), resamples=50, auprc_resamples=20, weights=np.full(80, 2.5))
    for one, other in zip(plain.metrics, weighted.metrics, strict=True):
        assert (one.low, one.high, one.p) == pytest.approx((other.low, other.high, other.p))
    assert weighted.effective_rows == pytest.approx(80)


def test_uneven_weights_widen_the_interval() -> None:
    """Nine rows in ten have nearly no weight: the interval becomes about sqrt(10) times as wide."""
    pair = discordant(400, only_b=60, only_a=40)
    weights = np.where(np.arange(400) % 10 == 0, 1.0, 1e-9)
    plain, weighted = quick(pair), quick(pair, weights=weights)
    assert weighted.micro_f1.difference == pytest.approx(5.0)
    ratio = (weighted.micro_f1.high - weighted.micro_f1.low) / (
        plain.micro_f1.high - plain.micro_f1.low
    )
    assert ratio == pytest.approx(np.sqrt(10), rel=0.15)
    assert weighted.effective_rows == pytest.approx(40)


def test_effective_rows_by_hand() -> None:
    # (1 + 1 + 2 + 0)² / (1 + 1 + 4 + 0) = 16 / 6
    assert quick(HAND, weights=np.array([1.0, 1.0, 2.0, 0.0])).effective_rows == pytest.approx(
        16 / 6
    )


def test_interval_shrinks_with_rows() -> None:
    """Every row four times over, as rows of their own: half the interval."""
    pair = random_pair()
    copies = np.tile(np.arange(80), 4)
    fourfold = replace(
        pair,
        guids=[str(i) for i in range(320)],
        true=pair.true[copies],
        probabilities=pair.probabilities[:, copies],
    )
    options = {"resamples": 200, "auprc_resamples": 20, "seed": 3}
    once, alone = compare(pair, **options).micro_f1, compare(fourfold, **options).micro_f1
    assert alone.high - alone.low < 0.7 * (once.high - once.low)


# -- what is too little, or does not fit


def test_constant_predictor_and_missing_class() -> None:
    """A says title everywhere; no row is a product, and B predicts one."""
    true = np.repeat([0, 1], 20)
    b = true.copy()
    b[0] = 2
    result = compare(paired(true, np.ones(40, dtype=np.int64), b), resamples=500, min_rows=20)
    # A: TP 20, FP 20 → 40/60; B: TP 20, FP 1 → 40/41
    assert (result.micro_f1.a, result.micro_f1.b) == pytest.approx((200 / 3, 4000 / 41))
    assert result.micro_f1.told_apart
    product = result.per_relation.iloc[2]
    assert product["rows"] == 0
    assert product["few_rows"]
    assert not product["told_apart"]
    missing = ["a", "b", "difference", "low", "high", "p", "p_holm"]
    assert product[missing].isna().all()
    assert result.auprc is not None
    # A's curves are one threshold each, (0, 1) to (1, 1/2): 3/4. B's title is above .1 in its 20
    # rows only: 1. B's none is .8 in 19 of 20 rows, (19/20, 1), then .1 everywhere, (1, 20/40):
    # 19/20 + 1/20 · 3/4. The product has no curve.
    assert result.auprc.a == pytest.approx(75.0)
    assert result.auprc.b == pytest.approx(50 * (1 + 0.95 + 0.0375))


def test_relation_without_a_row_is_never_tested() -> None:
    true = np.repeat([0, 1], 20)
    rows = quick(paired(true, true, np.where(true == 1, 2, true)), min_rows=0).per_relation
    assert rows["p"].isna().tolist() == [False, False, True]
    assert rows["p_holm"].isna().tolist() == [False, False, True]


def test_few_rows_are_never_told_apart() -> None:
    """5 rows, all for B: every resample has the difference 100, which proves little."""
    pair = discordant(5, only_b=5, only_a=0)
    result = quick(pair)
    assert (result.micro_f1.low, result.micro_f1.high) == pytest.approx((100, 100))
    assert not result.micro_f1.told_apart
    assert result.describe()[1] == "5 rows are too few for a test; it takes 20."
    assert quick(pair, min_rows=5).micro_f1.told_apart
    assert not quick(discordant(1, 1, 0), min_rows=0).micro_f1.told_apart


FAULTS = {
    "no row": (lambda: quick(paired(ids(), ids(), ids())), "There is no row to compare"),
    "one model": (
        lambda: quick(replace(HAND, probabilities=HAND.probabilities[:1])),
        r"shape \(1, 4, 3\); with 4 rows and 3 relations it must be \(2, 4, 3\)",
    ),
    "logits": (
        lambda: quick(replace(HAND, probabilities=5 * HAND.probabilities)),
        "Row 0 holds no probabilities",
    ),
    "no label": (lambda: quick(replace(HAND, true=ids(0, 1, -1, 2))), "Row 2 has label id -1"),
    "weights": (lambda: quick(HAND, weights=np.ones(3)), r"Weights have shape \(3,\)"),
}


@pytest.mark.parametrize(("call", "message"), FAULTS.values(), ids=FAULTS)
def test_faults(call: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize("options", [{"resamples": 0}, {"auprc_resamples": -1}])
def test_resamples_must_be_enough(options: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="there must be at least 1, and 0 or more for AUPRC"):
        quick(HAND, **options)


# -- in words, and in files

FOUND = Difference("micro-F1", 70.0, 71.3, 1.3, 0.2, 2.4, 0.0204, True)
SENTENCES = {
    "above": (
        FOUND,
        "B is 1.3 points of micro-F1 above A (95 % interval 0.2 to 2.4, p = 0.02) on 9 rows.",
    ),
    "below": (
        replace(FOUND, difference=-1.3, low=-2.4, high=-0.2, p=0.0004),
        "B is 1.3 points of micro-F1 below A (95 % interval 0.2 to 2.4, p < 0.001) on 9 rows.",
    ),
    "not apart": (
        replace(FOUND, difference=0.34, low=-0.8, high=1.4, p=0.576, told_apart=False),
        "A and B cannot be told apart: B minus A is +0.3 points of micro-F1 (95 % interval -0.8 to "
        "1.4, p = 0.58) on 9 rows.",
    ),
    "nothing at all": (
        replace(FOUND, difference=-0.01, low=-0.02, high=0.01, p=1.0, told_apart=False),
        "A and B cannot be told apart: B minus A is 0.0 points of micro-F1 (95 % interval 0.0 to "
        "0.0, p = 1) on 9 rows.",
    ),
}


@pytest.mark.parametrize(("found", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_sentence(found: Difference, sentence: str) -> None:
    assert found.sentence(("A", "B"), "9 rows") == sentence


RELATIONS = pd.DataFrame(
    {
        "relation": LABELS,
        "rows": [1800, 1400, 1],
        "few_rows": [False, False, True],
        "a": [80.0, 70.0, 0.0],
        "b": [82.0, 65.0, 100.0],
        "difference": [2.0, -5.0, 100.0],
        "low": [0.5, -8.0, 100.0],
        "high": [3.5, -2.0, 100.0],
        "p": [0.01, 0.002, np.nan],
        "p_holm": [0.01, 0.004, np.nan],
        "told_apart": [True, True, False],
    }
)
RESULT = Comparison(
    names=("A", "B"), part="validation", rows=3201, effective_rows=1222.6,
    left_out=(1, 1200), unlabelled=7, min_rows=20, resamples=10_000, auprc_resamples=0, seed=0,
    micro_f1=FOUND, auprc=None, per_relation=RELATIONS,
)  # fmt: skip


def test_describe() -> None:
    assert RESULT.describe() == [
        "B is 1.3 points of micro-F1 above A (95 % interval 0.2 to 2.4, p = 0.02) on 3,201 "
        "validation rows.",
        "Of the 2 relations with at least 20 rows, 2 can be told apart (points of F1, B minus A; "
        "Holm's correction for 2 tests): per:title -5.0, no_relation +2.0.",
        "The rows are re-weighted; they are worth 1,223 unweighted ones.",
        "Left out: 1 rows that A predicts and B not.",
        "Left out: 1,200 rows that B predicts and A not.",
        "Left out: 7 rows without a label.",
    ]


def test_describe_without_findings() -> None:
    none = replace(
        RESULT, per_relation=RELATIONS.assign(told_apart=False), left_out=(0, 0), unlabelled=0,
        effective_rows=3201.0, auprc=replace(FOUND, metric="AUPRC"),
    )  # fmt: skip
    assert none.describe()[1:] == [
        "B is 1.3 points of AUPRC above A (95 % interval 0.2 to 2.4, p = 0.02) on 3,201 validation "
        "rows.",
        "Of the 2 relations with at least 20 rows, none can be told apart (Holm's correction for "
        "2 tests).",
    ]
    untested = replace(none, per_relation=RELATIONS.assign(p_holm=np.nan, told_apart=False))
    assert untested.describe()[2] == "No relation has the 20 rows that a test of it takes."


def test_to_dict_is_json() -> None:
    values = json.loads(json.dumps(RESULT.to_dict(), allow_nan=False))
    assert values["names"] == ["A", "B"]
    assert (values["rows"], values["effective_rows"]) == (3201, 1222.6)
    assert (values["left_out"], values["unlabelled"]) == ([1, 1200], 7)
    assert (values["resamples"], values["auprc_resamples"], values["seed"]) == (10_000, 0, 0)
    assert values["metrics"] == [
        {"metric": "micro-F1", "a": 70.0, "b": 71.3, "difference": 1.3, "low": 0.2, "high": 2.4,
         "p": 0.0204, "told_apart": True},
    ]  # fmt: skip
    assert values["per_relation"][2] == {
        "relation": "org:product", "rows": 1, "few_rows": True, "a": 0.0, "b": 100.0,
        "difference": 100.0, "low": 100.0, "high": 100.0, "p": None, "p_holm": None,
        "told_apart": False,
    }  # fmt: skip
    assert values["description"] == RESULT.describe()


def test_to_dict_of_a_real_result_is_json() -> None:
    """With numpy's own numbers and a relation that no row has."""
    true = np.repeat([0, 1], 20)
    result = compare(paired(true, true, true[::-1]), resamples=50, auprc_resamples=5)
    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert [metric["metric"] for metric in values["metrics"]] == ["micro-F1", "AUPRC"]
    assert values["per_relation"][2]["a"] is None
    assert values["metrics"][0]["difference"] == -100.0


def test_to_dict_rounds() -> None:
    found = replace(FOUND, a=70.0049, difference=-0.0001, p=0.02041239)
    value = replace(RESULT, micro_f1=found).to_dict()["metrics"][0]
    assert (value["a"], value["p"]) == (70.0, 0.020412)
    assert str(value["difference"]) == "0.0"


def test_to_markdown() -> None:
    absent = RELATIONS.assign(low=[-0.001, -8.0, 0.0])
    absent.loc[2, ["a", "b", "difference", "low", "high"]] = np.nan  # a relation without a row
    lines = replace(RESULT, per_relation=absent).to_markdown().splitlines()
    assert lines[:6] == [f"- {sentence}" for sentence in RESULT.describe()]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[6:]]
    assert [row for row in cells if not row or set(row[0]) - set(":-")] == [
        [],
        ["metric", "A", "B", "B minus A", "95 % interval", "p"],
        ["micro-F1", "70.00", "71.30", "+1.30", "+0.20 to +2.40", "0.0204"],
        [],
        ["relation", "rows", "A", "B", "B minus A", "95 % interval", "p (Holm)"],
        ["no_relation", "1800", "80.00", "82.00", "+2.00", "+0.00 to +3.50", "0.0100"],
        ["per:title", "1400", "70.00", "65.00", "-5.00", "-8.00 to -2.00", "0.0040"],
        ["org:product", "1 (few)", "", "", "", "", ""],
    ]
