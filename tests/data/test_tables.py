from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from gwangye.errors import DataError
from gwangye.examples import COLUMNS, read_parquet, write_parquet

Table = Callable[..., pd.DataFrame]


def test_parquet_round_trip_keeps_values_and_missing_labels(tmp_path: Path, table: Table) -> None:
    frame = table({}, {"label": None, "source": None})
    write_parquet(frame, tmp_path / "new" / "a.parquet")
    back = read_parquet(tmp_path / "new" / "a.parquet")
    assert back.equals(frame)
    assert back["label"].tolist() == ["per:title", None]


def test_parquet_round_trip_keeps_fold(tmp_path: Path, table: Table) -> None:
    write_parquet(table({}, {}).assign(fold=[1, 0]), tmp_path / "a.parquet")
    assert read_parquet(tmp_path / "a.parquet")["fold"].tolist() == [1, 0]


def test_write_parquet_writes_nan_label_as_null(tmp_path: Path, table: Table) -> None:
    write_parquet(table({"label": float("nan")}), tmp_path / "a.parquet")
    assert read_parquet(tmp_path / "a.parquet")["label"].tolist() == [None]


def test_write_parquet_has_an_explicit_schema_even_without_labels(
    tmp_path: Path, table: Table
) -> None:
    write_parquet(table({"label": None, "source": None}), tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert tuple(schema.names) == COLUMNS
    assert str(schema.field("label").type) == "string"
    assert str(schema.field("subject_start").type) == "int64"
    assert [field.name for field in schema if field.nullable] == ["label", "source"]


def test_write_parquet_with_missing_word_raises(tmp_path: Path, table: Table) -> None:
    frame = table({}, {"subject_word": None})
    with pytest.raises(DataError, match="subject_word of row 2 is missing; nothing is written"):
        write_parquet(frame, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_write_parquet_with_other_columns_raises(tmp_path: Path, table: Table) -> None:
    frame = table({}).rename(columns={"source": "origin"})
    with pytest.raises(DataError, match="Missing columns: source; unknown columns: origin"):
        write_parquet(frame, tmp_path / "a.parquet")


def test_read_parquet_of_other_table_raises(tmp_path: Path) -> None:
    pd.DataFrame({"guid": ["a"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"not a canonical table. Missing columns: label"):
        read_parquet(tmp_path / "a.parquet")


def test_read_parquet_of_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no such file. Run the stage"):
        read_parquet(tmp_path / "a.parquet")


def test_read_parquet_of_damaged_file_raises(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        read_parquet(tmp_path / "a.parquet")
