"""Korean particles whose form follows the word before them."""

from __future__ import annotations

import re
import unicodedata

# Digits as they are read in Korean: 영 일 삼 육 칠 팔 end in a consonant.
_DIGITS_WITH_FINAL = set("013678")
# Latin letters as they are called in Korean: 엘 엠 엔 알 end in a consonant.
_LETTERS_WITH_FINAL = set("lmnr")
# Of both, those that end in ㄹ: 일 칠 팔, 엘 알.
_SIGNS_WITH_RIEUL = set("178lr")
# Place of ㄹ among the 28 endings of a Hangul syllable, the empty one first.
_RIEUL = 8
# Signs read as words that end in a vowel: 퍼센트, 플러스, 달러.
_SIGNS = set("%+$")
_GLOSS = re.compile(r"\([^()가-힣]*\)\W*$")


def has_final_consonant(word: str) -> bool:
    """Tell whether a word, read aloud in Korean, ends in a consonant.

    Digits are read as numbers and Latin letters by their names. Closing quotes and brackets are
    not read, nor is a gloss without Hangul in parentheses: "윤태한(尹泰翰)" ends like "윤태한".
    A Hanja character counts as ending in a vowel, for its reading is not known here.

    Example:
        >>> has_final_consonant("조지 해리슨"), has_final_consonant("비틀즈")
        (True, False)
    """
    last = _last_read(word)
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28 != 0
    return last in _DIGITS_WITH_FINAL or last in _LETTERS_WITH_FINAL


def with_particle(word: str, after_consonant: str, after_vowel: str) -> str:
    """Return the word with the fitting one of two particles.

    A particle with 으 is without it after ㄹ too: 서울로, but 부산으로.

    Example:
        >>> with_particle("비틀즈", "과", "와")
        '비틀즈와'
    """
    takes_consonants = has_final_consonant(word)
    if after_consonant.startswith("으") and _ends_in_rieul(word):
        takes_consonants = False
    return word + (after_consonant if takes_consonants else after_vowel)


def _ends_in_rieul(word: str) -> bool:
    last = _last_read(word)
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28 == _RIEUL
    return last in _SIGNS_WITH_RIEUL


def _last_read(word: str) -> str:
    """Return the last character that is read aloud, in lower case; "" if none is."""
    # NFKC: composed syllables, and full-width letters and digits as plain ones
    word = unicodedata.normalize("NFKC", word).strip().lower()
    word = _GLOSS.sub("", word) or word
    return next((char for char in reversed(word) if char.isalnum() or char in _SIGNS), "")
