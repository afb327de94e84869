"""Korean particles whose form follows the word before them."""

from __future__ import annotations

import re
import unicodedata

# Place of ㄹ among the 28 endings of a Hangul syllable; 0 is none.
_RIEUL = 8
# Read in Korean, 일 칠 팔 and the letters 엘 알 end in ㄹ,
_SIGNS_WITH_RIEUL = set("178lr")
# and 영 삼 육, 엠 엔 in another consonant.
_SIGNS_WITH_FINAL = set("036mn")
# Signs read as words that end in a vowel: 퍼센트, 플러스, 달러.
_SIGNS = set("%+$")
_GLOSS = re.compile(r"\([^()가-힣]*\)\W*$")


def with_particle(word: str, after_consonant: str, after_vowel: str) -> str:
    """Return the word with the fitting one of two particles.

    A particle with 으 is without it after ㄹ too: 서울로, but 부산으로.

    Example:
        >>> with_particle("비틀즈", "과", "와")
        '비틀즈와'
    """
    final = _final(word)
    drops_eu = final == _RIEUL and after_consonant.startswith("으")
    return word + (after_vowel if final == 0 or drops_eu else after_consonant)


def _final(word: str) -> int:
    """Return the place of a word's ending, read aloud, among the 28; 1 for any consonant but ㄹ.

    Digits are read as numbers and Latin letters by their names. Closing quotes and brackets are
    not read, nor is a gloss without Hangul in parentheses: "윤태한(尹泰翰)" ends like "윤태한".
    A Hanja character counts as ending in a vowel, for its reading is not known here.
    """
    last = _last_read(word)
    if "가" <= last <= "힣":
        return (ord(last) - ord("가")) % 28
    return _RIEUL if last in _SIGNS_WITH_RIEUL else int(last in _SIGNS_WITH_FINAL)


def _last_read(word: str) -> str:
    """Return the last character that is read aloud, in lower case; "" if none is."""
    # NFKC: composed syllables, and full-width letters and digits as plain ones
    word = unicodedata.normalize("NFKC", word).strip().lower()
    word = _GLOSS.sub("", word) or word
    return next((char for char in reversed(word) if char.isalnum() or char in _SIGNS), "")
