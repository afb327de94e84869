"""Queries: a second text that asks for the pair, beside the sentence as a segment of its own."""

from __future__ import annotations

import abc
from typing import Literal

from pydantic import Field

from gwangye.examples import Example
from gwangye.inputs.markers.marking import type_word
from gwangye.inputs.markers.particles import with_particle
from gwangye.options import Piece, Registry

SEPARATOR = "[SEP]"
"""Stands in a query for the tokenizer's own separator."""


class Query(Piece, abc.ABC):
    """Base of all queries."""

    position: Literal["front", "behind"] = Field(
        "behind", description="before or after the sentence"
    )

    @abc.abstractmethod
    def text(self, example: Example) -> str | None:
        """Return the query, or None for none."""


QUERIES: Registry[Query] = Registry("query")


@QUERIES.register("none")
class NoQuery(Query):
    """No query.

    Example:
        (nothing)

    References: None
    """

    def text(self, example: Example) -> str | None:
        """Return None."""
        return None


@QUERIES.register("relation")
class RelationQuery(Query):
    """A phrase that names the relation of both entities.

    Example:
        비틀즈와 조지 해리슨의 관계

    References: None
    """

    def text(self, example: Example) -> str | None:
        """Return the query."""
        subject = with_particle(example.subject_entity.word, "과", "와")
        return f"{subject} {example.object_entity.word}의 관계"


@QUERIES.register("question")
class QuestionQuery(RelationQuery):
    """A question about the relation of both entities.

    Example:
        비틀즈와 조지 해리슨의 관계는 무엇인가?

    References: None
    """

    def text(self, example: Example) -> str | None:
        """Return the query."""
        return f"{super().text(example)}는 무엇인가?"


@QUERIES.register("description")
class DescriptionQuery(Query):
    """A statement of what the object is to the subject, by its type.

    Example:
        이 문장에서 조지 해리슨은 비틀즈의 사람이다.

    References: None
    """

    def text(self, example: Example) -> str | None:
        """Return the query."""
        object_ = with_particle(example.object_entity.word, "은", "는")
        kind = with_particle(type_word(example.object_entity.type, "korean"), "이다", "다")
        return f"이 문장에서 {object_} {example.subject_entity.word}의 {kind}."


@QUERIES.register("pair")
class PairQuery(Query):
    """Both entities, with a separator.

    Example:
        비틀즈 [SEP] 조지 해리슨

    References: None
    """

    def text(self, example: Example) -> str | None:
        """Return the query."""
        return f"{example.subject_entity.word} {SEPARATOR} {example.object_entity.word}"
