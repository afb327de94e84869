"""What fills the slots of a frame: entity lists, and the circles they come in.

Entities come in *circles*: a handful of people, a few organisations, places and works each. A
sentence draws its entities from one circle, the first circles far more often than the last
(Zipf), so that the same names meet again in other sentences.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dates import draw_date, is_old, year_range
from frame import Frame, ambiguity, fill
from particles import ComposeError

NOT_KINDS = ("readings", "aliases")
PERSON_KINDS = ("person", "person_old")
CIRCLES = {"train": 50, "test": 40}
ZIPF = {"train": 0.8, "test": 0.3}
# how many entities of a kind a circle holds; 2 where nothing is said
PER_CIRCLE = {"person": 6, "person_old": 5, "person_foreign": 4, "city": 3, "work": 3}
# the second member of a circle's list is drawn this often after the first was not, and so on
FIRST_MEMBER = 0.72
# people of a sentence who are not called a family bear different surnames this often
STRANGERS = 0.95
# a Hangul short name stands for an organisation that has one this often; else Latin letters
SHORT_NAMES = 0.6
# an entity from outside the circle, once in so many slots
OUTSIDE = 0.12

# words that speak of a scholar's pen name rather than a stage name
_HO_WORDS = re.compile(r"아호|호[는가를인]|호로|필명|자[는가] |법명|당호")
_BOOK_WORDS = re.compile(r"펴|출간|출판|연작|책|옮김")
# filled first: a name with Hanja is a whole, its family takes its surname; last: short names,
# which follow the organisation they are short for
_ORDER = {"hanja_person": 0, "org_alias": 2}
_TRIES = 300


class Sentence(NamedTuple):
    """A filled frame: its text, slot → index of the first character, slot → word."""

    text: str
    starts: dict[str, int]
    words: dict[str, str]


class Entities:
    """The lists of ``entities.yaml`` for one part, and its circles."""

    def __init__(self, raw: Mapping[str, Any], part: str, seed: int) -> None:
        self.part = part
        self.seed = seed
        self.readings: dict[str, str] = {str(k): str(v) for k, v in raw["readings"].items()}
        self.types = {kind: body["type"] for kind, body in raw.items() if kind not in NOT_KINDS}
        self.aliases: dict[str, str] = raw["aliases"]
        self._raw = raw
        self.circles = [self._circle(number) for number in range(CIRCLES[part])]
        self._weights = [1 / (rank + 1) ** ZIPF[part] for rank in range(CIRCLES[part])]

    def groups(self, kind: str) -> list[str]:
        """Return the names of a kind's groups; empty where it has none."""
        pool = self._raw[kind].get(self.part)
        return list(pool) if isinstance(pool, dict) else []

    def words(self, kind: str, group: str = "") -> list[str]:
        """Return the list of a kind (of one group of it, where the kind has groups)."""
        pool = self._raw[kind][self.part]
        return [str(word) for word in (pool[group] if group else pool)]

    def draw_circle(self, rng: random.Random) -> int:
        """Return the number of a circle, small numbers more often."""
        point = rng.random() * sum(self._weights)
        for number, weight in enumerate(self._weights):
            point -= weight
            if point < 0:
                return number
        return len(self._weights) - 1

    def compose_person(self, kind: str, surname: str, rng: random.Random) -> str:
        """Return a name of the given surname."""
        if kind == "person_foreign":
            return f"{pick(self._raw[kind]['first'][self.part], rng)} {surname}"
        given = [str(word) for word in self._raw[kind][self.part] if word[0] != surname]
        return surname + pick(given, rng)

    def surnames(self, kind: str) -> list[str]:
        """Return the surnames a person kind is composed with."""
        if kind == "person_foreign":
            return [str(word) for word in self._raw[kind][self.part]]
        if kind in PERSON_KINDS:
            return [str(word) for word in self._raw[kind]["surnames"]]
        raise ComposeError(
            f"kind {kind!r} has no surnames. Use person, person_old, person_foreign."
        )

    def _circle(self, number: int) -> dict[str, list[str]]:
        rng = random.Random(f"{self.seed}:{self.part}:circle:{number}")
        circle: dict[str, list[str]] = {}
        for kind, type_ in self.types.items():
            if type_ == "DAT":
                continue
            size = PER_CIRCLE.get(kind, 2)
            if kind in (*PERSON_KINDS, "person_foreign"):
                names = self.surnames(kind)
                # every other person is of one family: parents, siblings, cousins
                others = iter(sample(names[1:], size, rng))
                family = names[int(rng.random() * len(names))]
                people = [next(others) if i % 2 else family for i in range(size)]
                circle[kind] = [self.compose_person(kind, name, rng) for name in people]
                continue
            for group in self.groups(kind) or [""]:
                words = self.words(kind, group)
                key = f"{kind}/{group}" if group else kind
                circle[key] = sample(words, min(size, len(words)), rng)
        return circle


