"""The input forms.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from gwangye.examples import Entity
from gwangye.inputs.markers.base import REPRESENTATIONS, Representation, Role, Wrapped, type_word

SHORT = {"subject": "SUBJ", "object": "OBJ"}
NUMBER = {"subject": "E1", "object": "E2"}
PUNCTUATION = {"subject": "@", "object": "#"}
TYPE_PUNCTUATION = {"subject": "*", "object": "^"}


class Typed(Representation):
    """Options of the forms that write the entity types in words."""

    type_words: Literal["korean", "english", "tag"] = Field(
        "korean", description="words for the types: 사람, person, or PER itself"
    )


@REPRESENTATIONS.register("none")
class Plain(Representation):
    """The sentence as it is.

    Example:
        비틀즈의 조지 해리슨이 곡을 썼다.

    References:
        None
    """

    marks_entities = False

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word alone."""
        return Wrapped("", "", entity.word, "", "")


@REPRESENTATIONS.register("entity_mask")
class EntityMask(Representation):
    """Role and type instead of the entity's word.

    Example:
        [SUBJ-ORG]의 [OBJ-PER]이 곡을 썼다.

    References:
        Zhang et al. 2017, Position-aware Attention and Supervised Data Improve Slot Filling
    """

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the mask in the word's place."""
        return Wrapped("", "", f"[{SHORT[role]}-{entity.type}]", "", "")

    def special_tokens(self, entity_types: Sequence[str]) -> list[str]:
        """Return one mask per role and type."""
        return [f"[{short}-{type_}]" for short in SHORT.values() for type_ in entity_types]


@REPRESENTATIONS.register("entity_marker")
class EntityMarker(Representation):
    """New tokens around each entity.

    Example:
        [E1]비틀즈[/E1]의 [E2]조지 해리슨[/E2]이 곡을 썼다.

    References:
        Baldini Soares et al. 2019, arXiv 1906.03158
    """

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word between its role's tokens."""
        return Wrapped(f"[{NUMBER[role]}]", "", entity.word, "", f"[/{NUMBER[role]}]")

    def special_tokens(self, entity_types: Sequence[str]) -> list[str]:
        """Return the four markers."""
        return ["[E1]", "[/E1]", "[E2]", "[/E2]"]


@REPRESENTATIONS.register("entity_marker_punct")
class EntityMarkerPunct(Representation):
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


@REPRESENTATIONS.register("typed_entity_marker")
class TypedEntityMarker(Representation):
    """New tokens with role and type around each entity.

    Example:
        [SUBJ-ORG] 비틀즈 [/SUBJ-ORG]의 [OBJ-PER] 조지 해리슨 [/OBJ-PER]이 곡을 썼다.

    References:
        Zhong & Chen 2021, arXiv 2010.12812
    """

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return the word between the tokens of its role and type."""
        name = f"{SHORT[role]}-{entity.type}"
        return Wrapped(f"[{name}]", " ", entity.word, " ", f"[/{name}]")

    def special_tokens(self, entity_types: Sequence[str]) -> list[str]:
        """Return two markers per role and type."""
        names = [f"{short}-{type_}" for short in SHORT.values() for type_ in entity_types]
        return [token for name in names for token in (f"[{name}]", f"[/{name}]")]


@REPRESENTATIONS.register("typed_entity_marker_punct")
class TypedEntityMarkerPunct(Typed):
    """Punctuation around each entity, and its type in words; the encoder knows both.

    Example:
        @ * 단체 * 비틀즈 @의 # ^ 사람 ^ 조지 해리슨 #이 곡을 썼다.

    References:
        Zhou & Chen 2022, arXiv 2102.01373
    """

    def wrap(self, role: Role, entity: Entity) -> Wrapped:
        """Return type and word between the role's punctuation."""
        mark, inner = PUNCTUATION[role], TYPE_PUNCTUATION[role]
        kind = type_word(entity.type, self.type_words)
        return Wrapped(mark, f" {inner} {kind} {inner} ", entity.word, " ", mark)
