from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.examples import Dataset, Task
from gwangye.prediction.ensembling import ENSEMBLES, ensemble_predictions, fit_weights
from gwangye.prediction.tables import prediction_table

LABELS = ["no_relation", "per:title"]
# (members, rows, relations)
TWO = np.array([[[0.6, 0.4], [0.9, 0.1]], [[0.2, 0.8], [0.5, 0.5]]])
TRUE = np.array([0])

COMBINED: dict[str, tuple[dict[str, Any], list[list[float]]]] = {
    "soft": ({}, [[0.4, 0.6], [0.7, 0.3]]),
    # row 1: votes (1, 1), mean (.4, .6): (1.4, 1.6)/3
    # row 2: b finds both equal and votes for the first: votes (2, 0), mean (.7, .3): (2.7, .3)/3
    "hard": ({}, [[0.466667, 0.533333], [0.9, 0.1]]),
    "weighted": ({"weights": {"b": 1.0, "a": 3.0}}, [[0.5, 0.5], [0.8, 0.2]]),
    # so strong a penalty leaves the intercept alone: the shares of the two labels
    "stacking": ({"regularisation": 1e9}, [[0.5, 0.5], [0.5, 0.5]]),
}


def test_every_ensemble_is_in_the_table() -> None:
    assert set(COMBINED) == set(ENSEMBLES)


@pytest.mark.parametrize("name", COMBINED)
def test_combined_probabilities(name: str) -> None:
    options, expected = COMBINED[name]
    ensemble = ENSEMBLES.build({"name": name, **options}, "ensemble")
    combination = ensemble.fit(["a", "b"], TWO, np.array([0, 1]))
    np.testing.assert_allclose(combination.combine(TWO), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["soft", "hard", "weighted"])
def test_one_member_keeps_its_decisions(name: str) -> None:
    ensemble = ENSEMBLES.build({"name": name}, "ensemble")
    alone = np.array([[[0.6, 0.4], [0.2, 0.8]]])
    combination = ensemble.fit(["a"], alone, np.array([0, 0]))
    combined = combination.combine(alone)
    np.testing.assert_allclose(combination.weights, [1.0])
    assert combined.argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(combined.sum(axis=1), 1.0)


def combine(name: str, *members: list[float]) -> list[float]:
    """One row, several members, two or three relations."""
    probabilities = np.array(members)[:, None]
    combination = ENSEMBLES[name]().fit([str(i) for i in range(len(members))], probabilities, TRUE)
    combined: list[float] = combination.combine(probabilities)[0].tolist()
    return combined


def test_hard_vote_goes_by_votes_and_soft_by_the_mean() -> None:
    members = ([0.6, 0.4], [0.6, 0.4], [0.0, 1.0])
    assert combine("soft", *members) == pytest.approx([0.4, 0.6])
    # votes (2, 1), mean (.4, .6): (2.4, 1.6)/4
    assert combine("hard", *members) == pytest.approx([0.6, 0.4])


def test_hard_vote_never_overrules_the_votes() -> None:
    # votes 2, 1 and 0; the means (1.01/3, 1.9899/3, 0.0001/3) speak for the second
    members = ([0.51, 0.49, 0.0], [0.5, 0.4999, 0.0001], [0.0, 1.0, 0.0])
    first, second, third = combine("hard", *members)
    assert first == pytest.approx((2 + 1.01 / 3) / 4)
    assert second == pytest.approx((1 + 1.9899 / 3) / 4)
    assert first > second > third


def test_hard_vote_breaks_ties_by_the_mean() -> None:
    # one vote each, for none and title; the means are (.35, .45, .2)
    members = ([0.5, 0.2, 0.3], [0.2, 0.7, 0.1])
    assert combine("hard", *members) == pytest.approx([1.35 / 3, 1.45 / 3, 0.2 / 3])


def test_fitted_weights_go_to_the_member_that_knows() -> None:
    knows = np.array([[0.9, 0.1], [0.1, 0.9]] * 10)
    guesses = np.full((20, 2), 0.5)
    weights = fit_weights(np.stack([guesses, knows]), np.array([0, 1] * 10))
    np.testing.assert_allclose(weights, [0.0, 1.0], atol=1e-4)


def test_fitted_weights_by_hand() -> None:
    # gold probabilities of a: 1 1 0, of b: 0 0 1. Likelihood w²·(1 - w), highest at w = 2/3
    right, wrong = [1.0, 0.0], [0.0, 1.0]
    members = np.array([[right, right, wrong], [wrong, wrong, right]])
    weights = fit_weights(members, np.array([0, 0, 0]))
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3], atol=1e-4)


def test_fitted_weights_go_by_the_true_relation() -> None:
    # the same members; the true relations are those that b is sure of
    members = np.array([[[0.9, 0.1], [0.9, 0.1]], [[0.1, 0.9], [0.1, 0.9]]])
    np.testing.assert_allclose(fit_weights(members, np.array([1, 1])), [0.0, 1.0], atol=1e-4)
    np.testing.assert_allclose(fit_weights(members, np.array([0, 0])), [1.0, 0.0], atol=1e-4)


