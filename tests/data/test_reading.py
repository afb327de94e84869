from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gwangye.data.reading import read_examples
from gwangye.errors import DataError
from gwangye.examples import COLUMNS

Row = Callable[..., dict[str, Any]]
Write = Callable[[Any], Path]

READ = ["나리는 가온전자의 대표이다.", "나리", 0, 2, "PER", "가온전자", 4, 8, "ORG"]


def first(frame: pd.DataFrame) -> list[Any]:
    return list(frame.iloc[0].tolist())


def test_read_examples_of_klue_json_gives_half_open_spans(klue_row: Row, write_json: Write) -> None:
    frame, rejected = read_examples(write_json([klue_row()]))
    assert tuple(frame.columns) == COLUMNS
    assert first(frame) == ["a", *READ, "per:title", "wikipedia"]
    assert rejected.empty
    assert list(rejected.columns) == ["file", "row", "guid", "reason"]


def test_read_examples_of_unlabelled_json_gives_none(klue_row: Row, write_json: Write) -> None:
    row = klue_row()
    del row["label"], row["source"]
    assert first(read_examples(write_json([row])).frame) == ["a", *READ, None, None]


@pytest.mark.parametrize("dump", [repr, json.dumps], ids=["python", "json"])
def test_read_examples_of_competition_csv(
    klue_row: Row, write_csv: Write, dump: Callable[[Any], str]
) -> None:
    row = klue_row()
    entities = [dump(row["subject_entity"]), dump(row["object_entity"])]
    path = write_csv(
        [
            ["id", "sentence", "subject_entity", "object_entity", "label", "source"],
            [7, row["sentence"], *entities, "100", "wikitree"],
        ]
    )
    assert first(read_examples(path).frame) == ["7", *READ, None, "wikitree"]


def test_read_examples_keeps_label_100_of_a_flat_file(write_csv: Write) -> None:
    path = write_csv(
        [
            ["sentence", "subject_word", "subject_type", "object_word", "object_type", "label"],
            [READ[0], "나리", "PER", "가온전자", "ORG", "100"],
        ]
    )
    assert first(read_examples(path).frame) == ["row-00001", *READ, "100", None]


def test_read_examples_of_flat_csv_with_offsets_and_own_names(write_csv: Write) -> None:
    path = write_csv(
        [
            [
                "key",
                "text",
                "subject_word",
                "subject_start_idx",
                "subject_end_idx",
                "subject_type",
                "object_word",
                "object_start_idx",
                "object_end_idx",
                "object_type",
                "relation",
            ],
            ["x", READ[0], "나리", "0", "1.0", "PER", "가온전자", " 4", "7", "ORG", "per:title"],
        ]
    )
    columns = {"guid": "key", "sentence": "text", "label": "relation"}
    assert first(read_examples(path, columns=columns).frame) == ["x", *READ, "per:title", None]


def test_read_examples_of_json_lines_with_nested_own_names(tmp_path: Path) -> None:
    row = {
        "sentence": READ[0],
        "a": {"text": "나리", "kind": {"name": "PER"}},
        "b": {"text": "가온전자", "from": 4, "kind": {"name": "ORG"}},
    }
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    columns = {
        "subject_word": "a.text",
        "subject_type": "a.kind.name",
        "object_word": "b.text",
        "object_start_idx": "b.from",
        "object_type": "b.kind.name",
    }
    result = read_examples(path, columns=columns)
    assert first(result.frame) == ["row-00001", *READ, None, None]


def test_read_examples_of_parquet_with_gaps_in_offsets(tmp_path: Path) -> None:
    names = ["guid", "sentence", "subject_word", "subject_start_idx", "subject_end_idx"]
    names += ["subject_type", "object_word", "object_type"]
    rows = [
        [1, READ[0], "나리", 0.0, 1.0, "PER", "가온전자", "ORG"],
        [2, READ[0], "나리", None, None, "PER", "가온전자", "ORG"],
    ]
    pd.DataFrame(rows, columns=names).to_parquet(tmp_path / "own.parquet")
    frame = read_examples(tmp_path / "own.parquet").frame
    assert frame["guid"].tolist() == ["1", "2"]
    assert frame[["subject_start", "subject_end"]].to_numpy().tolist() == [[0, 2], [0, 2]]


