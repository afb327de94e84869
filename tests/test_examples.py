from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.examples import Dataset, Task, make_frame
from gwangye.files import write_json

LABELS = ["no_relation", "per:title"]
TASK = Task(LABELS, "no_relation", ["PER", "POH"])


def frame(labels: dict[str, str | None], *, fold: int | None = None) -> pd.DataFrame:
    """Canonical rows of one sentence, the label by guid: "한서연은 대표이다.", 한서연 and 대표."""
    columns = {
        "guid": list(labels),
        "sentence": ["한서연은 대표이다."] * len(labels),
        "subject_word": ["한서연"] * len(labels),
        "subject_start": [0] * len(labels),
        "subject_end": [3] * len(labels),
        "subject_type": ["PER"] * len(labels),
        "object_word": ["대표"] * len(labels),
        "object_start": [5] * len(labels),
        "object_end": [7] * len(labels),
        "object_type": ["POH"] * len(labels),
        "label": list(labels.values()),
        "source": [None] * len(labels),
    }
    return make_frame(columns if fold is None else {**columns, "fold": [fold] * len(labels)})


def test_label_ids_and_missing_labels() -> None:
    table = pd.DataFrame({"label": ["per:title", None, "no_relation", float("nan")]}, dtype=object)
    assert TASK.label_ids(table).tolist() == [1, -1, 0, -1]


def test_label_ids_of_no_rows() -> None:
    ids = TASK.label_ids(pd.DataFrame({"label": []}, dtype=object))
    assert ids.shape == (0,)
    assert ids.dtype == "int64"


def test_label_that_is_no_relation_is_refused() -> None:
    """As -1 it would pass for a missing label."""
    table = pd.DataFrame({"label": ["per:title", "per:titel", None, "x"]}, dtype=object)
    message = (
        "2 rows have a label that is not one of the 2 relations, first 'per:titel'. "
        "Did you mean 'per:title'? Allowed: no_relation, per:title."
    )
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        TASK.label_ids(table)


def test_negative_label_must_be_a_relation() -> None:
    """Else micro-F1 would count it as a relation: rows that are easy to get right."""
    with pytest.raises(
        DataError, match="negative label 'none' is not one of the 2 relations."
    ) as e:
        Task(LABELS, "none", ["PER"])
    assert "set data.negative_label: null" in str(e.value)


def test_relations_may_have_no_negative_label() -> None:
    assert Task(["a"], None, []).negative_label is None


def test_task_round_trip(tmp_path: Path) -> None:
    TASK.write(tmp_path / "task.json")
    assert Task.read(tmp_path / "task.json") == TASK
    assert json.loads((tmp_path / "task.json").read_text(encoding="utf-8")) == {
        "labels": ["no_relation", "per:title"],
        "negative_label": "no_relation",
        "entity_types": ["PER", "POH"],
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [("{", "JSONDecodeError"), ('{"labels": []}', "KeyError"), ("[]", "TypeError")],
)
def test_file_that_is_no_task(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "task.json").write_text(text, encoding="utf-8")
    message = rf"task.json: labels, negative_label and entity_types cannot be read: {found}\(.*"
    with pytest.raises(DataError, match=message + "Run `dvc repro split`"):
        Task.read(tmp_path / "task.json")


def test_dataset_round_trip(tmp_path: Path) -> None:
    dataset = Dataset(
        frame({"a": "per:title", "b": "no_relation"}, fold=2), frame({"t": None}), TASK
    )
    dataset.write(tmp_path / "deep" / "split")
    again = Dataset.read(tmp_path / "deep" / "split")
    pd.testing.assert_frame_equal(again.train, dataset.train)
    pd.testing.assert_frame_equal(again.test, dataset.test)
    assert again.task == TASK
    assert again.train["fold"].tolist() == [2, 2]
    assert "fold" not in again.test
    assert again.test["label"].tolist() == [None]


def test_no_rows_to_predict(tmp_path: Path) -> None:
    Dataset(frame({"a": "per:title"}, fold=0), frame({}), TASK).write(tmp_path)
    again = Dataset.read(tmp_path)
    assert len(again.test) == 0
    assert again.labelled("test")["guid"].tolist() == []


def test_labelled_rows_by_part() -> None:
    test = frame({"t1": None, "t2": "no_relation", "t3": None})
    dataset = Dataset(frame({"a": "per:title"}, fold=0), test, TASK)
    assert dataset.labelled("validation")["guid"].tolist() == ["a"]
    assert dataset.labelled("test")["guid"].tolist() == ["t2"]


def test_folder_that_is_no_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no split. Run `dvc repro split`"):
        Dataset.read(tmp_path)


def test_split_with_a_file_missing(tmp_path: Path) -> None:
    TASK.write(tmp_path / "task.json")
    with pytest.raises(DataError, match="train.parquet: there is no such file."):
        Dataset.read(tmp_path)


def test_json_keeps_korean_readable(tmp_path: Path) -> None:
    write_json({"관계": 1}, tmp_path / "deep" / "x.json")
    text = (tmp_path / "deep" / "x.json").read_text(encoding="utf-8")
    assert text == '{\n  "관계": 1\n}\n'


def test_rows_in_the_order_of_their_guids() -> None:
    dataset = Dataset(frame({"a": "per:title", "b": None, "c": None}), frame({"a": None}), TASK)
    assert dataset.rows("validation", ["c", "a"])["guid"].tolist() == ["c", "a"]
    assert dataset.rows("validation", ["a"])["label"].tolist() == ["per:title"]
    assert dataset.rows("test", ["a"])["label"].isna().all()
    assert len(dataset.rows("test", [])) == 0


def test_row_that_is_not_in_the_split() -> None:
    dataset = Dataset(frame({"a": None}), frame({}), TASK)
    message = "2 predicted validation rows are not in the split, first 'x'. Run `dvc repro` so that"
    with pytest.raises(DataError, match=message):
        dataset.rows("validation", ["a", "x", "y"])
