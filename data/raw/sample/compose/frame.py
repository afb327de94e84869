"""Frames: sentences with slots. Reading, checking and filling them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml
from particles import AFTER_VOWEL, ComposeError, particle

NO_RELATION = "no_relation"
PARTS = ("train", "test")
SOURCES = ("wikipedia", "wikitree", "policy_briefing")
Pair = tuple[str, str]  # (subject slot, object slot)

# {slot}, {slot|은}, {|은} (agrees with the slot before), {>slot|은} (agrees with that slot)
_PLACE = re.compile(r"\{(>?)(\w*)(?:\|([^{}]*))?\}")


@dataclass
class Frame:
    """A sentence with slots, and what it states about them.

    Attributes:
        id: Unique name.
        part: train or test.
        source: The register it imitates, one of ``SOURCES``.
        text: The sentence; for the marks in it see README.md.
        slots: Slot → kind of ``entities.yaml``.
        facts: (subject slot, relation, object slot) of what the sentence states.
        none: (subject slot, object slot) of which it states no relation.
        same_surname: Groups of person slots of one family name.
        only: Slot → the only words it may have.
        years: Date slot → (first, last) year.
    """

    id: str
    part: str
    source: str
    text: str
    slots: dict[str, str]
    facts: list[tuple[str, str, str]] = field(default_factory=list)
    none: list[tuple[str, str]] = field(default_factory=list)
    same_surname: list[list[str]] = field(default_factory=list)
    only: dict[str, list[str]] = field(default_factory=dict)
    years: dict[str, list[int]] = field(default_factory=dict)

    def pairs(self) -> Iterator[tuple[Pair, str]]:
        """Yield (pair, label) of everything the frame states or denies."""
        for subject, relation, object_ in self.facts:
            yield (subject, object_), relation
        for subject, object_ in self.none:
            yield (subject, object_), NO_RELATION

    def position(self, slot: str) -> int:
        """Return where in the text a slot stands."""
        return next(m.start() for m in _PLACE.finditer(self.text) if m[2] == slot and not m[1])


def load_frames(folder: Path, types: Mapping[str, str], relations: Collection[str]) -> list[Frame]:
    """Read and check every frame below ``folder``.

    Args:
        folder: Holds ``*.yaml``, each a list of frames.
        types: Kind → entity type.
        relations: The names that facts may have.

    Raises:
        ComposeError: For a frame that does not keep to the format; the text names the frame.
    """
    frames: list[Frame] = []
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.glob("*.yaml")):
        frames += [_frame(raw, path.name) for raw in yaml.load(path.read_text("utf-8"), loader)]
    for name, count in Counter(frame.id for frame in frames).items():
        if count > 1:
            raise ComposeError(f"frame id {name!r} is used {count} times. Ids must differ.")
    for frame in frames:
        check_frame(frame, types, relations)
    return frames


def _frame(raw: Mapping[str, Any], file: str) -> Frame:
    known = {f.name for f in fields(Frame)}
    if unknown := set(raw) - known:
        raise ComposeError(
            f"{file}: frame {raw.get('id')!r}: unknown keys {sorted(unknown)}. "
            f"Allowed: {', '.join(sorted(known))}."
        )
    try:
        frame = Frame(**raw)
    except TypeError as error:
        raise ComposeError(f"{file}: frame {raw.get('id')!r}: {error}.") from None
    frame.facts = [(s, r, o) for s, r, o in frame.facts or []]
    frame.none = [(s, o) for s, o in frame.none or []]
    return frame


def check_frame(frame: Frame, types: Mapping[str, str], relations: Collection[str]) -> None:
    """Raise ComposeError if a frame's slots, kinds, facts and pairs do not fit each other."""
    for problem in _problems(frame, types, relations):
        raise ComposeError(f"frame {frame.id}: {problem}")


