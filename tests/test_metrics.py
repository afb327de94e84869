"""KLUE's metrics on examples worked out by hand, and the mistakes that public code makes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, f1_score, precision_recall_curve

from gwangye.errors import DataError
from gwangye.metrics import absent_relations, auprc, micro_f1, per_relation, score

LABELS = ["no_relation", "per:title", "org:product"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


# true, predicted, micro-F1. TP counts rows of positive relations that are right; a positive
# prediction that is wrong is a false positive, a positive row that is missed a false negative.
F1 = [
    ([0, 1, 2], [0, 1, 2], 100.0),
    # TP 1; FP 1 (title on a no_relation row); FN 0 → 2/3
    ([0, 1], [1, 1], 66.6667),
    # TP 1; FP 1 (product for title); FN 1 → 1/2
    ([1, 1], [1, 2], 50.0),
    # TP 1; FP 0; FN 1 → 2/3; the right no_relation rows change nothing
    ([1, 2, 0, 0], [1, 0, 0, 0], 66.6667),
    ([0, 0], [0, 0], 0.0),
    ([], [], 0.0),
]


@pytest.mark.parametrize(("true", "predicted", "expected"), F1)
def test_micro_f1(true: list[int], predicted: list[int], expected: float) -> None:
    value = micro_f1(ids(*true), ids(*predicted), LABELS, "no_relation")
    assert value == pytest.approx(expected, abs=1e-3)


def test_without_a_negative_label_all_relations_count() -> None:
    # 2 of 3 right: micro-F1 over all classes is accuracy
    assert micro_f1(ids(0, 1, 2), ids(0, 1, 1), LABELS, None) == pytest.approx(66.6667, abs=1e-3)


def test_mistake_dropping_no_relation_rows() -> None:
    """Without the no_relation rows the false positive is not seen: 100 in place of 66.67."""
    true, predicted = ids(0, 1), ids(1, 1)
    kept = true != 0
    assert f1_score(true[kept], predicted[kept], average="micro") == 1.0
    assert micro_f1(true, predicted, LABELS, "no_relation") == pytest.approx(66.6667, abs=1e-3)


def test_mistake_averaging_f1_over_batches() -> None:
    """Batches (1, 0) and (1, 2) have F1 1 and 1/2, mean 75; over all rows TP 2, FP 1, FN 1."""
    true, predicted = ids(1, 0, 1, 1), ids(1, 0, 1, 2)
    batches = [micro_f1(true[:2], predicted[:2], LABELS, "no_relation"),
               micro_f1(true[2:], predicted[2:], LABELS, "no_relation")]  # fmt: skip
    assert np.mean(batches) == 75.0
    assert micro_f1(true, predicted, LABELS, "no_relation") == pytest.approx(66.6667, abs=1e-3)


def test_mistake_labels_in_another_order() -> None:
    """The excluded class is found by name, wherever it stands."""
    true, predicted = ids(0, 1), ids(1, 1)  # with no_relation last: title for title, none, …
    moved = ["per:title", "org:product", "no_relation"]
    # ids 0 and 1 are both positive now: TP 1, FP 1, FN 1
    assert micro_f1(true, predicted, moved, "no_relation") == 50.0


# one relation's curve by hand: scores .9 (true), .8 (false), .7 (true), .1 (false)
TRUE = ids(1, 0, 1, 0)
PROBABILITIES = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])


def test_auprc_by_hand() -> None:
    # class 1, (recall, precision) at thresholds .9 .8 .7 .1:
    #   (0,1) (1/2,1) (1/2,1/2) (1,2/3) (1,1/2); trapezoid: 1/2·1 + 1/2·(1/2 + 2/3)/2 = 0.79167
    # class 0, scores .9 (true) .3 (false) .2 (true) .1 (false): the same curve
    assert auprc(TRUE, PROBABILITIES) == pytest.approx(79.1667, abs=1e-3)


def test_mistake_average_precision_in_place_of_the_trapezoid() -> None:
    # average precision: 1/2·1 + 1/2·2/3 = 0.8333
    assert 100 * average_precision_score(TRUE == 1, PROBABILITIES[:, 1]) == pytest.approx(83.3333)
    assert auprc(TRUE, PROBABILITIES) == pytest.approx(79.1667, abs=1e-3)


def test_auprc_includes_no_relation() -> None:
    # class 0 is ranked perfectly (area 1), class 1 too, class 2 has (0,1) (0,0) (1/2... see below
    true = ids(0, 1, 2)
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.5, 0.4], [0.1, 0.6, 0.3]])
    # class 1: .6 (false) .5 (true): (0,1) (0,0) (1,1/2) (1,1/3): trapezoid 1·(0 + 1/2)/2 = 0.25
    # class 2: .4 (false) .3 (true) .1: the same: 0.25;  class 0: 1.  mean 0.5
    assert auprc(true, probabilities) == pytest.approx(50.0)


def test_mistake_logits_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"Row 0 holds no probabilities: values from -1 to 3, sum 2"
    ):
        auprc(ids(0), np.array([[3.0, -1.0]]))


def test_relation_without_rows_is_left_out_and_counted() -> None:
    probabilities = np.hstack([PROBABILITIES, np.zeros((4, 1))])
    assert auprc(TRUE, probabilities) == pytest.approx(79.1667, abs=1e-3)
    assert absent_relations(TRUE, LABELS) == ["org:product"]


def random_case() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    true = generator.integers(0, 3, 200)
    return true, generator.dirichlet(np.ones(3) + 2 * np.eye(3)[true].mean(0), 200)


def test_agrees_with_the_benchmarks_own_calls() -> None:
    """KLUE-baseline's formula written out with scikit-learn."""
    true, probabilities = random_case()
    predicted = probabilities.argmax(1)
    f1 = f1_score(true, predicted, labels=[1, 2], average="micro") * 100
    one_hot = np.eye(3)[true]
    areas = []
    for label in range(3):
        precision, recall, _ = precision_recall_curve(one_hot[:, label], probabilities[:, label])
        areas.append(auc(recall, precision))
    scores = score(true, probabilities, LABELS, "no_relation")
    assert scores.micro_f1 == pytest.approx(f1)
    assert scores.auprc == pytest.approx(np.mean(areas) * 100)
    assert scores.accuracy == pytest.approx(100 * (true == predicted).mean())


