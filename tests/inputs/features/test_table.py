from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gwangye.errors import DataError
from gwangye.inputs.features.table import FeatureTable, read_features, write_features


def make_table(rows: list[int], *, segments: bool = True) -> FeatureTable:
    """Make rows that are filled with their number: row 3 has 3 tokens "3", positions of 3."""
    tokens = np.repeat(rows, rows)
    return FeatureTable(
        guids=np.array([f"g{n}" for n in rows], dtype=object),
        parts=np.array(["test" if n > 3 else "train" for n in rows], dtype=object),
        folds=np.array([-1 if n > 3 else n for n in rows], dtype=np.int64)[:, None],
        label_ids=np.array([n * 10 for n in rows], dtype=np.int64),
        truncated=np.array([n == 2 for n in rows], dtype=bool),
        entity_positions=np.repeat(rows, 8).reshape(-1, 2, 4).astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(rows)]).astype(np.int64),
        input_ids=tokens.astype(np.int32),
        token_type_ids=(tokens % 2).astype(np.int8) if segments else None,
    )


def assert_same(table: FeatureTable, expected: FeatureTable) -> None:
    for field in dataclasses.fields(FeatureTable):
        found, wanted = getattr(table, field.name), getattr(expected, field.name)
        if wanted is None:
            assert found is None, field.name
        else:
            assert found.dtype == wanted.dtype, field.name
            np.testing.assert_array_equal(found, wanted, err_msg=field.name)


def test_row() -> None:
    row = make_table([1, 3, 2]).row(1)
    assert row["input_ids"].tolist() == [3, 3, 3]
    assert row["token_type_ids"].tolist() == [1, 1, 1]
    assert row["entity_positions"].tolist() == [[3, 3, 3, 3], [3, 3, 3, 3]]
    assert row["label_id"] == 30


def test_row_without_segments() -> None:
    row = make_table([2], segments=False).row(0)
    assert sorted(row) == ["entity_positions", "input_ids", "label_id"]


def test_lengths() -> None:
    table = make_table([1, 3, 2])
    assert len(table) == 3
    assert table.lengths.tolist() == [1, 3, 2]


@pytest.mark.parametrize("segments", [True, False])
def test_select(segments: bool) -> None:
    selected = make_table([1, 3, 2, 4], segments=segments).select(
        np.array([False, True, False, True])
    )
    assert_same(selected, make_table([3, 4], segments=segments))


def test_select_nothing() -> None:
    assert len(make_table([1, 3]).select(np.array([False, False]))) == 0


@pytest.mark.parametrize("segments", [True, False])
def test_concatenate(segments: bool) -> None:
    parts = [make_table(rows, segments=segments) for rows in ([1, 3], [], [2])]
    assert_same(FeatureTable.concatenate(parts), make_table([1, 3, 2], segments=segments))


def test_with_columns_changes_those_only() -> None:
    table = make_table([1, 3])
    changed = table.with_columns(parts=["test", "train"], folds=[-1, 5], label_ids=[-1, 7])
    assert changed.parts.tolist() == ["test", "train"]
    assert changed.folds.tolist() == [[-1], [5]]
    assert changed.label_ids.tolist() == [-1, 7]
    assert changed.input_ids.tolist() == [1, 3, 3, 3]


def test_folds_of_a_repeated_split(tmp_path: Path) -> None:
    table = make_table([1, 3, 2]).with_columns(
        parts=["train"] * 3, folds=[[0, 3], [1, 2], [0, 2]], label_ids=[0, 0, 0]
    )
    write_features([table], tmp_path / "f.parquet")
    again = read_features(tmp_path / "f.parquet")
    assert again.folds.tolist() == [[0, 3], [1, 2], [0, 2]]
    assert again.validates(0).tolist() == [True, False, True]
    assert again.validates(2).tolist() == [False, True, True]
    assert again.validates(4).tolist() == [False, False, False]


@pytest.mark.parametrize("segments", [True, False])
def test_chunks_come_back_as_one_table(tmp_path: Path, segments: bool) -> None:
    path = tmp_path / "own" / "features.parquet"
    chunks = (make_table(rows, segments=segments) for rows in ([1, 3], [], [2, 5]))
    assert write_features(chunks, path) == 4
    assert_same(read_features(path), make_table([1, 3, 2, 5], segments=segments))


def test_file_is_readable_by_others(tmp_path: Path) -> None:
    write_features([make_table([2, 1])], tmp_path / "f.parquet")
    assert pq.read_table(tmp_path / "f.parquet").to_pylist()[0] == {
        "guid": "g2",
        "part": "train",
        "fold": [2],
        "label_id": 20,
        "truncated": True,
        "entity_positions": [2] * 8,
        "input_ids": [2, 2],
        "token_type_ids": [0, 0],
    }


def test_no_rows_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there are no rows to write\. Give the split stage rows"):
        write_features([], tmp_path / "f.parquet")
    assert not (tmp_path / "f.parquet").exists()


def test_missing_file(tmp_path: Path) -> None:
    message = f"{tmp_path / 'f.parquet'} does not exist. Run `dvc repro preprocess`."
    with pytest.raises(DataError, match=re.escape(message)):
        read_features(tmp_path / "f.parquet")


def test_file_of_another_kind(tmp_path: Path) -> None:
    pq.write_table(pa.table({"guid": ["a"], "sentence": ["나"]}), tmp_path / "f.parquet")
    message = "is no feature file: it lacks part, fold, label_id, truncated, entity_positions, inp"
    with pytest.raises(DataError, match=message):
        read_features(tmp_path / "f.parquet")
