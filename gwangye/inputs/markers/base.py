"""What an input form is: the sentence rewritten, and where in it the entities are."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from gwangye.examples import Entity, Example
from gwangye.options import Piece, Registry

Role = Literal["subject", "object"]
Span = tuple[int, int]

KOREAN = {
    "PER": "사람", "ORG": "단체", "LOC": "장소", "DAT": "날짜", "POH": "기타", "NOH": "수량",
}  # fmt: skip
ENGLISH = {
    "PER": "person", "ORG": "organization", "LOC": "location", "DAT": "date", "POH": "other",
    "NOH": "number",
}  # fmt: skip


class Wrapped(NamedTuple):
    """An entity as a form writes it; the five pieces are written one after the other."""

    opening: str
    before: str
    word: str
    after: str
    closing: str


class EntitySpans(NamedTuple):
    """Where an entity's pieces are, as half-open character spans; without a marker, the word's."""

    opening: Span
    word: Span
    closing: Span


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence in an input form.

    The spans are known from writing the text, never searched for: words, ``@`` and markers may
    occur in the sentence itself.
    """

    text: str
    subject: EntitySpans
    object: EntitySpans


class Representation(Piece, abc.ABC):
    """Base of all input forms."""

    marks_entities: ClassVar[bool] = True

    @abc.abstractmethod
    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return how an entity is written in a role."""

    def special_tokens(self, entity_types: Sequence[str]) -> list[str]:
        """Return the markers that must be single tokens of their own."""
        return []

    def mark(self, example: Example) -> Marked:
        """Write an example in this form; roles go by subject and object, not by order."""
        entities: list[tuple[Role, Entity]] = [
            ("subject", example.subject_entity),
            ("object", example.object_entity),
        ]
        parts: list[str] = []
        spans: dict[Role, EntitySpans] = {}
        length = done = 0
        for role, entity in sorted(entities, key=lambda item: item[1].start):
            before = example.sentence[done : entity.start]
            wrapped = self.wrap(role, entity)
            parts += [before, *wrapped]
            spans[role] = _spans(wrapped, length + len(before))
            length += len(before) + sum(map(len, wrapped))
            done = entity.end
        parts.append(example.sentence[done:])
        return Marked("".join(parts), spans["subject"], spans["object"])


REPRESENTATIONS: Registry[Representation] = Registry("input form")


def type_word(entity_type: str, words: Literal["korean", "english", "tag"]) -> str:
    """Return the word for an entity type; a type without one is written as it is."""
    table = {"korean": KOREAN, "english": ENGLISH, "tag": dict[str, str]()}[words]
    return table.get(entity_type, entity_type)


def _spans(wrapped: Wrapped, start: int) -> EntitySpans:
    opened = start + len(wrapped.opening)
    first = opened + len(wrapped.before)
    word = (first, first + len(wrapped.word))
    closes = word[1] + len(wrapped.after)
    return EntitySpans(
        (start, opened) if wrapped.opening else word,
        word,
        (closes, closes + len(wrapped.closing)) if wrapped.closing else word,
    )
