"""What an example is, and the columns that hold it between stages.

A *span* is given in characters (Python string indices). Inside this package it is half-open:
``sentence[start:end] == word``. Files that people write follow KLUE (``end_idx`` is inclusive);
reading converts once, and the columns below are named differently so that the two never mix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ENTITY_TYPES = ("PER", "ORG", "LOC", "DAT", "POH", "NOH")
"""KLUE's entity types: person, organisation, location, date, other proper noun, other number."""

COLUMNS = (
    "guid",
    "sentence",
    "subject_word",
    "subject_start",
    "subject_end",
    "subject_type",
    "object_word",
    "object_start",
    "object_end",
    "object_type",
    "label",
    "source",
)
"""The canonical columns. ``label`` and ``source`` are None where a file has none."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A marked entity: its surface form, its half-open character span and its type."""

    word: str
    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with a subject and an object entity, and their relation where it is known.

    Example:
        >>> sentence = "비틀즈의 조지 해리슨이 곡을 썼다."
        >>> subject, object_ = Entity("비틀즈", 0, 3, "ORG"), Entity("조지 해리슨", 5, 11, "PER")
        >>> Example("a", sentence, subject, object_).object_entity.word
        '조지 해리슨'
    """

    guid: str
    sentence: str
    subject_entity: Entity
    object_entity: Entity
    label: str | None = None
    source: str | None = None


def to_examples(frame: pd.DataFrame) -> Iterator[Example]:
    """Yield the rows of a canonical table as examples, in order."""
    for row in zip(*(frame[column].tolist() for column in COLUMNS), strict=True):
        guid, sentence, sw, ss, se, st, ow, os_, oe, ot, label, source = row
        yield Example(
            guid, sentence, Entity(sw, ss, se, st), Entity(ow, os_, oe, ot), label, source
        )
