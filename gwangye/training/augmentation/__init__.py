"""Augmentation: training rows changed a little, anew in each epoch.

A params section is a map, ``{name: {option: value}}``. The pieces are applied in the registry's
order, in whatever order they are written: masks stand before words are dropped, and marks are
set last, so that none is dropped.
"""

from gwangye.training.augmentation.base import (
    AUGMENTATIONS,
    Augmentation,
    augment,
    build_augmentations,
    for_task,
)
from gwangye.training.augmentation.pieces import Aeda, EntityMask, EntitySwap, RandomDeletion

__all__ = [
    "AUGMENTATIONS",
    "Aeda",
    "Augmentation",
    "EntityMask",
    "EntitySwap",
    "RandomDeletion",
    "augment",
    "build_augmentations",
    "for_task",
]
