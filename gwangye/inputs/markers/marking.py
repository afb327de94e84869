"""How the entities are marked in the sentence, and where in the marked text they are.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

from pydantic import Field

from gwangye.examples import Entity, Example
from gwangye.options import Piece, Registry

Role = Literal["subject", "object"]
Span = tuple[int, int]

SHORT = {"subject": "SUBJ", "object": "OBJ"}
NUMBER = {"subject": "E1", "object": "E2"}
PUNCTUATION = {"subject": "@", "object": "#"}
TYPE_PUNCTUATION = {"subject": "*", "object": "^"}

KOREAN = {
    "PER": "사람", "ORG": "단체", "LOC": "장소", "DAT": "날짜", "POH": "기타", "NOH": "수량",
}  # fmt: skip
ENGLISH = {
    "PER": "person", "ORG": "organization", "LOC": "location", "DAT": "date", "POH": "other",
    "NOH": "number",
}  # fmt: skip


class Wrapped(NamedTuple):
    """An entity as a marking writes it; the five pieces are written one after the other."""

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
    """A sentence whose entities are marked.

    The spans are known from writing the text, never searched for: words, ``@`` and markers may
    occur in the sentence itself.
    """

    text: str
    subject: EntitySpans
    object: EntitySpans


class Marking(Piece, abc.ABC):
    """Base of all markings.

    ``has_new_tokens`` says that what is written beside the word, or in its place, is new to the
    encoder: each such marker becomes a token of its own.
    """

    marks_entities: ClassVar[bool] = True
    has_new_tokens: ClassVar[bool] = False

    @abc.abstractmethod
    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return how an entity is written in a role."""

    def special_tokens(self, entity_types: Sequence[str]) -> list[str]:
        """Return the markers that must be single tokens of their own."""
        if not self.has_new_tokens:
            return []
        nothing = [Entity("", 0, 0, type_) for type_ in entity_types]
        wrapped = [self.wrap(role, entity) for role in get_args(Role) for entity in nothing]
        markers = (marker for w in wrapped for marker in (w.opening, w.word, w.closing))
        return list(dict.fromkeys(filter(None, markers)))

    def mark(self, example: Example) -> Marked:
        """Mark an example's entities; roles go by subject and object, not by order."""
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


MARKINGS: Registry[Marking] = Registry("input form")


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


@MARKINGS.register("none")
class Plain(Marking):
    """The sentence as it is.

    Example:
        비틀즈의 조지 해리슨이 곡을 썼다.

    References: None
    """

    marks_entities = False

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word alone."""
        return Wrapped("", "", entity.word, "", "")


@MARKINGS.register("entity_mask")
class EntityMask(Marking):
    """Role and type instead of the entity's word.

    Example:
        [SUBJ-ORG]의 [OBJ-PER]이 곡을 썼다.

    References:
        Zhang et al. 2017, Position-aware Attention and Supervised Data Improve Slot Filling
    """

    has_new_tokens = True

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the mask in the word's place."""
        return Wrapped("", "", f"[{SHORT[role]}-{entity.type}]", "", "")


@MARKINGS.register("entity_marker")
class EntityMarker(Marking):
    """New tokens around each entity.

    Example:
        [E1]비틀즈[/E1]의 [E2]조지 해리슨[/E2]이 곡을 썼다.

    References:
        Baldini Soares et al. 2019, arXiv 1906.03158
    """

    has_new_tokens = True

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word between its role's tokens."""
        return Wrapped(f"[{NUMBER[role]}]", "", entity.word, "", f"[/{NUMBER[role]}]")


@MARKINGS.register("entity_marker_punct")
class EntityMarkerPunct(Marking):
    """Punctuation, which the encoder knows, around each entity.

    Example:
        @ 비틀즈 @의 # 조지 해리슨 #이 곡을 썼다.

    References:
        Zhou & Chen 2022, arXiv 2102.01373
    """

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word between its role's punctuation."""
        mark = PUNCTUATION[role]
        return Wrapped(mark, " ", entity.word, " ", mark)


@MARKINGS.register("typed_entity_marker")
class TypedEntityMarker(Marking):
    """New tokens with role and type around each entity.

    Example:
        [SUBJ-ORG] 비틀즈 [/SUBJ-ORG]의 [OBJ-PER] 조지 해리슨 [/OBJ-PER]이 곡을 썼다.

    References:
        Zhong & Chen 2021, arXiv 2010.12812
    """

    has_new_tokens = True

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word between the tokens of its role and type."""
        name = f"{SHORT[role]}-{entity.type}"
        return Wrapped(f"[{name}]", " ", entity.word, " ", f"[/{name}]")


@MARKINGS.register("typed_entity_marker_punct")
class TypedEntityMarkerPunct(Marking):
    """Punctuation around each entity, and its type in words; the encoder knows both.

    Example:
        @ * 단체 * 비틀즈 @의 # ^ 사람 ^ 조지 해리슨 #이 곡을 썼다.

    References:
        Zhou & Chen 2022, arXiv 2102.01373
    """

    type_words: Literal["korean", "english", "tag"] = Field(
        "korean", description="words for the types: 사람, person, or PER itself"
    )

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return type and word between the role's punctuation."""
        mark, inner = PUNCTUATION[role], TYPE_PUNCTUATION[role]
        kind = type_word(entity.type, self.type_words)
        return Wrapped(mark, f" {inner} {kind} {inner} ", entity.word, " ", mark)