def test_members_that_are_sure_and_wrong_do_not_break_the_fit() -> None:
    """The logarithm of 0 is kept away."""
    members = np.array([[[0.0, 1.0]] * 3, [[0.0, 1.0]] * 3])
    weights = fit_weights(members, np.array([0, 0, 0]))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()


def test_fitting_needs_rows() -> None:
    with pytest.raises(DataError, match="there are no validation rows"):
        fit_weights(np.zeros((2, 0, 2)), np.zeros(0, dtype=int))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": 1.0}, "differ by b: give one weight per member, or weights: null to fit"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, "differ by c: give one weight per member"),
        ({"a": 1.0, "B": 1.0}, "differ by B, b: give one weight per member"),
        ({"a": 0.0, "b": 0.0}, "are all 0. At least one must be above 0"),
    ],
)
def test_given_weights_must_fit(weights: dict[str, float], message: str) -> None:
    ensemble = ENSEMBLES.build({"name": "weighted", "weights": weights}, "ensemble")
    with pytest.raises(ParameterError, match=message):
        ensemble.fit(["a", "b"], TWO, np.array([0, 1]))


@pytest.mark.parametrize(
    ("weight", "message"),
    [(-1.0, "greater than or equal to 0"), (float("inf"), "a finite number")],
)
def test_weight_that_is_none(weight: float, message: str) -> None:
    with pytest.raises(ParameterError, match=rf"ensemble.weights.a: Input should be {message}"):
        ENSEMBLES.build({"name": "weighted", "weights": {"a": weight}}, "ensemble")


def dataset() -> Dataset:
    """v1 is no_relation, v2 per:title; u has no label."""
    train = pd.DataFrame(
        {"guid": ["v2", "v1", "u"], "label": ["per:title", "no_relation", None]}, dtype="object"
    ).assign(fold=0)
    return Dataset(train, pd.DataFrame(), Task(LABELS, "no_relation", ["PER"]))


Rows = dict[str, list[float]]


def table(validation: Rows, test: Rows) -> pd.DataFrame:
    return pd.concat(
        prediction_table(list(rows), part, np.array(list(rows.values())).reshape(-1, 2), LABELS)
        for part, rows in (("validation", validation), ("test", test))
    )


def test_members_are_lined_up_by_guid_and_part() -> None:
    # the same guid stands in both parts, and the second member has another order
    a = table({"v1": [1.0, 0.0], "v2": [0.0, 1.0]}, {"v1": [0.5, 0.5]})
    b = table({"v2": [0.0, 1.0], "v1": [0.5, 0.5]}, {"v1": [0.0, 1.0]})
    combined, weights = ensemble_predictions(ENSEMBLES["soft"](), {"a": a, "b": b}, dataset())
    assert combined["guid"].tolist() == ["v1", "v2", "v1"]
    assert combined["part"].tolist() == ["validation", "validation", "test"]
    assert combined.index.tolist() == [0, 1, 2]
    np.testing.assert_allclose(combined[LABELS], [[0.75, 0.25], [0.0, 1.0], [0.25, 0.75]])
    assert weights == {"a": 0.5, "b": 0.5}


def test_hard_vote_of_tables() -> None:
    members = {
        "a": table({"v1": [0.6, 0.4]}, {"t": [0.2, 0.8]}),
        "b": table({"v1": [0.6, 0.4]}, {"t": [0.2, 0.8]}),
        "c": table({"v1": [0.0, 1.0]}, {"t": [0.2, 0.8]}),
    }
    combined, weights = ensemble_predictions(ENSEMBLES["hard"](), members, dataset())
    # v1: (2.4, 1.6)/4; t: votes (0, 3), mean (.2, .8): (.2, 3.8)/4
    np.testing.assert_allclose(combined[LABELS], [[0.6, 0.4], [0.05, 0.95]], rtol=1e-6)
    assert weights == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})


def test_weights_are_fitted_on_the_validation_labels_alone() -> None:
    """On the test row the other member is the surer one; it changes nothing."""
    right = table({"v1": [0.9, 0.1], "v2": [0.1, 0.9]}, {"t": [0.5, 0.5]})
    wrong = table({"v1": [0.1, 0.9], "v2": [0.9, 0.1]}, {"t": [1.0, 0.0]})
    members = {"wrong": wrong, "right": right}
    combined, weights = ensemble_predictions(ENSEMBLES["weighted"](), members, dataset())
    assert weights == pytest.approx({"wrong": 0.0, "right": 1.0}, abs=1e-6)
    np.testing.assert_allclose(combined[LABELS].iloc[2], [0.5, 0.5], atol=1e-6)


