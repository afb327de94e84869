from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwangye.inputs.features.table import FeatureTable
from gwangye.prediction import folds as module
from gwangye.prediction.folds import predict_folds


class Stub:
    """A trained model that says the same of every row."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.config = self
        self.labels = ["no_relation", "per:title"]
        self.pad_token_id = 0


def predict_stubs(
    monkeypatch: pytest.MonkeyPatch, folder: Path, models: dict[str, float], folds: list[int]
) -> pd.DataFrame:
    """Rows a, b of the folds (0, 2) and (1, 2), and the test row t, by models that are stubs."""
    for name in models:
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").touch()

    def load(path: Path) -> tuple[Stub, Stub]:
        stub = Stub(models[path.relative_to(folder).as_posix()])
        return stub, stub

    def predict(model: Stub, table: FeatureTable, *_: object, **__: object) -> np.ndarray:
        return np.array([[model.probability, 1 - model.probability]] * len(table)).reshape(-1, 2)

    monkeypatch.setattr("gwangye.model.relation_model.load_model", load)
    monkeypatch.setattr(module, "predict_probabilities", predict)
    rows = FeatureTable(
        guids=np.array(["a", "b", "t"], dtype=object),
        parts=np.array(["train", "train", "test"], dtype=object),
        folds=np.array([[0, 2], [1, 2], [-1, -1]]),
        label_ids=np.zeros(3, dtype=np.int64),
        truncated=np.zeros(3, dtype=bool),
        entity_positions=np.zeros((3, 2, 4), dtype=np.int32),
        offsets=np.arange(4),
        input_ids=np.zeros(3, dtype=np.int32),
    )
    return predict_folds(folder, rows, folds)


def listed(table: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = [c for c in ("guid", "part", "seed", "no_relation") if c in table.columns]
    return list(table[columns].itertuples(index=False, name=None))


def test_each_fold_predicts_its_own_rows_and_all_of_them_the_test_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models = {"fold_0": 0.25, "fold_1": 0.75}
    assert listed(predict_stubs(monkeypatch, tmp_path, models, [0, 1])) == [
        ("a", "validation", 0.25),
        ("b", "validation", 0.75),
        ("t", "test", 0.5),
    ]


def test_row_of_several_draws_has_their_mean(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models = {"fold_0": 0.25, "fold_2": 0.75}
    assert listed(predict_stubs(monkeypatch, tmp_path, models, [0, 2])) == [
        ("a", "validation", 0.5),
        ("b", "validation", 0.75),
        ("t", "test", 0.5),
    ]


def test_several_seeds_predict_once_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models = {"seed_1": 0.25, "seed_20": 0.75}
    assert listed(predict_stubs(monkeypatch, tmp_path, models, [0])) == [
        ("a", "validation", 1, 0.25),
        ("t", "test", 1, 0.25),
        ("a", "validation", 20, 0.75),
        ("t", "test", 20, 0.75),
    ]


def test_seeds_on_several_folds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models = {"fold_0/seed_1": 0.0, "fold_0/seed_2": 0.5, "fold_1/seed_1": 1.0,
              "fold_1/seed_2": 0.75}  # fmt: skip
    assert listed(predict_stubs(monkeypatch, tmp_path, models, [0, 1])) == [
        ("a", "validation", 1, 0.0),
        ("b", "validation", 1, 1.0),
        ("t", "test", 1, 0.5),
        ("a", "validation", 2, 0.5),
        ("b", "validation", 2, 0.75),
        ("t", "test", 2, 0.625),
    ]
