"""KLUE's metrics on examples worked out by hand, and the mistakes that public code makes.

A test named ``test_mistake_…`` computes what the mistaken version gives, as a literal, and what is
right; both stand beside each other.
"""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    auc,
    average_precision_score,
    f1_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)

from gwangye.errors import DataError
from gwangye.metrics import (
    auprc,
    check_labelled,
    check_weights,
    f1,
    micro_f1,
    negative_id,
    per_relation,
    score,
)

LABELS = ["no_relation", "per:title", "org:product"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


# true, predicted, micro-F1. TP counts rows of positive relations that are right; a positive
# prediction that is wrong is a false positive, a positive row that is missed a false negative.
F1 = {
    "all right": ([0, 1, 2], [0, 1, 2], 100.0),
    # TP 1; FP 1 (title on a no_relation row); FN 0 → 2/3
    "relation for none": ([0, 1], [1, 1], 66.6667),
    # TP 1; FP 1 (product for title); FN 1 → 1/2
    "wrong relation": ([1, 1], [1, 2], 50.0),
    # TP 1; FP 0; FN 1 → 2/3; the right no_relation rows change nothing
    "none for relation": ([1, 2, 0, 0], [1, 0, 0, 0], 66.6667),
    # TP 3; FP 1, FN 1 → 6/8; the mean of the two F1s (6/7 and 0) would be 42.86
    "micro and not macro": ([1, 1, 1, 2], [1, 1, 1, 1], 75.0),
    "only negative rows": ([0, 0], [0, 0], 0.0),
    "no rows": ([], [], 0.0),
}


@pytest.mark.parametrize(("true", "predicted", "expected"), F1.values(), ids=list(F1))
def test_micro_f1(true: list[int], predicted: list[int], expected: float) -> None:
    value = micro_f1(ids(*true), ids(*predicted), LABELS, "no_relation")
    assert value == pytest.approx(expected, abs=1e-3)


def test_f1_of_counts_of_any_shape() -> None:
    assert f1(1, 3) == pytest.approx(200 / 3)
    counts = f1(np.array([[1, 0], [0, 2]]), np.array([[4, 1], [0, 4]]))
    np.testing.assert_array_equal(counts, [[50, 0], [np.nan, 100]])


def test_negative_id() -> None:
    assert negative_id(LABELS, "per:title") == 1
    assert negative_id(LABELS, None) == -1


def test_without_a_negative_label_all_relations_count() -> None:
    # 2 of 3 right: micro-F1 over all classes is accuracy. Without class 0: TP 1, FP 1, FN 1 → 50
    true, predicted = ids(0, 1, 2), ids(0, 1, 1)
    assert micro_f1(true, predicted, LABELS, None) == pytest.approx(66.6667, abs=1e-3)
    assert micro_f1(true, predicted, LABELS, "no_relation") == pytest.approx(50.0)


def test_no_relation_but_the_negative_one() -> None:
    assert micro_f1(ids(0, 0), ids(0, 0), ["no_relation"], "no_relation") == 0.0


def test_negative_label_must_exist() -> None:
    """A misspelt one would count no_relation as a relation: here 100 in place of 0."""
    message = "negative label 'no-relation' is not one of the 3 relations. Did you mean 'no_relat"
    with pytest.raises(DataError, match=message):
        micro_f1(ids(0), ids(0), LABELS, "no-relation")


def test_mistake_dropping_no_relation_rows() -> None:
    """Without the no_relation rows the false positive is not seen."""
    true, predicted = ids(0, 1), ids(1, 1)
    kept = true != 0
    assert 100 * f1_score(true[kept], predicted[kept], average="micro") == 100.0
    assert micro_f1(true, predicted, LABELS, "no_relation") == pytest.approx(66.6667, abs=1e-3)


def test_mistake_averaging_f1_over_batches() -> None:
    """The first two rows have F1 100, the last two 50; all of them TP 2, FP 1, FN 1."""
    true, predicted = ids(1, 0, 1, 1), ids(1, 0, 1, 2)
    batches = [
        micro_f1(true[rows], predicted[rows], LABELS, "no_relation")
        for rows in (slice(0, 2), slice(2, 4))
    ]
    assert np.mean(batches) == 75.0
    assert micro_f1(true, predicted, LABELS, "no_relation") == pytest.approx(66.6667, abs=1e-3)


def test_mistake_excluding_class_0_whatever_its_name() -> None:
    """The excluded class is found by name: here no_relation is last, and 0 and 1 are positive."""
    true, predicted = ids(0, 1), ids(1, 1)
    moved = ["per:title", "org:product", "no_relation"]
    # leaving out class 0: TP 1, FP 1 → 2/3
    mistaken = 100 * f1_score(true, predicted, labels=[1, 2], average="micro")
    assert mistaken == pytest.approx(66.6667, abs=1e-3)
    # TP 1 (product), FP 1 (product for title), FN 1 (title)
    assert micro_f1(true, predicted, moved, "no_relation") == 50.0


def test_mistake_labels_in_another_order_than_the_models() -> None:
    """All rows are right; read with another list of labels, none is."""
    models_order = ["per:title", "org:product", "no_relation"]
    # gold: title, no_relation, product
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]])
    mistaken = score(ids(1, 0, 2), probabilities, LABELS, "no_relation")
    # each gold column holds .1 .1 .8 with gold among the .1: (0,1) (0,0) (1,1/3): 1/6
    assert mistaken == pytest.approx((0.0, 16.6667, 0.0), abs=1e-3)
    right = score(ids(0, 2, 1), probabilities, models_order, "no_relation")
    assert right == (100.0, 100.0, 100.0)