def test_stacking_believes_each_member_in_what_it_knows() -> None:
    """`a` tells the first relation from the others, `b` the second from the third."""
    a = [[0.9, 0.05, 0.05], [0.05, 0.475, 0.475], [0.05, 0.475, 0.475]]
    b = [[0.2, 0.4, 0.4], [0.2, 0.7, 0.1], [0.2, 0.1, 0.7]]
    members = np.array([a * 20, b * 20])
    combination = ENSEMBLES["stacking"]().fit(["a", "b"], members, np.array([0, 1, 2] * 20))
    stacked = combination.combine(members[:, :3])
    assert stacked.argmax(axis=1).tolist() == [0, 1, 2]
    assert (stacked.max(axis=1) > members.mean(axis=0)[:3].max(axis=1) + 0.2).all()
    np.testing.assert_allclose(stacked.sum(axis=1), 1.0)
    assert combination.weights.sum() == pytest.approx(1.0)


def test_stacking_gives_a_relation_it_never_saw_no_probability() -> None:
    members = np.array([[[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]] * 5])
    combination = ENSEMBLES["stacking"]().fit(["a"], members, np.array([0, 2] * 5))
    combined = combination.combine(members)
    assert combined[:, 1].tolist() == [0.0] * 10
    assert combined.argmax(axis=1).tolist() == [0, 2] * 5


@pytest.mark.parametrize("true", [[], [1], [1, 1]])
def test_stacking_needs_two_relations(true: list[int]) -> None:
    with pytest.raises(DataError, match="hold fewer than two relations. Use more rows, or"):
        ENSEMBLES["stacking"]().fit(["a"], np.full((1, len(true), 2), 0.5), np.array(true, int))


def test_fitted_ensemble_learns_nothing_from_the_rows_it_is_scored_on() -> None:
    """In fold 0 `x` is right and `y` wrong; in fold 1 it is the other way round."""
    train = pd.DataFrame(
        {"guid": ["v0", "v1", "v2", "v3"], "label": ["no_relation", "per:title"] * 2},
        dtype="object",
    ).assign(fold=[0, 0, 1, 1])
    split = Dataset(train, pd.DataFrame(), Task(LABELS, "no_relation", ["PER"]))
    right, wrong = [[0.9, 0.1], [0.1, 0.9]], [[0.1, 0.9], [0.9, 0.1]]
    x = table(dict(zip(train["guid"], [*right, *wrong], strict=True)), {"t": [0.9, 0.1]})
    y = table(dict(zip(train["guid"], [*wrong, *right], strict=True)), {"t": [0.1, 0.9]})
    combined, weights = ensemble_predictions(ENSEMBLES["weighted"](), {"x": x, "y": y}, split)
    # each fold is combined by whom the other fold believes, and that one is wrong here
    np.testing.assert_allclose(combined[LABELS].iloc[:4], [*wrong, *wrong], atol=1e-6)
    # the test row by all four rows, where both are right equally often
    assert weights == pytest.approx({"x": 0.5, "y": 0.5}, abs=1e-3)
    np.testing.assert_allclose(combined[LABELS].iloc[4], [0.5, 0.5], atol=1e-3)


def test_with_one_fold_the_fit_is_on_all_its_rows() -> None:
    right = table({"v1": [0.9, 0.1], "v2": [0.1, 0.9]}, {})
    wrong = table({"v1": [0.1, 0.9], "v2": [0.9, 0.1]}, {})
    combined, _ = ensemble_predictions(
        ENSEMBLES["weighted"](), {"wrong": wrong, "right": right}, dataset()
    )
    np.testing.assert_allclose(combined[LABELS], [[0.9, 0.1], [0.1, 0.9]], atol=1e-6)


def test_given_weights_go_by_name() -> None:
    ensemble = ENSEMBLES.build({"name": "weighted", "weights": {"b": 1, "a": 3}}, "ensemble")
    members = {"a": table({}, {"t": [1.0, 0.0]}), "b": table({}, {"t": [0.0, 1.0]})}
    combined, weights = ensemble_predictions(ensemble, members, dataset())
    assert weights == {"a": 0.75, "b": 0.25}
    np.testing.assert_allclose(combined[LABELS], [[0.75, 0.25]])


def test_no_test_rows() -> None:
    member = table({"v1": [0.75, 0.25]}, {})
    combined, _ = ensemble_predictions(ENSEMBLES["soft"](), {"a": member, "b": member}, dataset())
    assert combined["part"].tolist() == ["validation"]
    assert combined[LABELS].dtypes.tolist() == ["float32", "float32"]


def test_members_of_different_splits_are_refused() -> None:
    a = table({"v1": [1.0, 0.0]}, {"t1": [0.5, 0.5]})
    b = table({"v1": [1.0, 0.0]}, {"t2": [0.5, 0.5]})
    with pytest.raises(DataError, match="'b' and 'a' do not predict the same rows: 2 differ"):
        ensemble_predictions(ENSEMBLES["soft"](), {"a": a, "b": b}, dataset())


@pytest.mark.parametrize("guid", ["q", "u"])
def test_validation_row_without_a_label_in_the_split_is_refused(guid: str) -> None:
    members = {"a": table({"v1": [1.0, 0.0], guid: [1.0, 0.0]}, {})}
    message = f"1 predicted validation rows are not labelled rows of the split, first '{guid}'"
    with pytest.raises(DataError, match=message):
        ensemble_predictions(ENSEMBLES["soft"](), members, dataset())