def pick(words: Sequence[Any], rng: random.Random) -> str:
    """Return one word; ``Random.random`` alone is the same on every Python version."""
    return str(words[int(rng.random() * len(words))])


def sample(words: Sequence[str], size: int, rng: random.Random) -> list[str]:
    """Return ``size`` different words in drawn order."""
    rest = list(words)
    return [rest.pop(int(rng.random() * len(rest))) for _ in range(size)]


def surname(word: str) -> str:
    """Return the surname: the last word of a foreign name, else the first syllable."""
    return word.rsplit(" ", 1)[-1] if " " in word else word[0]


def group_of(frame: Frame, slot: str, groups: Iterable[str]) -> str:
    """Return which group of a grouped kind suits the sentence."""
    kind = frame.slots[slot]
    kinds = set(frame.slots.values())
    abroad = any(k.endswith("_foreign") for k in kinds) and not kinds & {
        "agency",
        "party",
        "district",
    }
    old = is_old(frame)
    if kind == "pen_name":
        return "ho" if old or "hanja_person" in kinds or _HO_WORDS.search(frame.text) else "stage"
    if kind == "title":
        return _title_group(frame, slot, groups)
    if kind == "amount":
        return "score" if "club" in kinds else "any"
    if kind == "headcount":
        return "small" if kinds & {"school", "club", "band"} else "any"
    if kind == "company":
        if "work" in kinds and _BOOK_WORDS.search(frame.text):
            return "publisher"
        return "agent" if "소속사" in frame.text else "any"
    if kind == "temple_church" and "religion" in kinds:
        return "neutral"
    if kind == "association":
        return "sport" if "club" in kinds else "care" if "hospital" in kinds else "any"
    if old and "old" in groups:
        return "old"
    if abroad and "abroad" in groups:
        return "abroad"
    return next(iter(groups))


def _title_group(frame: Frame, slot: str, groups: Iterable[str]) -> str:
    for holder in (s for s, relation, o in frame.facts if relation == "per:title" and o == slot):
        if frame.slots[holder] == "person_old":
            return "old"
        employers = [o for s, r, o in frame.facts if (s, r) == (holder, "per:employee_of")]
        if employers:
            nearest = min(employers, key=lambda o: abs(frame.position(o) - frame.position(slot)))
            kind = frame.slots[nearest].removesuffix("_foreign")
            return kind if kind in groups else "any"
        if any(s == holder and r == "per:product" for s, r, _ in frame.facts):
            return "work"
    return "official" if frame.source == "policy_briefing" else "any"


