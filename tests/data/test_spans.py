from __future__ import annotations

import unicodedata

import pytest

from gwangye.data.spans import find_span, nfc, occurrences, place
from gwangye.errors import DataError

SENTENCE = "나리는 가온전자의 대표이다."
REPEATED = "한별은 한별마을에서 자랐다."


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_find_span_of_word_before_a_particle_is_half_open() -> None:
    assert find_span(SENTENCE, "가온전자") == (4, 8)


def test_find_span_at_the_end_of_the_sentence() -> None:
    assert find_span("우승자는 나리", "나리") == (5, 7)


@pytest.mark.parametrize(
    ("sentence", "word", "message"),
    [
        (SENTENCE, "다온", r"'다온' does not occur in the sentence$"),
        (REPEATED, "한별", r"'한별' is ambiguous: occurs 2 times \(at 0, 4\); give offsets"),
        (SENTENCE, "", "the word to look for is empty"),
        ("아" * 7, "아", r"occurs 7 times \(at 0, 1, 2, 3, 4, \.\.\.\)"),
        (nfd(SENTENCE), "나리", "does after Unicode normalisation to NFC"),
    ],
    ids=["absent", "ambiguous", "empty", "many", "nfd"],
)
def test_find_span_without_one_place_raises(sentence: str, word: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        find_span(sentence, word)


def test_occurrences_counts_overlapping_places() -> None:
    assert occurrences("가가가", "가가") == [0, 1]


@pytest.mark.parametrize(
    ("start_idx", "end_idx", "span"),
    [(4, 7, (4, 8)), (4, None, (4, 8)), (None, None, (4, 8))],
    ids=["both", "start_only", "searched"],
)
def test_place_turns_inclusive_end_into_half_open(
    start_idx: int | None, end_idx: int | None, span: tuple[int, int]
) -> None:
    assert place(SENTENCE, "가온전자", start_idx, end_idx) == span


def test_place_converts_offsets_that_count_decomposed_characters() -> None:
    # 나(2) 리(2) 는(3) space(1) = 8 letters before 가(2)온(3)전(3)자(2) = 10 letters: 8-17
    assert nfd(SENTENCE)[8:18] == nfd("가온전자")
    assert place(nfd(SENTENCE), nfd("가온전자"), 8, 17) == (4, 8)


def test_place_accepts_composed_word_in_decomposed_sentence() -> None:
    assert place(nfd(SENTENCE), "가온전자", 8, 17) == (4, 8)


@pytest.mark.parametrize(
    ("word", "start_idx", "end_idx", "message"),
    [
        ("가온전자", 5, 8, r"'가온전자' is not at 5-8 \(there: '온전자의'\).*count from 1.* 4-7$"),
        ("가온전자", 4, 8, r"is not at 4-8 .*end_idx seems to be exclusive.* 7$"),
        ("가온전자", 2, 5, r"\(there: '는 가온'\); the word stands at 4-7$"),
        ("다온", 2, 3, r"the word occurs 0 times in the sentence"),
        ("가온전자", 7, 4, "end_idx 4 is before start_idx 7"),
        ("다.", 13, 15, r"span 13-15 is outside the sentence \(indices 0-14\).*exclusive.* 14$"),
        ("나리", -1, 0, r"span -1-0 is outside the sentence .*the word stands at 0-1$"),
        ("다", -2, -1, r"span -2--1 is outside .*; the word stands at 13-13$"),
        ("나리", None, 1, "end_idx is given without start_idx"),
        ("가온전자", 8, 17, "it would be right in the NFD form of the sentence"),
    ],
    ids=[
        "from_one", "exclusive", "elsewhere", "absent", "reversed", "outside", "negative",
        "from_the_end", "end_only", "offsets_nfd",
    ],
)  # fmt: skip
def test_place_of_misplaced_word_says_why(
    word: str, start_idx: int | None, end_idx: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        place(SENTENCE, word, start_idx, end_idx)


def test_place_with_composed_offsets_in_decomposed_file_says_so() -> None:
    with pytest.raises(DataError, match="it would be right in the NFC form of the sentence"):
        place(nfd(SENTENCE), "가온전자", 4, 7)


def test_place_through_a_composed_character_raises() -> None:
    # 각 as 가 + a final consonant: the word 가 ends inside the composed syllable.
    with pytest.raises(DataError, match="span 0-0 cuts through a composed character"):
        place("가\u11a8은 문이다.", "가", 0, 0)


def test_nfc_composes_syllables() -> None:
    assert nfc("\u1102\u1161\u1105\u1175") == "나리"