def _problems(frame: Frame, types: Mapping[str, str], relations: Collection[str]) -> Iterator[str]:
    for name, value, allowed in (("part", frame.part, PARTS), ("source", frame.source, SOURCES)):
        if value not in allowed:
            yield f"{name} {value!r} is unknown. Allowed: {', '.join(allowed)}."
    for slot, kind in frame.slots.items():
        if kind not in types:
            yield f"slot {slot!r} has the unknown kind {kind!r}. Allowed: {', '.join(types)}."
    yield from _text_problems(frame)
    for subject, relation, _ in frame.facts:
        if relation not in relations:
            yield f"fact with the unknown relation {relation!r}. Allowed: {', '.join(relations)}."
        wanted = "PER" if relation.startswith("per:") else "ORG"
        found = types.get(frame.slots.get(subject, ""), wanted)
        if found != wanted:
            yield f"the subject of {relation} must be {wanted}, but {subject!r} is {found}."
    for pair, label in frame.pairs():
        if unknown := [slot for slot in pair if slot not in frame.slots]:
            yield f"pair {pair} ({label}) names the unknown slot {unknown[0]!r}."
        elif types[frame.slots[pair[0]]] not in ("PER", "ORG") or pair[0] == pair[1]:
            yield f"pair {pair} ({label}): subject must be a PER or ORG slot, object another slot."
    for pair, count in Counter(pair for pair, _ in frame.pairs()).items():
        if count > 1:
            yield f"pair {pair} stands {count} times in facts and none. Once only."


def _text_problems(frame: Frame) -> Iterator[str]:
    places = _PLACE.findall(frame.text)
    used = Counter(slot for other, slot, _ in places if slot and not other)
    for other, slot, form in places:
        if slot and slot not in frame.slots:
            yield f"the text uses the unknown slot {slot!r}. Slots: {', '.join(frame.slots)}."
        if (form or other) and form not in AFTER_VOWEL:
            yield f"particle {form!r} is unknown. Allowed: {', '.join(AFTER_VOWEL)}."
    for slot, count in used.items():
        if count > 1:
            yield f"slot {slot!r} is used {count} times in the text. Once only."
    if missing := [slot for slot in frame.slots if slot not in used]:
        yield f"the text does not use the slots {missing}."


def fill(
    frame: Frame, words: Mapping[str, str], readings: Mapping[str, str]
) -> tuple[str, dict[str, int]]:
    """Write the sentence of a frame.

    Returns:
        The sentence, and slot → index of the first character of its word.

    Example:
        >>> slots = {"a": "person", "w": "work"}
        >>> frame = Frame("x", "train", "wikitree", "{a|은} 『{w}』{|을} 냈다.", slots)
        >>> fill(frame, {"a": "윤태한", "w": "긴 밤"}, {})
        ('윤태한은 『긴 밤』을 냈다.', {'a': 0, 'w': 6})
    """
    sentence, starts, end, last = "", {}, 0, ""
    for match in _PLACE.finditer(frame.text):
        sentence += frame.text[end : match.start()]
        end = match.end()
        other, slot, form = match.groups()
        if other:
            last = words[slot]
        elif slot:
            starts[slot] = len(sentence)
            last = words[slot]
            sentence += last
        if form:
            # {|을} after a quote agrees with the word inside it
            sentence += particle(last, form, readings)
    return sentence + frame.text[end:], starts


def ambiguity(
    frame: Frame, sentence: str, starts: Mapping[str, int], words: Mapping[str, str]
) -> str:
    """Return why a word could be taken for another place of the sentence, or "".

    A short name inside the long name that the sentence gives for it is not a fault.
    """
    names = {frozenset((s, o)) for s, r, o in frame.facts if r.endswith("alternate_names")}
    for slot, word in words.items():
        for match in re.finditer(f"(?={re.escape(word)})", sentence):
            if match.start() == starts[slot]:
                continue
            inside = [
                other
                for other in words
                if other != slot
                and starts[other] <= match.start() < starts[other] + len(words[other])
            ]
            if inside and word != words[inside[0]] and frozenset((slot, inside[0])) in names:
                continue  # a short name may be a piece of the long one
            return f"{word!r} (slot {slot}) stands twice in {sentence!r}"
    return ""
