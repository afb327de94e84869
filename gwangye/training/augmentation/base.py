"""What an augmentation is: one row changed, its entities' spans moved along."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from gwangye.errors import ParameterError, did_you_mean
from gwangye.examples import Entity, Example
from gwangye.options import Piece, Registry

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Augmentation(Piece, abc.ABC):
    """Base of all augmentations; each says what it is that happens with ``probability``."""

    probability: Probability

    @abc.abstractmethod
    def apply(self, example: Example, rng: np.random.Generator) -> Example:
        """Return the row changed, or as it is where chance or the row says so.

        ``sentence[start:end] == word`` holds for both entities of the result, and they overlap
        only if they did before.
        """

    def for_task(self, labels: Sequence[str], where: str) -> Augmentation:
        """Return the piece as it is used for these relations.

        Raises:
            ParameterError: An option does not go with the relations.
        """
        return self


AUGMENTATIONS: Registry[Augmentation] = Registry("augmentation")


def build_augmentations(section: Mapping[str, Any] | None, where: str) -> dict[str, Augmentation]:
    """Return the pieces that a section ``{name: {option: value}}`` names, in the registry's order.

    Raises:
        ParameterError: A name or an option is unknown, or a value is not allowed.
    """
    section = {} if section is None else section
    if not isinstance(section, Mapping):
        raise ParameterError(f"{where} is {section!r}. Write a map: {{name: {{option: value}}}}.")
    for name in section:
        if name not in AUGMENTATIONS:
            hint = did_you_mean(str(name), AUGMENTATIONS)
            raise ParameterError(f"{where}.{name}: there is no such augmentation. {hint}")
    return {
        name: _build(name, section[name], f"{where}.{name}")
        for name in AUGMENTATIONS
        if name in section
    }


def for_task(
    augmentations: Mapping[str, Augmentation], labels: Sequence[str], where: str
) -> list[Augmentation]:
    """Return the pieces of a section as they are used for a task's relations.

    Raises:
        ParameterError: An option does not go with the relations.
    """
    return [piece.for_task(labels, f"{where}.{name}") for name, piece in augmentations.items()]


def augment(
    example: Example, augmentations: Iterable[Augmentation], rng: np.random.Generator
) -> Example:
    """Return a row changed by every piece in turn."""
    for piece in augmentations:
        example = piece.apply(example, rng)
    return example


class Edit(NamedTuple):
    """A part of a sentence, as a half-open span, and the text in its place."""

    start: int
    end: int
    text: str


def rewrite(example: Example, edits: Sequence[Edit]) -> Example:
    """Return the row with parts of its sentence replaced.

    Args:
        example: Any row.
        edits: From left to right and apart; each beside the entities, or exactly one of them.
            What is inserted at an entity's edge stays outside of it.
    """
    parts, done = [], 0
    for edit in edits:
        parts += [example.sentence[done : edit.start], edit.text]
        done = edit.end
    sentence = "".join([*parts, example.sentence[done:]])
    return replace(
        example,
        sentence=sentence,
        subject_entity=_moved(example.subject_entity, sentence, edits),
        object_entity=_moved(example.object_entity, sentence, edits),
    )


def _build(name: str, options: Any, where: str) -> Augmentation:
    options = {} if options is None else options
    if not isinstance(options, Mapping):
        raise ParameterError(f"{where} is {options!r}. Write its options: {{probability: 0.5}}.")
    if "name" in options:
        raise ParameterError(f"{where}.name is unknown: the piece is named by its key, '{name}'.")
    return AUGMENTATIONS.build({"name": name, **options}, where)


def _moved(entity: Entity, sentence: str, edits: Sequence[Edit]) -> Entity:
    start, end = entity.start, entity.end
    for edit in edits:
        growth = len(edit.text) - (edit.end - edit.start)
        start += growth if edit.end <= entity.start else 0
        end += growth if edit.start < entity.end else 0
    return replace(entity, word=sentence[start:end], start=start, end=end)