def test_read_examples_normalises_decomposed_text_and_offsets(
    klue_row: Row, write_json: Write
) -> None:
    row = klue_row(
        sentence=unicodedata.normalize("NFD", READ[0]),
        subject_word=unicodedata.normalize("NFD", "나리"),
        subject_end_idx=3,
        object_word=unicodedata.normalize("NFD", "가온전자"),
        object_start_idx=8,
        object_end_idx=17,
    )
    frame = read_examples(write_json([row])).frame
    assert first(frame) == ["a", *READ, "per:title", "wikipedia"]


def test_read_examples_of_table_with_a_gap_reads_whole_number_guids(tmp_path: Path) -> None:
    names = ["guid", "sentence", "subject_word", "subject_type", "object_word", "object_type"]
    rows = [[guid, READ[0], "나리", "PER", "가온전자", "ORG"] for guid in (3.0, None)]
    pd.DataFrame(rows, columns=names).to_parquet(tmp_path / "own.parquet")
    frame, rejected = read_examples(tmp_path / "own.parquet", on_invalid="drop")
    assert frame["guid"].tolist() == ["3"]
    assert rejected["reason"].tolist() == ["guid is missing or empty"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"guid": None}, "guid is missing or empty"),
        ({"guid": " "}, "guid is missing or empty"),
        ({"sentence": ""}, "sentence is missing or empty"),
        ({"sentence": 5}, "sentence is 5, not text"),
        ({"source": 5}, "source is 5, not text"),
        ({"subject_word": None}, "subject_word is missing or empty"),
        ({"object_type": None}, "object_type is missing or empty"),
        ({"object_type": "PEr"}, "object_type 'PEr' is unknown (nearest: 'PER')"),
        ({"label": "per:titel"}, "label 'per:titel' is unknown (nearest: 'per:title')"),
        ({"subject_start_idx": "0x"}, "subject_start_idx is '0x': not a whole number"),
        ({"subject_start_idx": 0.5}, "subject_start_idx is 0.5: not a whole number"),
        ({"subject_start_idx": False}, "subject_start_idx is False: not a whole number"),
        ({"object_end_idx": -7}, "object_end_idx is -7: negative"),
        (
            {"object_start_idx": 5, "object_end_idx": 8},
            "object: '가온전자' is not at 5-8 (there: '온전자의'); the offsets seem to count from "
            "1: they must count from 0, 4-7",
        ),
        (
            {"object_word": "리는", "object_start_idx": 1, "object_end_idx": 2},
            "subject '나리' (0-1) and object '리는' (1-2) overlap",
        ),
        (
            {"sentence": "나리는 나리다.", "subject_start_idx": None, "subject_end_idx": None}
            | {"object_word": "다", "object_start_idx": 6, "object_end_idx": 6},
            "subject: '나리' is ambiguous: occurs 2 times (at 0, 4); give offsets",
        ),
        (
            {"subject_type": "X", "label": "y"},
            "subject_type 'X' is unknown (allowed: PER, ORG, LOC, DAT, POH, NOH); label 'y' is "
            "unknown (allowed: no_relation, per:title)",
        ),
    ],
)
def test_read_examples_rejects_faulty_row_with_reason(
    klue_row: Row, write_json: Write, changes: dict[str, Any], reason: str
) -> None:
    path = write_json([klue_row(guid="sound"), klue_row(**changes)])
    frame, rejected = read_examples(path, labels=["no_relation", "per:title"], on_invalid="drop")
    guid = changes.get("guid", "a")
    assert frame["guid"].tolist() == ["sound"]
    assert rejected.iloc[0].tolist() == [str(path), 2, guid if guid == "a" else None, reason]


