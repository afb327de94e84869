from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.data.fields import Unreadable, resolve_columns, take_columns
from gwangye.errors import DataError, ParameterError

FILE = Path("own.csv")
FLAT = ["sentence", "subject_word", "subject_type", "object_word", "object_type"]
NESTED = ["sentence", "subject_entity", "object_entity"]


def test_resolve_columns_of_flat_file_finds_canonical_names() -> None:
    assert resolve_columns(FILE, FLAT, None) == {name: name for name in FLAT}


def test_resolve_columns_of_nested_file_gives_paths() -> None:
    found = resolve_columns(FILE, [*NESTED, "id"], None)
    assert found["subject_word"] == "subject_entity.word"
    assert found["object_end_idx"] == "object_entity.end_idx"
    assert found["guid"] == "id"
    assert "label" not in found


def test_resolve_columns_leaves_id_of_flat_file_alone() -> None:
    assert "guid" not in resolve_columns(FILE, [*FLAT, "id"], None)


def test_resolve_columns_prefers_the_map() -> None:
    found = resolve_columns(FILE, [*FLAT, "text"], {"sentence": "text"})
    assert found["sentence"] == "text"


def test_resolve_columns_with_unknown_canonical_name_raises() -> None:
    with pytest.raises(ParameterError, match=r"'sentense' is not a canonical.*mean 'sentence'"):
        resolve_columns(FILE, FLAT, {"sentense": "text"})


def test_resolve_columns_with_absent_own_name_raises() -> None:
    message = r"own\.csv: column 'sentences', given for sentence, is not .* mean 'sentence'"
    with pytest.raises(DataError, match=message):
        resolve_columns(FILE, FLAT, {"sentence": "sentences"})


def test_resolve_columns_without_required_column_raises() -> None:
    message = r"column object_type is not in the file\. Found: object_word, .*data\.columns: "
    with pytest.raises(DataError, match=message):
        resolve_columns(FILE, FLAT[:-1], None)


@pytest.mark.parametrize(
    "cell",
    [
        '{"word": "가, \'나\': 다", "start_idx": 3}',
        "{'word': \"가, '나': 다\", 'start_idx': 3}",
        {"word": "가, '나': 다", "start_idx": 3},
    ],
    ids=["json", "literal", "object"],
)
def test_take_columns_reads_entity_cells(cell: object) -> None:
    names = {"subject_word": "s.word", "subject_start_idx": "s.start_idx", "object_word": "s.none"}
    values = take_columns([{"s": cell}], names)
    assert values["subject_word"] == ["가, '나': 다"]
    assert values["subject_start_idx"] == [3]
    assert values["object_word"] == [None]


def test_take_columns_accepts_backslash_in_literal() -> None:
    values = take_columns([{"s": r"{'word': '가\다'}"}], {"subject_word": "s.word"})
    assert values["subject_word"] == ["가\\다"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("{'word': ", "s is neither a JSON object nor a Python dict: \"{'word': \""),
        ("__import__('os')", "s is neither a JSON object nor a Python dict: \"__import__('os')\""),
        ("[1]", "s holds no dict but '[1]'"),
    ],
)
def test_take_columns_marks_unreadable_cells(cell: str, reason: str) -> None:
    values = take_columns([{"s": cell}], {"subject_word": "s.word"})
    assert values["subject_word"] == [Unreadable(reason)]


def test_take_columns_prefers_a_column_whose_name_holds_a_dot() -> None:
    assert take_columns([{"s.word": "가"}], {"subject_word": "s.word"})["subject_word"] == ["가"]


@pytest.mark.parametrize("empty", [None, "", "  ", float("nan")])
def test_take_columns_gives_none_for_empty_cells(empty: object) -> None:
    assert take_columns([{"label": empty}], {"label": "label"})["label"] == [None]
