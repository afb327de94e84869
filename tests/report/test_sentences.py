"""Entity positions in sentences of other tables, changed ones too."""

from __future__ import annotations

import pytest

from gwangye.report.sentences import with_spans
from tests.report.conftest import frame

SENTENCE = "김구와 김구의 벗 안창호는 김구를 도왔다."
# the second 김구 is the subject, 안창호 the object
EXAMPLES = frame([("x", SENTENCE, (4, 6, "PER"), (10, 13, "PER"), None)])


def spans(sentence: str | None, subject: str | None, object_: str | None, guid: str) -> list[int]:
    columns = {"guid": [guid], "sentence": [sentence], "subject": [subject], "object": [object_]}
    placed = with_spans(columns, EXAMPLES)
    assert set(placed) == {"guid", "sentence", "spans"}
    return placed["spans"]


def test_sentence_of_the_split_has_its_positions() -> None:
    assert spans(SENTENCE, "김구", "안창호", "x") == [4, 6, 10, 13]


@pytest.mark.parametrize(
    ("sentence", "subject", "object_", "expected"),
    [
        # another particle behind the subject, which stands where it stood
        ("김구와 김구네 벗 안창호는 김구를 도왔다.", "김구", "안창호", [4, 6, 10, 13]),
        # a longer subject moves the object
        ("김구와 이승만의 벗 안창호는 김구를 도왔다.", "이승만", "안창호", [4, 7, 11, 14]),
        # the object's new name stands elsewhere too: the text behind it tells which it is
        ("김구와 김구의 벗 김구는 김구를 도왔다.", "김구", "김구", [4, 6, 10, 12]),
        ("김구와 [PER]의 벗 안창호는 김구를 도왔다.", "[PER]", "안창호", [4, 9, 13, 16]),
        ("김구와 그의 벗 안창호는 김구를 도왔다.", "이승만", "안창호", [-1, -1, 9, 12]),
    ],
)
def test_changed_sentence_is_searched(
    sentence: str, subject: str, object_: str, expected: list[int]
) -> None:
    assert spans(sentence, subject, object_, "x") == expected


def test_unknown_row_is_marked_where_a_word_stands_once() -> None:
    assert spans("😀 김구와 김구의 벗 안창호", "김구", "안창호", "y") == [-1, -1, 13, 16]


def test_missing_words_are_not_marked() -> None:
    assert spans("김구와 안창호", None, "", "y") == [-1, -1, -1, -1]
    assert spans(None, "김구", None, "x") == [-1, -1, -1, -1]
