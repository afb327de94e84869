"""Opening a file of examples: which format it is in, and its rows as they stand in it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gwangye.errors import DataError

ACCEPTED = (
    "KLUE-RE JSON (.json: a list of rows), JSON lines (.jsonl, .ndjson), CSV (.csv, .tsv; with "
    "flat columns, or with subject_entity and object_entity holding dicts) and Parquet "
    "(.parquet, .pq)"
)
"""The accepted forms, for messages."""


class RawRows(NamedTuple):
    """The rows of a file before any of their content is looked at.

    Attributes:
        rows: Per row, the value by the file's own column name.
        numbers: Per row, its number as a person counts it, from 1: the element of a JSON list,
            the line of a JSON lines file, the data row of a CSV or Parquet file.
        faults: By position in ``rows``, why a row could not even be taken apart.
    """

    rows: list[Mapping[str, Any]]
    numbers: list[int]
    faults: dict[int, str]


def read_rows(path: Path) -> RawRows:
    """Read the rows of a file, whatever its format.

    The suffix names the format; the content decides between a JSON list and JSON lines, and
    finds the delimiter of a CSV file.

    Raises:
        DataError: The file does not exist, is of no accepted form, is damaged, or has no rows.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    if suffix in {".json", ".jsonl", ".ndjson"}:
        raw = _from_json(path, _text(path), lines=suffix != ".json")
    elif suffix in {".csv", ".tsv"}:
        raw = _from_csv(path, _text(path))
    elif suffix in {".parquet", ".pq"}:
        raw = _from_parquet(path)
    else:
        raise DataError(f"{path}: suffix '{suffix}' is not known. Accepted: {ACCEPTED}.")
    if not raw.rows:
        raise DataError(f"{path}: the file holds no rows.")
    return raw


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8 "
            "(in a spreadsheet program: 'CSV UTF-8')."
        ) from error


def _from_json(path: Path, text: str, *, lines: bool) -> RawRows:
    start = text.lstrip()[:1]
    if start == "[":
        return _from_objects(_json(path, text, "the file"))
    if start and start != "{":
        raise DataError(f"{path}: this is not JSON (it begins with {start!r}). {_JSON_FORMS}")
    if not lines and text.strip() and _is_one_object(text):
        raise DataError(f"{path}: the file holds one object, not a list of rows. {_JSON_FORMS}")
    # Not splitlines(): that also breaks at U+2028 and its like, which JSON text may hold.
    numbered = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    objects = [_json(path, line, f"line {i}") for i, line in numbered]
    return _from_objects(objects, [i for i, _ in numbered])


_JSON_FORMS = "Give a JSON list of rows ([{...}, {...}]) or JSON lines (one {...} per line)."


def _json(path: Path, text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}: {where} is not valid JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}. {_JSON_FORMS}"
        ) from error


def _is_one_object(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _from_objects(objects: list[Any], numbers: list[int] | None = None) -> RawRows:
    faults = {
        i: f"the row is of type {type(row).__name__}, not an object {{...}}"
        for i, row in enumerate(objects)
        if not isinstance(row, dict)
    }
    rows = [{} if i in faults else row for i, row in enumerate(objects)]
    return RawRows(rows, numbers or list(range(1, len(rows) + 1)), faults)


def _from_csv(path: Path, text: str) -> RawRows:
    head = text.split("\n", 1)[0]
    delimiter = max((",", "\t", ";"), key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        table = [cells for cells in reader if cells]  # a blank line is no row
    except csv.Error as error:
        raise DataError(
            f"{path}: line {reader.line_num} is not valid CSV: {error}. Cells with a quote, a "
            "delimiter or a line break must stand in double quotes, inner quotes doubled."
        ) from error
    if not table:
        return RawRows([], [], {})
    header, *body = table
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: column {', '.join(map(repr, twice))} stands twice in the header.")
    faults = {
        i: f"the row has {len(cells)} cells, the header {len(header)}"
        for i, cells in enumerate(body)
        if len(cells) != len(header)
    }
    rows: list[Mapping[str, Any]] = [dict(zip(header, cells, strict=False)) for cells in body]
    return RawRows(rows, list(range(1, len(rows) + 1)), faults)


def _from_parquet(path: Path) -> RawRows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path).to_pylist()
    except pa.ArrowException as error:
        raise DataError(f"{path}: this is not a readable Parquet file: {error}") from error
    return RawRows(rows, list(range(1, len(rows) + 1)), {})
