"""What may change beside the entities: words dropped, and marks set between them.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
A word is what white space separates (an eojeol).
"""

from __future__ import annotations

import re

import numpy as np
from pydantic import Field

from gwangye.examples import Example
from gwangye.training.augmentation.base import (
    AUGMENTATIONS,
    Augmentation,
    Edit,
    Probability,
    rewrite,
)

WORD = re.compile(r"\S+")
MARKS = ".;?:!,"


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
