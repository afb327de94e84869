"""What of a row its model has seen in training: the entity pair, or the entities."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.dataset import Dataset
from gwangye.examples import entity_pairs, fold_numbers

KNOWN = {
    (True, True): "both",
    (True, False): "subject",
    (False, True): "object",
    (False, False): "neither",
}


def seen_pairs(examples: pd.DataFrame, part: str, dataset: Dataset) -> NDArray[np.bool_]:
    """Tell which rows' entity pairs (unordered words) stand in what their model was trained on.

    Args:
        examples: Rows of one part.
        part: "validation": a fold's model was trained on the rows that this fold does not
            validate; "test": on all labelled rows, one fold's or another's.
        dataset: The split.

    Returns:
        (rows,) bool.
    """
    return _seen(
        entity_pairs(dataset.train), [dataset.train], entity_pairs(examples), examples, part
    )


def known_entities(examples: pd.DataFrame, part: str, dataset: Dataset) -> list[str]:
    """Tell which of a row's entity words stand, in either role, in what its model was trained on.

    Args:
        examples: Rows of one part.
        part: As for :func:`seen_pairs`.
        dataset: The split.

    Returns:
        (rows,) "both", "subject", "object" or "neither".
    """
    words = [*dataset.train["subject_word"], *dataset.train["object_word"]]
    subjects, objects = (
        _seen(words, [dataset.train] * 2, examples[column].tolist(), examples, part)
        for column in ("subject_word", "object_word")
    )
    return [KNOWN[bool(s), bool(o)] for s, o in zip(subjects, objects, strict=True)]


def _seen(
    trained: Sequence[Hashable],
    frames: Sequence[pd.DataFrame],
    keys: Sequence[Hashable],
    examples: pd.DataFrame,
    part: str,
) -> NDArray[np.bool_]:
    """Tell which of the examples' keys are among those of the training rows of their model."""
    folds = [fold for frame in frames for fold in _folds(frame)]
    known: dict[Hashable, set[frozenset[int]]] = {}
    for key, own in zip(trained, folds, strict=True):
        known.setdefault(key, set()).add(own)
    if part == "test":
        return np.array([key in known for key in keys], dtype=bool)
    return np.array(
        [
            any(not own <= others for others in known.get(key, ()))
            for key, own in zip(keys, _folds(examples), strict=True)
        ],
        dtype=bool,
    )


def _folds(frame: pd.DataFrame) -> list[frozenset[int]]:
    """Return the folds that validate each row, one per draw of the split; -1 is none."""
    return [frozenset(row) - {-1} for row in fold_numbers(frame).tolist()]