# one relation's curve by hand: scores .9 (true), .8 (false), .7 (true), .1 (false)
TRUE = ids(1, 0, 1, 0)
PROBABILITIES = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])


def test_auprc_by_hand() -> None:
    # class 1, (recall, precision) at thresholds .9 .8 .7 .1:
    #   (0,1) (1/2,1) (1/2,1/2) (1,2/3) (1,1/2); trapezoid: 1/2·1 + 1/2·(1/2 + 2/3)/2 = 0.79167
    # class 0, scores .9 (true) .3 (false) .2 (true) .1 (false): the same curve
    assert auprc(TRUE, PROBABILITIES) == pytest.approx(79.1667, abs=1e-3)


def test_mistake_average_precision_in_place_of_the_trapezoid() -> None:
    # average precision, for both classes: 1/2·1 + 1/2·2/3 = 0.8333
    mistaken = 100 * average_precision_score(np.eye(2)[TRUE], PROBABILITIES, average="macro")
    assert mistaken == pytest.approx(83.3333, abs=1e-3)
    assert auprc(TRUE, PROBABILITIES) == pytest.approx(79.1667, abs=1e-3)


def test_mistake_auprc_without_no_relation() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.5, 0.4], [0.1, 0.6, 0.3]])
    # class 0: ranked perfectly, 1
    # class 1: .6 (false) .5 (true) .1: (0,1) (0,0) (1,1/2) (1,1/3): trapezoid 1·(0 + 1/2)/2 = 1/4
    # class 2: .4 (false) .3 (true) .1: the same, 1/4. Without class 0 the mean is 25.
    table = per_relation(ids(0, 1, 2), probabilities, LABELS)
    assert table["auprc"].tolist() == pytest.approx([100.0, 25.0, 25.0])
    assert auprc(ids(0, 1, 2), probabilities) == pytest.approx(50.0)


def test_mistake_auprc_of_raw_logits() -> None:
    """Logits of two rows have no common scale, so they rank rows wrongly; they are refused."""
    true, logits = ids(1, 0), np.array([[5.0, 6.0], [8.0, 7.0]])
    # class 1: 7 (false) 6 (true): (0,1) (0,0) (1,1/2): 1/4. class 0: 8 (true) 5 (false): 1.
    precision, recall, _ = precision_recall_curve(true == 1, logits[:, 1])
    assert (auc(recall, precision) + 1) / 2 == pytest.approx(0.625)
    with pytest.raises(DataError, match="Row 0 holds no probabilities: values from 5 to 6, sum 11"):
        auprc(true, logits)
    # softmax: class 1 has e/(1 + e) = .731 and .269: both classes are ranked perfectly
    assert auprc(true, np.array([[0.269, 0.731], [0.731, 0.269]])) == 100.0


