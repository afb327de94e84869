"""What may change about the entities: their roles, and their words.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
"""

from __future__ import annotations

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