def draw_word(
    frame: Frame,
    slot: str,
    entities: Entities,
    circle: int,
    taken: Mapping[str, str],
    rng: random.Random,
) -> str:
    """Return a word for a slot: from the circle or, now and then, from outside it.

    Args:
        frame: The frame.
        slot: One of its slots.
        entities: The lists to draw from.
        circle: The number of the sentence's circle.
        taken: Slot → word of the slots filled before; no word is drawn twice.
        rng: Where chance comes from.
    """
    kind = frame.slots[slot]
    if slot in frame.only:
        return pick(frame.only[slot], rng)
    if entities.types[kind] == "DAT":
        number = 0 if rng.random() < FIRST_MEMBER else 1
        return draw_date(frame, slot, f"{entities.seed}:{entities.part}:{circle}:{number}")
    owner = next((taken[s] for s in alias_owners(frame, slot) if s in taken), None)
    if owner in entities.aliases and rng.random() < SHORT_NAMES:
        return entities.aliases[owner]
    return _draw_from_circles(frame, slot, entities, circle, taken, rng)


def _draw_from_circles(
    frame: Frame,
    slot: str,
    entities: Entities,
    circle: int,
    taken: Mapping[str, str],
    rng: random.Random,
) -> str:
    kind = frame.slots[slot]
    key = slot_key(frame, slot, entities)
    family = family_name(frame, slot, taken)
    avoided = {surname(taken[s]) for s in taken if frame.slots[s] in (*PERSON_KINDS, kind)}
    is_person = entities.types[kind] == "PER" and kind != "pen_name"
    for _ in range(CIRCLES[entities.part]):
        if rng.random() < OUTSIDE:
            circle = int(rng.random() * CIRCLES[entities.part])
        free = [word for word in entities.circles[circle][key] if word not in taken.values()]
        if family:
            free = [word for word in free if surname(word) == family]
        elif is_person and rng.random() < STRANGERS:
            free = [word for word in free if surname(word) not in avoided]
        for word in free:
            if rng.random() < FIRST_MEMBER or word == free[-1]:
                return word
        if family:
            return entities.compose_person(kind, family, rng)
        circle = int(rng.random() * CIRCLES[entities.part])
    return pick(entities.circles[circle][key], rng)


def alias_owners(frame: Frame, slot: str) -> list[str]:
    """Return the slots whose short name an ``org_alias`` slot is."""
    if frame.slots[slot] != "org_alias":
        return []
    return [s for s, relation, o in frame.facts if relation == "org:alternate_names" and o == slot]


def slot_key(frame: Frame, slot: str, entities: Entities) -> str:
    """Return the list a slot draws from; words of one key may stand in for each other."""
    kind = frame.slots[slot]
    if slot in frame.only:
        return f"only {sorted(frame.only[slot])}"
    if entities.types[kind] == "DAT":
        return f"{kind} {year_range(frame, slot)}"
    groups = entities.groups(kind)
    return f"{kind}/{group_of(frame, slot, groups)}" if groups else kind


def family_name(frame: Frame, slot: str, taken: Mapping[str, str]) -> str | None:
    """Return the surname that the slot shares with one filled before, if it does."""
    for slots in frame.same_surname:
        for other in slots:
            if slot in slots and other in taken:
                return surname(taken[other])
    return None


def draw(frame: Frame, entities: Entities, attempt: str, fixed: Mapping[str, str]) -> Sentence:
    """Fill a frame with words that stay unambiguous in its sentence.

    Args:
        frame: The frame.
        entities: The lists of its part.
        attempt: Makes this draw another than the frame's other draws.
        fixed: Slot → word, for slots that are decided already.

    Raises:
        ComposeError: If no such words are found in ``_TRIES`` draws.
    """
    rng = random.Random(f"{entities.seed}:{frame.id}:{attempt}")
    problem = ""
    for _ in range(_TRIES):
        circle = entities.draw_circle(rng)
        words = dict(fixed)
        for slot in sorted(frame.slots, key=lambda s: _ORDER.get(frame.slots[s], 1)):
            if slot not in fixed:
                words[slot] = draw_word(frame, slot, entities, circle, words, rng)
        text, starts = fill(frame, words, entities.readings)
        problem = ambiguity(frame, text, starts, words)
        if not problem:
            return Sentence(text, starts, words)
    raise ComposeError(f"frame {frame.id}: {_TRIES} draws gave no clear sentence; last: {problem}")