NO_PROBABILITIES = {
    # sums to 1 all the same
    "below 0": ([2.0, -1.0], "values from -1 to 2, sum 1. Apply a softmax to logits first"),
    "sum above 1": ([0.5, 0.502], "values from 0.5 to 0.502, sum 1"),
    "sum below 1": ([0.5, 0.498], "values from 0.498 to 0.5, sum 0.998"),
    "missing": ([0.5, np.nan], "values from nan to nan, sum nan"),
}


@pytest.mark.parametrize(("row", "message"), NO_PROBABILITIES.values(), ids=list(NO_PROBABILITIES))
def test_row_that_holds_no_probabilities(row: list[float], message: str) -> None:
    for call in (
        lambda p: auprc(ids(0, 1), p),
        lambda p: score(ids(0, 1), p, LABELS[:2], None),
        lambda p: per_relation(ids(0, 1), p, LABELS[:2]),
    ):
        with pytest.raises(DataError, match=f"Row 1 holds no probabilities: {message}"):
            call(np.array([[0.5, 0.5], row]))


def test_rounding_of_the_sum_is_no_fault() -> None:
    assert auprc(ids(0, 1), np.array([[0.6, 0.4005], [0.2, 0.7995]])) == 100.0


def test_relation_without_rows_is_left_out() -> None:
    """As 0 it would make the mean 52.78."""
    probabilities = np.hstack([PROBABILITIES, np.zeros((4, 1))])
    assert auprc(TRUE, probabilities) == pytest.approx(79.1667, abs=1e-3)


def random_case() -> tuple[np.ndarray, np.ndarray]:
    """200 rows of 5 relations; the true one is somewhat more probable than the others."""
    generator = np.random.default_rng(5)
    true = generator.integers(0, 5, 200)
    return true, np.array([generator.dirichlet(1 + np.eye(5)[label]) for label in true])


NAMES = ["no_relation", "a", "b", "c", "d"]


def test_agrees_with_the_benchmarks_own_calls() -> None:
    """KLUE-baseline's formula written out with scikit-learn."""
    true, probabilities = random_case()
    predicted = probabilities.argmax(1)
    f1 = f1_score(true, predicted, labels=[1, 2, 3, 4], average="micro") * 100
    one_hot = np.eye(5)[true]
    areas = []
    for label in range(5):
        precision, recall, _ = precision_recall_curve(one_hot[:, label], probabilities[:, label])
        areas.append(auc(recall, precision))
    scores = score(true, probabilities, NAMES, "no_relation")
    assert scores.micro_f1 == pytest.approx(f1)
    assert scores.auprc == pytest.approx(np.average(areas) * 100)
    assert scores.accuracy == pytest.approx(100 * (true == predicted).mean())
    # the case says something: neither all right nor all wrong, and the three differ
    assert 20 < f1 < 80
    assert len({round(value) for value in scores}) == 3


def test_per_relation_agrees_with_scikit_learn() -> None:
    true, probabilities = random_case()
    table = per_relation(true, probabilities, NAMES)
    expected = precision_recall_fscore_support(true, probabilities.argmax(1), labels=range(5))
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        np.testing.assert_allclose(table[name], 100 * values, err_msg=name)
    assert table["support"].tolist() == expected[3].tolist()
    assert table["auprc"].mean() == pytest.approx(auprc(true, probabilities))


def test_shape_must_fit() -> None:
    message = r"shape \(4, 2\), but there are 4 rows and 3 relations. Predict again"
    with pytest.raises(DataError, match=message):
        score(TRUE, PROBABILITIES, LABELS, "no_relation")
    with pytest.raises(DataError, match=message):
        per_relation(TRUE, PROBABILITIES, LABELS)
    with pytest.raises(DataError, match=r"shape \(4, 2\), but there are 3 rows and 2 relations"):
        score(TRUE[:3], PROBABILITIES, LABELS[:2], None)


def test_rows_without_a_label_have_no_score() -> None:
    """As an index, -1 would mean the last relation."""
    message = r"Row 1 has label id -1; allowed: 0 to 1. Rows without a label \(-1\) have no score"
    with pytest.raises(DataError, match=message):
        micro_f1(ids(0, -1), ids(0, 0), LABELS[:2], None)
    with pytest.raises(DataError, match=message):
        auprc(ids(0, -1, 1, 0), PROBABILITIES)
    with pytest.raises(DataError, match=message):
        per_relation(ids(0, -1, 1, 0), PROBABILITIES, LABELS[:2])


