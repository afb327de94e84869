"""What validation rows share with the rows a fold trains on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.data.describe import overlap
from gwangye.data.splitting.groups import NEVER
from gwangye.data.splitting.similarity import near_duplicates


def leaks(
    frame: pd.DataFrame,
    folds: NDArray[np.int64],
    near: Mapping[str, Collection[str]] | None = None,
) -> dict[str, dict[str, int]]:
    """Count, fold by fold, the validation rows of which something stands in training too.

    Args:
        frame: A canonical table.
        folds: (rows, repeats), int64: the folds in which each row is validated, -1 where there is
            none; it is trained on in all others.
        near: The sentences that are nearly the same as one, by sentence; None: they are found
            here.

    Returns:
        By fold ("0", "1", ...) the counts of :func:`gwangye.examples.overlap`: ``rows``,
        ``sentence``, ``entity_pair``, ``subject_word``, ``both_entities``, ``either_entity``,
        ``near_sentence``.
    """
    if near is None:
        near = near_duplicates(frame["sentence"])
    counts = {}
    for fold in np.unique(folds[folds != NEVER]).tolist():
        validates = (folds == fold).any(axis=1)
        counts[str(fold)] = overlap(frame[~validates], frame[validates], near)
    return counts
