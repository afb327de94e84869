"""Particles after entities: where they are, and the form that goes with the name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gwangye.examples import Entity, Example
from gwangye.inputs.markers.marking import Role
from gwangye.inputs.markers.particles import with_particle
from gwangye.training.augmentation.base import Edit, rewrite

PAIRS = (
    ("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로"), ("이나", "나"),
    ("이란", "란"), ("이랑", "랑"), ("이라는", "라는"), ("이라고", "라고"), ("이며", "며"),
)  # fmt: skip
FORMS = {form: pair for pair in PAIRS for form in pair}
# These may be followed by others: 과의, 으로서, 으로부터의.
_STEMS = "과|와|으로|로"
_ENDINGS = "(?:서|써|부터)?(?:의|는|도)?"
_OTHERS = "|".join(sorted({*FORMS, "의"} - set(_STEMS.split("|")), key=len, reverse=True))
_QUOTES = "[»›》〉」』”’\"']*"
# The particle stands behind closing quotes and a gloss in parentheses, 《비틀즈》(The Beatles)는.
_AFTER = re.compile(
    rf"{_QUOTES}(?:\([^()]*\))?{_QUOTES}"
    rf"(?P<particle>(?:{_OTHERS})(?!\w)|(?:{_STEMS})(?={_ENDINGS}(?!\w)))"
)


def particle_after(example: Example, entity: Entity) -> tuple[int, int] | None:
    """Return the span of the particle that goes with an entity, or None.

    Only what ends a word is one: 은 in "윤슬은", but not in "윤슬은행". After parentheses it goes
    with the name before them. What belongs to an entity itself is none.
    """
    match = _AFTER.match(example.sentence, entity.end)
    if match is None:
        return None
    start, end = match.span("particle")
    both = (example.subject_entity, example.object_entity)
    within = any(start < other.end and other.start < end for other in both)
    return None if within else (start, end)


def rename(example: Example, words: Mapping[Role, str]) -> Example:
    """Return the row with other names, and with the particles that go with them.

    Args:
        example: A row whose entities do not overlap.
        words: The new names by role.

    Example:
        비틀즈는 → 온소리단은
    """
    edits = [
        Edit(entity.start, entity.end, words[role])
        for role, entity in entities_by_role(example).items()
        if role in words
    ]
    renamed = rewrite(example, sorted(edits))
    repairs = []
    for role, entity in entities_by_role(renamed).items():
        span = particle_after(renamed, entity) if role in words else None
        particle = renamed.sentence[slice(*span)] if span else ""
        if span and particle in FORMS:
            fitting = with_particle(entity.word, *FORMS[particle])[len(entity.word) :]
            repairs.append(Edit(*span, fitting))
    return rewrite(renamed, sorted(repairs))


def entities_by_role(example: Example) -> dict[Role, Entity]:
    """Return the two entities by what they are."""
    return {"subject": example.subject_entity, "object": example.object_entity}