def test_ids_of_other_labels_are_refused() -> None:
    with pytest.raises(DataError, match="Row 0 has label id 2; allowed: 0 to 1."):
        auprc(ids(2, 0, 1, 0), PROBABILITIES)
    with pytest.raises(DataError, match="Row 2 has label id 3; allowed: 0 to 2."):
        micro_f1(ids(0, 0, 0), ids(0, 0, 3), LABELS, None)


def test_no_rows() -> None:
    assert score(ids(), np.zeros((0, 3)), LABELS, "no_relation") == (0.0, 0.0, 0.0)
    table = per_relation(ids(), np.zeros((0, 3)), LABELS)
    assert table["relation"].tolist() == LABELS
    assert table["support"].tolist() == [0, 0, 0]
    assert table["precision"].tolist() == [0.0, 0.0, 0.0]
    assert table[["recall", "f1", "auprc"]].isna().all(axis=None)


def test_constant_predictor() -> None:
    true = ids(0, 0, 1, 2)
    constant = np.tile([0.2, 0.7, 0.1], (4, 1))
    # title everywhere: TP 1, FP 3, FN 1 → 2/6
    # one threshold, so a curve is (0,1) (1, share of rows): (3/4 + 5/8 + 5/8)/3 = 2/3. That a
    # model which knows nothing gets so much is the benchmark's formula; average precision: 1/3.
    expected = (33.3333, 66.6667, 25.0)
    assert score(true, constant, LABELS, "no_relation") == pytest.approx(expected, abs=1e-3)


def test_per_relation() -> None:
    table = per_relation(TRUE, np.hstack([PROBABILITIES, np.zeros((4, 1))]), LABELS)
    assert list(table.columns) == ["relation", "precision", "recall", "f1", "auprc", "support"]
    assert table["relation"].tolist() == LABELS
    # predicted 1 1 1 0: title has TP 2, FP 1; no_relation TP 1, FN 1
    assert table["precision"].tolist() == pytest.approx([100.0, 66.6667, 0.0], abs=1e-3)
    assert table["recall"].tolist()[:2] == [50.0, 100.0]
    assert table["f1"].tolist()[:2] == pytest.approx([66.6667, 80.0], abs=1e-3)
    assert table["auprc"].tolist()[:2] == pytest.approx([79.1667, 79.1667], abs=1e-3)
    assert table["support"].tolist() == [2, 2, 0]
    assert table.loc[2, ["recall", "f1", "auprc"]].isna().all()


def test_relation_that_is_predicted_but_absent_has_precision_0() -> None:
    table = per_relation(ids(0), np.array([[0.1, 0.9]]), LABELS[:2])
    assert table["precision"].tolist() == [0.0, 0.0]
    assert table["recall"].tolist()[0] == 0.0
    assert np.isnan(table["recall"][1])


def test_labelled_rows_must_fit() -> None:
    with pytest.raises(DataError, match=r"shape \(4, 2\), but there are 3 labelled rows"):
        check_labelled(TRUE[:3], PROBABILITIES)
    with pytest.raises(DataError, match="Row 0 has label id 2; allowed: 0 to 1."):
        check_labelled(ids(2, 0, 1, 0), PROBABILITIES)
    with pytest.raises(DataError, match="Row 0 holds no probabilities"):
        check_labelled(TRUE, 2 * PROBABILITIES)


WEIGHTS = {
    "too few": ([1.0], r"Weights have shape \(1,\); give one per row: \(2,\)"),
    "negative": ([1.0, -1.0], "negative or no number"),
    "endless": ([1.0, np.inf], "negative or no number"),
    "missing": ([1.0, np.nan], "negative or no number"),
    "all 0": ([0.0, 0.0], "All weights are 0"),
}


@pytest.mark.parametrize(("weights", "message"), WEIGHTS.values(), ids=list(WEIGHTS))
def test_weights_must_fit(weights: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_weights(np.array(weights), 2)
