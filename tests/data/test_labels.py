from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from gwangye.data.labels import label_list, read_labels
from gwangye.errors import DataError

Table = Callable[..., pd.DataFrame]


@pytest.fixture
def frame(table: Table) -> pd.DataFrame:
    names = ["per:title", "org:product", "no_relation", "per:title", None]
    return table(*({"label": name} for name in names))


def test_label_list_puts_negative_first_then_sorts(frame: pd.DataFrame) -> None:
    assert label_list(frame, "no_relation") == ["no_relation", "org:product", "per:title"]


def test_label_list_without_negative_sorts(frame: pd.DataFrame) -> None:
    assert label_list(frame, None) == ["no_relation", "org:product", "per:title"]


def test_label_list_with_absent_negative_raises(frame: pd.DataFrame) -> None:
    message = "'no_relatoin' is the label of no row. Did you mean 'no_relation'.*: null"
    with pytest.raises(DataError, match=message):
        label_list(frame, "no_relatoin")


def test_label_list_of_unlabelled_table_raises(table: Table) -> None:
    with pytest.raises(DataError, match="no row has a label"):
        label_list(table({"label": None}), None)


@pytest.mark.parametrize("text", ['["b", "a"]', '{"relations": ["b", "a"]}'])
def test_read_labels_keeps_the_order(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    assert read_labels(tmp_path / "labels.json") == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('["a", "b", "a"]', "relation 'a' stands twice, as 1 and as 3"),
        ('["a", 3]', "relation 2 is 3, not a name"),
        ('["a", " "]', "relation 2 is ' ', not a name"),
        ("[]", "holds no list of relations"),
        ('{"labels": ["a"]}', "holds no list of relations. Give a JSON list"),
        ("a, b", "this is not JSON in UTF-8"),
    ],
)
def test_read_labels_of_bad_list_raises(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_labels(tmp_path / "labels.json")


def test_read_labels_of_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        read_labels(tmp_path / "labels.json")
