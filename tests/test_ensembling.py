from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gwangye.dataset import Dataset, Task
from gwangye.ensembling import ENSEMBLES, ensemble_predictions, fit_weights
from gwangye.errors import DataError, ParameterError
from gwangye.predictions import prediction_table

LABELS = ["no_relation", "per:title"]
# (members, rows, relations)
TWO = np.array([[[0.6, 0.4], [0.9, 0.1]], [[0.2, 0.8], [0.5, 0.5]]])

COMBINED = {
    "soft": ({}, [[0.4, 0.6], [0.7, 0.3]]),
    "weighted": ({"weights": {"a": 3.0, "b": 1.0}}, [[0.5, 0.5], [0.8, 0.2]]),
}


def test_every_ensemble_is_in_the_table() -> None:
    assert set(COMBINED) == set(ENSEMBLES)


@pytest.mark.parametrize("name", COMBINED)
def test_combined_probabilities(name: str) -> None:
    options, expected = COMBINED[name]
    ensemble = ENSEMBLES.build({"name": name, **options}, "ensemble")
    weights = ensemble.member_weights(["a", "b"], TWO, np.array([0, 1]))
    np.testing.assert_allclose(ensemble.combine(TWO, weights), expected)


def test_fitted_weights_go_to_the_member_that_knows() -> None:
    knows = np.array([[0.9, 0.1], [0.1, 0.9]] * 10)
    guesses = np.full((20, 2), 0.5)
    weights = fit_weights(np.stack([knows, guesses]), np.array([0, 1] * 10))
    np.testing.assert_allclose(weights, [1.0, 0.0], atol=1e-4)


def test_fitted_weights_by_hand() -> None:
    # gold probabilities (0.8, 0.2) and (0.2, 0.8): log loss of w·a + (1-w)·b is symmetric in w
    members = np.array([[[0.8, 0.2], [0.8, 0.2]], [[0.2, 0.8], [0.2, 0.8]]])
    np.testing.assert_allclose(fit_weights(members, np.array([0, 1])), [0.5, 0.5], atol=1e-6)


def test_fitting_needs_rows() -> None:
    with pytest.raises(DataError, match="there are no validation rows"):
        fit_weights(np.zeros((2, 0, 2)), np.zeros(0, dtype=int))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": 1.0}, "differ by 'b': give one weight per member"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, "differ by 'c': give one weight per member"),
        ({"a": 0.0, "b": 0.0}, "are all 0. At least one must be above 0"),
    ],
)
def test_given_weights_must_fit(weights: dict[str, float], message: str) -> None:
    ensemble = ENSEMBLES.build({"name": "weighted", "weights": weights}, "ensemble")
    with pytest.raises(ParameterError, match=message):
        ensemble.member_weights(["a", "b"], TWO, np.array([0, 1]))


def test_negative_weight_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"ensemble.weights.a: Input should be greater than"):
        ENSEMBLES.build({"name": "weighted", "weights": {"a": -1.0}}, "ensemble")


def dataset() -> Dataset:
    train = pd.DataFrame({"guid": ["v2", "v1"], "label": ["per:title", "no_relation"]})
    return Dataset(train, pd.DataFrame(), Task(LABELS, "no_relation", ["PER"]))


def table(validation: dict[str, list[float]], test: dict[str, list[float]]) -> pd.DataFrame:
    parts = [("validation", validation), ("test", test)]
    return pd.concat(
        prediction_table(list(rows), part, np.array(list(rows.values())), LABELS)
        for part, rows in parts
    )


def test_members_are_lined_up_by_guid_and_part() -> None:
    # the same guid stands in both parts, and the second member has another order
    a = table({"v1": [1.0, 0.0], "v2": [0.0, 1.0]}, {"v1": [0.5, 0.5]})
    b = table({"v2": [0.0, 1.0], "v1": [0.5, 0.5]}, {"v1": [0.0, 1.0]})
    combined, weights = ensemble_predictions(ENSEMBLES["soft"](), {"a": a, "b": b}, dataset())
    assert combined["guid"].tolist() == ["v1", "v2", "v1"]
    assert combined["part"].tolist() == ["validation", "validation", "test"]
    np.testing.assert_allclose(combined[LABELS], [[0.75, 0.25], [0.0, 1.0], [0.25, 0.75]])
    assert weights == {"a": 0.5, "b": 0.5}


def test_weights_are_fitted_on_the_validation_labels() -> None:
    right = table({"v1": [0.9, 0.1], "v2": [0.1, 0.9]}, {"t": [0.5, 0.5]})
    wrong = table({"v1": [0.1, 0.9], "v2": [0.9, 0.1]}, {"t": [0.5, 0.5]})
    members = {"wrong": wrong, "right": right}
    _, weights = ensemble_predictions(ENSEMBLES["weighted"](), members, dataset())
    assert weights == pytest.approx({"wrong": 0.0, "right": 1.0}, abs=1e-6)


def test_members_of_different_splits_are_refused() -> None:
    a = table({"v1": [1.0, 0.0]}, {"t1": [0.5, 0.5]})
    b = table({"v1": [1.0, 0.0]}, {"t2": [0.5, 0.5]})
    with pytest.raises(DataError, match="'b' and 'a' do not predict the same rows: 2 differ"):
        ensemble_predictions(ENSEMBLES["soft"](), {"a": a, "b": b}, dataset())
