"""What of a row its model has seen in training: the entity pair, or the entities."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.examples import Dataset, entity_pairs, fold_numbers

Folds = frozenset[int]

SEEN = {
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
    trained = _trained(entity_pairs(dataset.train), _folds(dataset.train))
    return _seen(entity_pairs(examples), trained, _validating(examples, part))


def seen_entities(examples: pd.DataFrame, part: str, dataset: Dataset) -> list[str]:
    """Tell which of a row's entity words stand, in either role, in what its model was trained on.

    Args:
        examples: Rows of one part.
        part: As for :func:`seen_pairs`.
        dataset: The split.

    Returns:
        (rows,) "both", "subject", "object" or "neither".
    """
    words = [*dataset.train["subject_word"], *dataset.train["object_word"]]
    trained = _trained(words, _folds(dataset.train) * 2)
    validating = _validating(examples, part)
    subjects, objects = (
        _seen(examples[column], trained, validating) for column in ("subject_word", "object_word")
    )
    return [SEEN[bool(s), bool(o)] for s, o in zip(subjects, objects, strict=True)]


def _trained(keys: Sequence[Hashable], folds: Sequence[Folds]) -> dict[Hashable, set[Folds]]:
    """Return, for each key of the labelled rows, the folds that validate a row which has it."""
    trained: dict[Hashable, set[Folds]] = {}
    for key, own in zip(keys, folds, strict=True):
        trained.setdefault(key, set()).add(own)
    return trained


def _validating(examples: pd.DataFrame, part: str) -> list[Folds | None]:
    """Return the folds that validate each row; None for test rows, which any fold predicts."""
    return [None] * len(examples) if part == "test" else [*_folds(examples)]


def _seen(
    keys: Iterable[Hashable],
    trained: Mapping[Hashable, set[Folds]],
    validating: Sequence[Folds | None],
) -> NDArray[np.bool_]:
    """Tell which keys stand in a row that one of the models which predict theirs was trained on."""
    return np.array(
        [
            any(own is None or not own <= others for others in trained.get(key, ()))
            for key, own in zip(keys, validating, strict=True)
        ],
        dtype=bool,
    )


def _folds(frame: pd.DataFrame) -> list[Folds]:
    """Return the folds that validate each row, one per draw of the split; -1 is none."""
    return [frozenset(row) - {-1} for row in fold_numbers(frame).tolist()]
