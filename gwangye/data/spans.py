"""Placing a word in its sentence: by search, or by offsets that are checked."""

from __future__ import annotations

import unicodedata

from gwangye.errors import DataError


def nfc(text: str) -> str:
    """Return the text with composed characters (NFC): Hangul as syllables, not as letters."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def find_span(sentence: str, word: str) -> tuple[int, int]:
    """Return the half-open span of the only place where a word stands, as it is, in a sentence.

    Raises:
        DataError: The word is empty, does not occur, or occurs more than once.

    Example:
        >>> find_span("비틀즈의 조지 해리슨이 곡을 썼다.", "조지 해리슨")
        (5, 11)
    """
    if not word:
        raise DataError("the word to look for is empty")
    starts = occurrences(sentence, word)
    if not starts:
        composed = bool(occurrences(nfc(sentence), nfc(word)))
        hint = " as it is written, but does after Unicode normalisation to NFC" if composed else ""
        raise DataError(f"'{word}' does not occur in the sentence{hint}")
    if len(starts) > 1:
        places = ", ".join(map(str, starts[:5])) + (", ..." if len(starts) > 5 else "")
        raise DataError(
            f"'{word}' is ambiguous: occurs {len(starts)} times (at {places}); give offsets"
        )
    return starts[0], starts[0] + len(word)


def occurrences(sentence: str, word: str) -> list[int]:
    """Return every index at which the word starts in the sentence, overlapping ones too."""
    starts = []
    start = sentence.find(word)
    while start >= 0:
        starts.append(start)
        start = sentence.find(word, start + 1)
    return starts


def place(raw: str, word: str, start_idx: int | None, end_idx: int | None) -> tuple[int, int]:
    """Return the half-open span of a word in the NFC form of its sentence.

    Args:
        raw: The sentence as it stands in the file; the offsets count its characters.
        word: The word, in any Unicode form.
        start_idx: Index of the word's first character; None to search for the word.
        end_idx: Index of its *last* character (inclusive, as in KLUE); None to take it from the
            word's length.

    Returns:
        ``(start, end)`` with ``nfc(raw)[start:end] == nfc(word)``.

    Raises:
        DataError: The word is not there. The message shows what is, and tells when counting
            otherwise (Unicode form, exclusive end, from 1) would make the offsets right.
    """
    text, word_nfc = nfc(raw), nfc(word)
    if start_idx is None:
        if end_idx is not None:
            raise DataError("end_idx is given without start_idx")
        return find_span(text, word_nfc)
    end = start_idx + len(word) if end_idx is None else end_idx + 1
    if not 0 <= start_idx < end <= len(raw) or nfc(raw[start_idx:end]) != word_nfc:
        raise DataError(_misplaced(raw, word, start_idx, end))
    if raw == text:
        return start_idx, end
    start = len(nfc(raw[:start_idx]))
    if text[start : start + len(word_nfc)] != word_nfc:
        raise DataError(f"span {start_idx}-{end - 1} cuts through a composed character")
    return start, start + len(word_nfc)


def _misplaced(raw: str, word: str, start: int, end: int) -> str:
    """Say what is wrong with a half-open span (shown inclusive) and what may have led to it."""
    if end <= start:
        fault = f"end_idx {end - 1} is before start_idx {start}"
    elif start < 0 or end > len(raw):
        fault = f"span {start}-{end - 1} is outside the sentence (indices 0-{len(raw) - 1})"
    else:
        fault = f"'{word}' is not at {start}-{end - 1} (there: '{raw[start:end]}')"
    return f"{fault}; {_likely_cause(raw, word, start, end)}"


def _likely_cause(raw: str, word: str, start: int, end: int) -> str:
    text, word = nfc(raw), nfc(word)
    nfd, word_nfd = unicodedata.normalize("NFD", raw), unicodedata.normalize("NFD", word)
    if start < 0:
        pass  # a negative index would count from the end below
    elif text != raw and text[start:end] == word:
        return (
            "it would be right in the NFC form of the sentence: the offsets count composed "
            "characters, the file holds decomposed ones (NFD); save the file in NFC"
        )
    elif nfd != raw and nfd[start:end] == word_nfd:
        return (
            "it would be right in the NFD form of the sentence: the offsets count decomposed "
            "characters, the file holds composed ones (NFC); count again"
        )
    elif text[start : end - 1] == word:
        return f"end_idx seems to be exclusive: it must be the last character's, {end - 2}"
    elif start > 0 and text[start - 1 : end - 1] == word:
        return f"the offsets seem to count from 1: they must count from 0, {start - 1}-{end - 2}"
    starts = occurrences(text, word)
    if len(starts) == 1:
        return f"the word stands at {starts[0]}-{starts[0] + len(word) - 1}"
    return f"the word occurs {len(starts)} times in the sentence"
