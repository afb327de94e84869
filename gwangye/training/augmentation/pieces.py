"""What may change: the entities' roles and words; beside them, words dropped and marks set.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
A word is what white space separates (an eojeol).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from gwangye.errors import ParameterError, did_you_mean
from gwangye.examples import Example
from gwangye.inputs.markers.marking import type_word
from gwangye.training.augmentation.base import (
    AUGMENTATIONS,
    Augmentation,
    Edit,
    Probability,
    rewrite,
)

WORD = re.compile(r"\S+")
MARKS = ".;?:!,"
SYMMETRIC = (
    "no_relation",
    "org:alternate_names",
    "per:alternate_names",
    "per:other_family",
    "per:colleagues",
    "per:siblings",
    "per:spouse",
)
KLUE_SWAPS: Mapping[str, str] = {
    **{label: label for label in SYMMETRIC},
    "org:members": "org:member_of",
    "org:member_of": "org:members",
    "per:children": "per:parents",
    "per:parents": "per:children",
    # one way only: who is employed need not be among the top members
    "org:top_members/employees": "per:employee_of",
}
"""KLUE's relations that hold between the same two entities the other way round."""


@AUGMENTATIONS.register("entity_swap")
class EntitySwap(Augmentation):
    """Subject and object swap roles, and the relation becomes its inverse.

    A row whose relation has no inverse in the map is not changed. The entities keep their types,
    so a subject may be a date.

    Example:
        비틀즈 (subject), 조지 해리슨 (object): org:top_members/employees
        조지 해리슨 (subject), 비틀즈 (object): per:employee_of

    References:
        None
    """

    probability: Probability = Field(0.5, description="chance that a row's entities are swapped")
    labels: dict[str, str] | None = Field(
        None, description="{relation: its inverse}; null: KLUE's relations"
    )

    def apply(self, example: Example, rng: np.random.Generator) -> Example:
        """Return the row with its entities swapped."""
        inverses = KLUE_SWAPS if self.labels is None else self.labels
        inverse = None if example.label is None else inverses.get(example.label)
        if inverse is None or rng.random() >= self.probability:
            return example
        return replace(
            example,
            subject_entity=example.object_entity,
            object_entity=example.subject_entity,
            label=inverse,
        )

    def for_task(self, labels: Sequence[str], where: str) -> EntitySwap:
        """Check the given map, or keep what the task has of KLUE's.

        Raises:
            ParameterError: The map names a relation that does not exist, or there is none and
                no relation of the task is in KLUE's.
        """
        if self.labels is None:
            kept = {a: b for a, b in KLUE_SWAPS.items() if a in labels and b in labels}
            if not kept:
                raise ParameterError(
                    f"{where}.labels is null, but none of the {len(labels)} relations has an "
                    "inverse in KLUE's map. Give a map, or remove entity_swap."
                )
            return self.model_copy(update={"labels": kept})
        for pair in self.labels.items():
            for label in pair:
                if label not in labels:
                    raise ParameterError(
                        f"{where}.labels: there is no relation '{label}'. "
                        f"{did_you_mean(label, labels)} Correct the name, or remove its entry."
                    )
        return self


@AUGMENTATIONS.register("entity_mask")
class EntityMask(Augmentation):
    """An entity's word becomes the word for its type.

    The particle after it is kept. A row whose entities overlap is not changed.

    Example:
        단체의 사람이 곡을 썼다.

    References:
        Zhang et al. 2017, Position-aware Attention and Supervised Data Improve Slot Filling
    """

    probability: Probability = Field(0.5, description="chance that an entity is masked")
    type_words: Literal["korean", "english", "tag"] = Field(
        "korean", description="words for the types: 사람, person, or PER itself"
    )

    def apply(self, example: Example, rng: np.random.Generator) -> Example:
        """Return the row with none, one or both entities masked."""
        subject, object_ = example.subject_entity, example.object_entity
        if subject.start < object_.end and object_.start < subject.end:
            return example
        masks = [
            Edit(entity.start, entity.end, type_word(entity.type, self.type_words))
            for entity in (subject, object_)
            if rng.random() < self.probability
        ]
        return rewrite(example, sorted(masks))


@AUGMENTATIONS.register("random_deletion")
class RandomDeletion(Augmentation):
    """Words are dropped at random.

    A word that contains part of an entity is kept, with its particle.

    Example:
        비틀즈의 조지 해리슨이 썼다.

    References:
        Wei & Zou 2019, EDA, arXiv 1901.11196
    """

    probability: Probability = Field(0.1, description="chance that a word is dropped")

    def apply(self, example: Example, rng: np.random.Generator) -> Example:
        """Return the row without the dropped words."""
        words = [word.span() for word in WORD.finditer(example.sentence)]
        # each word goes with all the white space around it
        lefts = [0, *(end for _, end in words[:-1])]
        rights = [*(start for start, _ in words[1:]), len(example.sentence)]
        dropped = rng.random(len(words)) < self.probability
        edits: list[Edit] = []
        for left, right, drop in zip(lefts, rights, dropped, strict=True):
            if not drop or _touches_entity(example, left, right):
                continue
            if edits and left < edits[-1].end:  # the word before goes too
                left = edits.pop().start
            between = left > 0 and right < len(example.sentence)
            edits.append(Edit(left, right, " " if between else ""))
        return rewrite(example, edits)


@AUGMENTATIONS.register("aeda")
class Aeda(Augmentation):
    """Punctuation marks are inserted before words at random, never within an entity.

    Example:
        비틀즈의 조지 해리슨이 ; 곡을 썼다.

    References:
        Karimi et al. 2021, AEDA, arXiv 2108.13230
    """

    probability: Probability = Field(0.5, description="chance that a row gets marks")
    share: float = Field(
        1 / 3, gt=0, le=1, description="most marks per word; a row gets 1 to that many, at random"
    )

    def apply(self, example: Example, rng: np.random.Generator) -> Example:
        """Return the row with marks, each a word of its own."""
        if rng.random() >= self.probability:
            return example
        starts = [word.start() for word in WORD.finditer(example.sentence)]
        places = [start for start in starts if not _within_entity(example, start)]
        most = max(1, int(self.share * len(starts)))
        count = rng.integers(1, most, endpoint=True)
        chosen = sorted(rng.permutation(places)[:count].tolist())
        marks = [MARKS[i] for i in rng.integers(len(MARKS), size=len(chosen))]
        edits = [Edit(at, at, f"{mark} ") for at, mark in zip(chosen, marks, strict=True)]
        return rewrite(example, edits)


def _touches_entity(example: Example, start: int, end: int) -> bool:
    entities = (example.subject_entity, example.object_entity)
    return any(start < entity.end and entity.start < end for entity in entities)


def _within_entity(example: Example, place: int) -> bool:
    entities = (example.subject_entity, example.object_entity)
    return any(entity.start < place < entity.end for entity in entities)
