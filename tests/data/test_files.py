from __future__ import annotations

import json
from pathlib import Path

import pytest

from gwangye.data.files import read_rows
from gwangye.errors import DataError


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    ("name", "text", "numbers"),
    [
        ("a.json", '[{"x": "1"}, {"x": "2"}]', [1, 2]),
        ("a.json", '\ufeff[{"x": "1"}, {"x": "2"}]', [1, 2]),
        ("a.json", '{"x": "1"}\n{"x": "2"}\n', [1, 2]),
        ("a.jsonl", '{"x": "1"}\n\n{"x": "2"}\r\n', [1, 3]),
        ("a.ndjson", '[{"x": "1"}, {"x": "2"}]', [1, 2]),
        ("a.csv", "x\n1\n2\n", [1, 2]),
        ("a.csv", "\ufeffx,y\r\n1,\r\n\r\n2,\r\n", [1, 2]),
        ("a.csv", "x;y\n1;\n2;\n", [1, 2]),
        ("A.TSV", "x\ty\n1\t\n2\t\n", [1, 2]),
    ],
    ids=["json", "bom", "lines_in_json", "jsonl", "list_in_ndjson", "csv", "crlf", ";", "tsv"],
)
def test_read_rows_finds_the_format(
    tmp_path: Path, name: str, text: str, numbers: list[int]
) -> None:
    raw = read_rows(written(tmp_path, name, text))
    assert [row["x"] for row in raw.rows] == ["1", "2"]
    assert raw.numbers == numbers
    assert raw.faults == {}


def test_read_rows_of_json_lines_keeps_line_separator_inside_a_string(tmp_path: Path) -> None:
    raw = read_rows(written(tmp_path, "a.jsonl", '{"x": "가\u2028나"}\n{"x": "다"}'))
    assert [row["x"] for row in raw.rows] == ["가\u2028나", "다"]


def test_read_rows_of_csv_keeps_quotes_commas_and_line_breaks(tmp_path: Path) -> None:
    raw = read_rows(written(tmp_path, "a.csv", 'x,y\n"가 ""나"", 다\n라",1\n'))
    assert raw.rows == [{"x": '가 "나", 다\n라', "y": "1"}]


def test_read_rows_notes_rows_that_are_no_objects(tmp_path: Path) -> None:
    raw = read_rows(written(tmp_path, "a.json", '[{"x": 1}, "가"]'))
    assert raw.faults == {1: "the row is of type str, not an object {...}"}


def test_read_rows_notes_rows_with_too_few_or_many_cells(tmp_path: Path) -> None:
    raw = read_rows(written(tmp_path, "a.csv", "x,y\n1\n1,2\n1,2,3\n"))
    assert raw.faults == {
        0: "the row has 1 cells, the header 2",
        2: "the row has 3 cells, the header 2",
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.xlsx", "x", r"suffix '\.xlsx' is not known\. Accepted: KLUE-RE JSON .* Parquet"),
        ("a.json", "[]", "the file holds no rows"),
        ("a.json", "", "the file holds no rows"),
        ("a.csv", "", "the file holds no rows"),
        ("a.csv", "x,y\n", "the file holds no rows"),
        ("a.json", '{"data": []}', "one object, not a list of rows. Give a JSON list"),
        ("a.json", "guid,sentence", r"this is not JSON \(it begins with 'g'\)"),
        ("a.json", '[{"x": 1},]', "the file is not valid JSON: .* at line 1, column"),
        ("a.jsonl", '{"x": 1}\n{"x": \n', "line 2 is not valid JSON: Expecting value"),
        ("a.csv", "x,x\n1,2\n", "column 'x' stands twice in the header"),
        ("a.csv", 'x,y\n"가,1\n', "is not valid CSV: unexpected end of data.*double quotes"),
        ("a.parquet", "no parquet", "not a readable Parquet file"),
    ],
)
def test_read_rows_of_unusable_file_raises(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_rows(written(tmp_path, name, text))


def test_read_rows_of_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.json: there is no such file"):
        read_rows(tmp_path / "a.json")


def test_read_rows_of_other_encoding_raises(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("x\n나리\n".encode("cp949"))
    with pytest.raises(DataError, match=r"byte 2 is not UTF-8. Save the file as UTF-8"):
        read_rows(tmp_path / "a.csv")


def test_read_rows_of_parquet_gives_nested_values(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"x": "가", "subject_entity": {"word": "나", "start_idx": 3}}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert json.dumps(read_rows(tmp_path / "a.parquet").rows) == json.dumps(rows)
