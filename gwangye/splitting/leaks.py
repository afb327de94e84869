"""What validation rows share with the rows a fold trains on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.examples import overlap


def leaks(frame: pd.DataFrame, folds: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    """Count, fold by fold, the validation rows of which something stands in training too.

    Args:
        frame: A canonical table.
        folds: (rows, repeats), int64: the folds in which each row is validated; it is trained on
            in all others.

    Returns:
        By fold ("0", "1", ...) the counts of :func:`gwangye.examples.overlap`: ``rows``,
        ``sentence``, ``entity_pair``, ``subject_word``, ``both_entities``.
    """
    counts = {}
    for fold in np.unique(folds).tolist():
        validates = (folds == fold).any(axis=1)
        counts[str(fold)] = overlap(frame[~validates], frame[validates])
    return counts