def test_read_examples_lists_eight_of_many_allowed_labels(klue_row: Row, write_json: Write) -> None:
    path = write_json([klue_row(), klue_row(guid="b", label="?")])
    labels = ["per:title", *"23456789"]
    rejected = read_examples(path, labels=labels, on_invalid="drop").rejected
    assert rejected["reason"].tolist() == [
        "label '?' is unknown (allowed: per:title, 2, 3, 4, 5, 6, 7, 8 and 1 more)"
    ]


def test_read_examples_accepts_entities_that_touch(klue_row: Row, write_json: Write) -> None:
    row = klue_row(object_word="는", object_start_idx=2, object_end_idx=2)
    assert read_examples(write_json([row])).frame["object_start"].tolist() == [2]


def test_read_examples_names_first_row_of_duplicate_guid(klue_row: Row, write_json: Write) -> None:
    rows = [klue_row(guid="x"), klue_row(guid="y"), klue_row(guid="x")]
    frame, rejected = read_examples(write_json(rows), on_invalid="drop")
    assert frame["guid"].tolist() == ["x", "y"]
    assert rejected[["row", "guid", "reason"]].to_numpy().tolist() == [
        [3, "x", "guid is that of row 1 too"]
    ]


def test_read_examples_tells_unreadable_entity_once(write_csv: Write, klue_row: Row) -> None:
    entity = repr(klue_row()["object_entity"])
    path = write_csv(
        [
            ["id", "sentence", "subject_entity", "object_entity"],
            ["1", READ[0], "{'word': '나리'", entity],
            ["2", READ[0], repr(klue_row()["subject_entity"]), entity],
        ]
    )
    rejected = read_examples(path, on_invalid="drop").rejected
    reason = "subject_entity is neither a JSON object nor a Python dict: \"{'word': '나리'\""
    assert rejected["reason"].tolist() == [reason]


def test_read_examples_rejects_row_that_is_no_object(klue_row: Row, write_json: Write) -> None:
    rejected = read_examples(write_json([klue_row(), ["x"]]), on_invalid="drop").rejected
    assert rejected[["row", "reason"]].to_numpy().tolist() == [
        [2, "the row is of type list, not an object {...}"]
    ]


def test_read_examples_with_own_entity_types(klue_row: Row, write_json: Write) -> None:
    path = write_json([klue_row(subject_type="사람", object_type="회사")])
    frame = read_examples(path, entity_types=["사람", "회사"]).frame
    assert frame[["subject_type", "object_type"]].to_numpy().tolist() == [["사람", "회사"]]


def test_read_examples_lists_twenty_faults_the_total_and_the_remedy(
    klue_row: Row, write_json: Write
) -> None:
    rows = [klue_row(guid=f"g{i}", subject_word="다온") for i in range(1, 23)]
    path = write_json([klue_row(), *rows])
    with pytest.raises(DataError) as caught:
        read_examples(path)
    head, *lines, more, remedy = str(caught.value).split("\n")
    assert head == f"{path}: 22 of 23 rows are faulty."
    assert len(lines) == 20
    assert lines[0].startswith("  row 2, guid g1: subject: '다온' is not at 0-1 (there: '나리'); ")
    assert more == "  ... and 2 more"
    assert remedy == "Mend them, or go on without them: data.on_invalid: drop."


def test_read_examples_with_drop_logs_their_number(
    klue_row: Row, write_json: Write, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        read_examples(write_json([klue_row(), klue_row()]), on_invalid="drop")
    assert [record.getMessage().split(": ")[-1] for record in caplog.records] == [
        "1 of 2 rows dropped"
    ]


def test_read_examples_without_any_sound_row_raises(klue_row: Row, write_json: Write) -> None:
    with pytest.raises(DataError, match=r"1 of 1 rows are faulty(.|\n)*No row is usable"):
        read_examples(write_json([klue_row(label="x")]), labels=["y"], on_invalid="drop")


def test_a_missing_guid_among_others_stays_missing(klue_row: Row, write_json: Write) -> None:
    rows = [klue_row(guid="a", sentence=""), klue_row(guid=None, sentence=""), klue_row(guid="b")]
    rejected = read_examples(write_json(rows), on_invalid="drop").rejected
    assert rejected["guid"].tolist() == ["a", None]
