"""Effects by hand, and what their intervals may claim."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset, Task, make_frame
from gwangye.experiments.effects import Trained, effects
from gwangye.prediction.tables import prediction_table

TASK = Task(["no_relation", "per:title"], "no_relation", ["PER"])
TRUE = np.array([1, 1, 1, 1, 0, 0, 0, 0] * 10)


def frame(prefix: str) -> pd.DataFrame:
    rows = len(TRUE)
    columns = {
        "guid": [f"{prefix}{i:03}" for i in range(rows)],
        "sentence": ["가 나"] * rows,
        **{f"{role}_word": [word] * rows for role, word in (("subject", "가"), ("object", "나"))},
        **{f"{role}_start": [at] * rows for role, at in (("subject", 0), ("object", 2))},
        **{f"{role}_end": [at] * rows for role, at in (("subject", 1), ("object", 3))},
        **{f"{role}_type": ["PER"] * rows for role in ("subject", "object")},
        "label": [TASK.labels[label] for label in TRUE],
        "source": [None] * rows,
        "fold": [0] * rows,
    }
    return make_frame(columns)


DATASET = Dataset(frame("v"), frame("t"), TASK)
OTHER = Dataset(frame("w"), frame("t"), TASK)


def predictions(dataset: Dataset, missed: int) -> pd.DataFrame:
    """Predict all right, but for so many of every eight rows: titles, the first ones, missed."""
    chosen = np.where(np.arange(len(TRUE)) % 8 < missed, 0, TRUE)
    parts = [
        prediction_table(table["guid"].tolist(), part, 0.1 + 0.8 * np.eye(2)[chosen], TASK.labels)
        for part, table in (("validation", dataset.train), ("test", dataset.test))
    ]
    # another order than the other models': rows are found by guid
    return pd.concat(parts).sample(frac=1, random_state=missed)


def train(
    factor: str,
    alternative: str,
    seed: int,
    missed: int,
    dataset: Dataset = DATASET,
    **rest: object,
) -> Trained:
    return Trained(factor, alternative, seed, predictions(dataset, missed), dataset, **rest)


def pick(table: pd.DataFrame, alternative: str, column: str = "test") -> dict:
    chosen = table[
        (table["alternative"] == alternative)
        & (table["column"] == column)
        & (table["metric"] == "micro_f1")
    ]
    assert len(chosen) == 1
    return chosen.iloc[0].to_dict()


def test_scores_and_differences_are_those_by_hand() -> None:
    """F1 = 2TP / (2TP + FN): of four titles, 1 missed 6/7, 2 missed 4/6, 3 missed 2/5."""
    trained = [
        train("", "base", 1, 2),
        train("", "base", 2, 3),
        train("loss", "better", 1, 1),
        train("loss", "better", 2, 2),
    ]
    table = effects(trained, resamples=200)

    base, better = pick(table, "base"), pick(table, "better")
    assert base["score"] == pytest.approx((66.6667 + 40) / 2, abs=1e-3)
    assert base["sd"] == pytest.approx(26.6667 / 2**0.5, abs=1e-3)
    assert better["score"] == pytest.approx((85.7143 + 66.6667) / 2, abs=1e-3)
    assert better["difference"] == pytest.approx((85.7143 - 66.6667 + 66.6667 - 40) / 2, abs=1e-3)
    assert (better["seeds"], better["rows"], better["paired"]) == (2, 80, True)
    assert 0 < better["low"] < better["difference"] < better["high"]
    assert np.isnan(base["p"])
    assert np.isnan(base["difference"])


def test_equal_predictions_differ_by_nothing() -> None:
    table = effects([train("", "base", 1, 2), train("x", "same", 1, 2)], resamples=100)
    same = pick(table, "same")
    assert (same["difference"], same["low"], same["high"], same["p"]) == (0, 0, 0, 1)


def test_seeds_that_disagree_widen_the_interval() -> None:
    """Both alternatives gain the same on average; only one gains the same with each seed."""
    base = [train("", "base", seed, 2) for seed in (1, 2)]
    steady = [train("x", "steady", seed, 1) for seed in (1, 2)]
    shaky = [train("x", "shaky", 1, 3), train("x", "shaky", 2, 0)]
    table = effects([*base, *steady, *shaky], resamples=400)

    widths = {
        name: pick(table, name)["high"] - pick(table, name)["low"] for name in ("steady", "shaky")
    }
    # of two seeds one is drawn: the interval reaches both seeds' differences, -26.7 and +33.3
    assert widths["shaky"] > 60
    assert widths["steady"] < 30
    assert pick(table, "shaky")["p"] > 0.5


def test_compared_on_the_seeds_that_both_have() -> None:
    trained = [
        train("", "base", 1, 2),
        train("", "base", 2, 3),
        train("loss", "unfinished", 1, 2),
    ]
    row = pick(effects(trained, resamples=50), "unfinished")
    assert (row["difference"], row["seeds"]) == (0, 1)
    assert np.isnan(row["sd"])


def test_other_validation_rows_are_not_paired_and_test_rows_are() -> None:
    trained = [train("", "base", 1, 2), train("split", "other", 1, 2, OTHER)]
    table = effects(trained, resamples=200)

    validation, test = (pick(table, "other", column) for column in ("validation", "test"))
    assert (validation["paired"], test["paired"]) == (False, True)
    assert validation["difference"] == 0
    assert validation["low"] < -5  # independent rows: a difference that is there by chance
    assert validation["high"] > 5
    assert (test["low"], test["high"]) == (0, 0)


def test_reweighted_column_follows_the_target() -> None:
    """Nine of ten rows of the target are titles: the titles that are missed weigh more."""
    target = Target({"per:title": 0.9, "no_relation": 0.1}, "given", {})
    trained = [
        train("", "base", 1, 2, target=target),
        train("x", "false ones", 1, 2, target=target),
    ]
    table = effects(trained, resamples=50)
    assert set(table["column"]) == {"validation", "validation_reweighted", "test"}
    # F1 does not change: no false positives, and 2TP / (2TP + FN) has the titles' weight throughout
    assert pick(table, "base", "validation_reweighted")["score"] == pytest.approx(66.67, abs=0.01)


def test_p_is_corrected_for_the_number_of_alternatives() -> None:
    trained = [train("", "base", 1, 2), train("x", "a", 1, 1), train("x", "b", 1, 2)]
    table = effects(trained, resamples=199)
    a, b = pick(table, "a"), pick(table, "b")
    assert a["p_holm"] == pytest.approx(2 * a["p"])
    assert b["p_holm"] == 1


def test_minutes_are_the_mean_over_seeds_that_are_known() -> None:
    trained = [
        train("", "base", 1, 2, train_seconds=60.0),
        train("", "base", 2, 2, train_seconds=120.0),
        train("", "base", 3, 2),
        train("x", "cached", 1, 2),
    ]
    table = effects(trained, resamples=20)
    assert pick(table, "base")["minutes"] == 1.5
    assert np.isnan(pick(table, "cached")["minutes"])


def test_base_must_be_there() -> None:
    with pytest.raises(DataError, match="The base was not trained"):
        effects([train("x", "a", 1, 1)])


def test_common_seed_must_be_there() -> None:
    with pytest.raises(DataError, match="none of the base's seeds"):
        effects([train("", "base", 1, 2), train("x", "a", 2, 1)], resamples=10)