def test_shape_must_fit() -> None:
    with pytest.raises(DataError, match=r"shape \(4, 2\), but there are 4 rows and 3 relations"):
        score(TRUE, PROBABILITIES, LABELS, "no_relation")


def test_no_rows() -> None:
    assert score(ids(), np.zeros((0, 3)), LABELS, "no_relation") == (0.0, 0.0, 0.0)


def test_constant_predictor() -> None:
    true = ids(0, 0, 1, 2)
    constant = np.tile([0.2, 0.7, 0.1], (4, 1))
    # title everywhere: TP 1, FP 3, FN 1 → 2/6
    assert score(true, constant, LABELS, "no_relation").micro_f1 == pytest.approx(33.3333, abs=1e-3)


def test_per_relation() -> None:
    table = per_relation(TRUE, np.hstack([PROBABILITIES, np.zeros((4, 1))]), LABELS)
    assert table["relation"].tolist() == LABELS
    # predicted 1 1 1 0: title has TP 2, FP 1; no_relation TP 1, FN 1
    assert table["precision"].tolist() == pytest.approx([100.0, 66.6667, 0.0], abs=1e-3)
    assert table["recall"].tolist()[:2] == [50.0, 100.0]
    assert table["f1"].tolist()[:2] == pytest.approx([66.6667, 80.0], abs=1e-3)
    assert table["support"].tolist() == [2, 2, 0]
    assert table.loc[2, ["recall", "f1", "auprc"]].isna().all()
