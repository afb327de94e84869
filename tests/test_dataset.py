from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from gwangye.dataset import Dataset, Task, write_json
from gwangye.errors import DataError, did_you_mean
from gwangye.folders import fold_folder, model_folders

TASK = Task(["none", "a"], "none", ["PER"])


def test_label_ids_and_missing_labels() -> None:
    frame = pd.DataFrame({"label": ["a", None, "none"]}, dtype="object")
    assert TASK.label_ids(frame).tolist() == [1, -1, 0]


def test_task_round_trip(tmp_path: Path) -> None:
    TASK.write(tmp_path / "task.json")
    assert Task.read(tmp_path / "task.json") == TASK


def test_folder_that_is_no_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no split. Run `dvc repro split`"):
        Dataset.read(tmp_path)


def test_json_keeps_korean_readable(tmp_path: Path) -> None:
    write_json({"관계": 1}, tmp_path / "deep" / "x.json")
    text = (tmp_path / "deep" / "x.json").read_text(encoding="utf-8")
    assert text == '{\n  "관계": 1\n}\n'
    assert json.loads(text) == {"관계": 1}


def test_one_fold_is_the_variants_own_folder() -> None:
    assert fold_folder(Path("models/a"), 3, [3]) == Path("models/a")
    assert fold_folder(Path("models/a"), 3, [0, 3]) == Path("models/a/fold_3")


def test_folders_of_the_models(tmp_path: Path) -> None:
    for name in ("single", "several/fold_0", "several/fold_10", "several/fold_2"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.json").touch()
    assert model_folders(tmp_path / "single") == [tmp_path / "single"]
    found = {path.name for path in model_folders(tmp_path / "several")}
    assert found == {"fold_0", "fold_2", "fold_10"}


def test_nearest_name_is_offered() -> None:
    assert did_you_mean("gama", ["gamma", "beta"]) == "Did you mean 'gamma'? Allowed: beta, gamma."
    assert did_you_mean("qqq", ["gamma", "beta"]) == "Allowed: beta, gamma."
