"""DVCLive's tables, as one table per curve."""

from __future__ import annotations

from pathlib import Path

import pytest
from dvclive import Live
from transformers import TrainerControl, TrainerState

from gwangye.evaluation.curves import read_curves
from gwangye.training.trainer import LearningCurves


def log(folder: Path, *entries: tuple[int, dict[str, float]]) -> None:
    """Record what the Trainer logs, as training does."""
    with Live(str(folder), dvcyaml=None, save_dvc_exp=False, report=None) as live:
        curves = LearningCurves(live)
        for step, logs in entries:
            state = TrainerState(global_step=step)
            curves.on_log(None, state, TrainerControl(), logs=logs)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Variant a has two folds, b one run; what the Trainer logs at the end is in it too."""
    log(tmp_path / "a" / "fold_10", (10, {"loss": 3.0}))
    log(tmp_path / "a" / "fold_2", (10, {"loss": 2.0}), (20, {"loss": 1.0}))
    log(
        tmp_path / "b",
        (10, {"loss": 0.123456, "learning_rate": 0.1}),
        (20, {"eval_micro_f1": 50.0, "eval_loss": 0.5}),
        (20, {"train_loss": 0.7, "train_runtime": 3.0}),
    )
    return tmp_path


def test_training_loss_of_all_runs(folder: Path) -> None:
    table = read_curves(folder, ["b", "a"])["loss"]
    assert list(table.columns) == ["step", "value", "line", "variant"]
    assert table.to_numpy().tolist() == [
        [10, 0.1235, "b", "b"],
        [10, 2.0, "a, fold 2", "a"],
        [20, 1.0, "a, fold 2", "a"],
        [10, 3.0, "a, fold 10", "a"],
    ]


def test_validation_curves(folder: Path) -> None:
    curves = read_curves(folder, ["a", "b"])
    assert curves["micro_f1"].to_numpy().tolist() == [[20, 50.0, "b", "b"]]
    assert curves["validation_loss"].to_numpy().tolist() == [[20, 0.5, "b", "b"]]


def test_curve_that_no_run_has_is_an_empty_table(folder: Path) -> None:
    table = read_curves(folder, ["a", "gone"])["auprc"]
    assert (list(table.columns), len(table)) == (["step", "value", "line", "variant"], 0)
