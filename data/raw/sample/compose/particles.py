"""Korean particles that agree with the word before them.

A particle is named by the form it takes after a consonant (``은``); which form is written depends
on how the word before it *sounds*: ``KMR`` ends in 알, ``7`` in 칠, ``12%`` in 퍼센트, and brackets
and quotes at the end are silent (``윤태한(尹泰翰)`` sounds like 윤태한).
"""

from __future__ import annotations

import re
from collections.abc import Mapping


class ComposeError(ValueError):
    """A frame, an entity list or a quota does not fit the others."""


AFTER_VOWEL = {
    "은": "는",
    "이": "가",
    "을": "를",
    "과": "와",
    "으로": "로",
    "이다": "다",
    "이라": "라",
    "이며": "며",
    "이고": "고",
    "이나": "나",
    "이었": "였",
    "이란": "란",
    "아": "야",
    "이던": "던",
    "이자": "자",
    "이라는": "라는",
}
"""Particle after a consonant → the same particle after a vowel."""

DIGITS = "영일이삼사오육칠팔구"
# a number is read by its last place: 10 십, 200 백, 3000 천, 40000 만; eight zeros are 억
PLACES = {0: "", 1: "십", 2: "백", 3: "천", 4: "만", 5: "만", 6: "만", 7: "만", 8: "억"}
# the names of L, M, N and R end in a consonant (엘, 엠, 엔, 알); those of all others in a vowel
LETTER_NAMES = {"L": "엘", "M": "엠", "N": "엔", "R": "알"}
SIGNS = {"%": "퍼센트", "℃": "도", "㎞": "터", "㎡": "터"}
# an English word that ends in these is read with an open syllable: 하나, 하이, 고, 유, 버디, 서버
OPEN_ENDINGS = "aiouyr"
CLOSED_ENDINGS = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "ng": "ㅇ"}

_SILENT = re.compile(r"(\([^()]*\)|\[[^\[\]]*\]|[\s'\"’”‘“』」》〉>)\]!?.,~…])+$")
_FINALS = 28
_FINAL_L = 8  # index of ㄹ among the 28 finals


def sound_ending(word: str, readings: Mapping[str, str] | None = None) -> str:
    """Return how a word ends in speech: ``"vowel"``, ``"ㄹ"`` or ``"consonant"``.

    Args:
        word: Any entity string.
        readings: Word → its reading in Hangul, for words whose spelling does not tell.

    Raises:
        ComposeError: If the reading cannot be told from the spelling and is not given.

    Example:
        >>> sound_ending("서울"), sound_ending("윤태한(尹泰翰)"), sound_ending("2024")
        ('ㄹ', 'consonant', 'vowel')
    """
    text = (readings or {}).get(word, word)
    text = _SILENT.sub("", text)
    syllable = _last_syllable(text)
    if syllable is None:
        raise ComposeError(
            f"entity {word!r}: cannot tell how its end is read. Allowed ends: Hangul, digits, %, "
            "capital letters, English words in -a -i -o -u -y -r -l -m -n. "
            "Add it to `readings` in entities.yaml."
        )
    if syllable in CLOSED_ENDINGS.values():
        return "ㄹ" if syllable == "ㄹ" else "consonant"
    final = (ord(syllable) - ord("가")) % _FINALS
    if final == 0:
        return "vowel"
    return "ㄹ" if final == _FINAL_L else "consonant"


def _last_syllable(text: str) -> str | None:
    """Return the last syllable as it is read, or a bare final consonant, or None."""
    last = text[-1:]
    if "가" <= last <= "힣":
        return last
    if last in SIGNS:
        return SIGNS[last][-1]
    if last.isascii() and last.isdigit():
        return _read_number(text)
    if last.isascii() and last.isupper():
        return LETTER_NAMES.get(last, "에")[-1]
    if last.isascii() and last.islower():
        for ending in ("ng", last):
            if text.endswith(ending) and ending in CLOSED_ENDINGS:
                return CLOSED_ENDINGS[ending]
        return "아" if last in OPEN_ENDINGS else None
    return None


def _read_number(text: str) -> str:
    """Return the last syllable of the number at the end of ``text``."""
    match = re.search(r"[\d,]*\d$", text)
    digits = match.group().replace(",", "") if match else "0"
    zeros = len(digits) - len(digits.rstrip("0"))
    decimal = bool(re.search(r"\d\.\d+$", text))
    if zeros == 0 or decimal or zeros == len(digits):
        return DIGITS[int(digits[-1])]
    return PLACES.get(zeros, "억")


def particle(word: str, form: str, readings: Mapping[str, str] | None = None) -> str:
    """Return the form of a particle that follows ``word``.

    Args:
        word: The word before the particle.
        form: The particle as it is after a consonant, e.g. ``"은"`` or ``"으로"``.
        readings: See :func:`sound_ending`.

    Raises:
        ComposeError: If the particle is not one of :data:`AFTER_VOWEL`.

    Example:
        >>> particle("서울", "으로"), particle("부산", "으로"), particle("KMR", "은")
        ('로', '으로', '은')
    """
    if form not in AFTER_VOWEL:
        raise ComposeError(f"particle {form!r} is unknown. Allowed: {', '.join(AFTER_VOWEL)}.")
    ending = sound_ending(word, readings)
    if ending == "vowel" or (form == "으로" and ending == "ㄹ"):
        return AFTER_VOWEL[form]
    return form
