"""Rows whose offsets can be counted by hand.

``나리는 가온전자의 대표이다.``
 0123456789...  subject 나리 at 0-1 (inclusive), object 가온전자 at 4-7.
"""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gwangye.examples import make_frame

KLUE_ROW = {
    "guid": "a",
    "sentence": "나리는 가온전자의 대표이다.",
    "subject_entity": {"word": "나리", "start_idx": 0, "end_idx": 1, "type": "PER"},
    "object_entity": {"word": "가온전자", "start_idx": 4, "end_idx": 7, "type": "ORG"},
    "label": "per:title",
    "source": "wikipedia",
}

TABLE_ROW = {
    "guid": "a",
    "sentence": "나리는 가온전자의 대표이다.",
    "subject_word": "나리",
    "subject_start": 0,
    "subject_end": 2,
    "subject_type": "PER",
    "object_word": "가온전자",
    "object_start": 4,
    "object_end": 8,
    "object_type": "ORG",
    "label": "per:title",
    "source": "wikipedia",
}


@pytest.fixture
def klue_row() -> Callable[..., dict[str, Any]]:
    """Return a maker of a sound row in KLUE's form; keywords like subject_start_idx change it."""

    def make(**changes: Any) -> dict[str, Any]:
        row = copy.deepcopy(KLUE_ROW)
        for name, value in changes.items():
            role, _, field = name.partition("_")
            if role in ("subject", "object"):
                row[f"{role}_entity"][field] = value  # type: ignore[index]
            else:
                row[name] = value
        return row

    return make


@pytest.fixture
def write_json(tmp_path: Path) -> Callable[[Any], Path]:
    """Return a writer of a KLUE file with the given rows."""

    def write(rows: Any) -> Path:
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[[Sequence[Sequence[object]]], Path]:
    """Return a writer of a CSV file with the given header and rows."""

    def write(table: Sequence[Sequence[object]]) -> Path:
        path = tmp_path / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)
        return path

    return write


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """Return a maker of a canonical table: one dict of changes per row; guids are a, b, c, ..."""

    def make(*changes: dict[str, Any]) -> pd.DataFrame:
        rows = [
            {**TABLE_ROW, "guid": "abcdefghij"[i], **change} for i, change in enumerate(changes)
        ]
        return make_frame({name: [row[name] for row in rows] for name in rows[0]})

    return make
