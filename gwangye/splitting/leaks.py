"""What validation rows share with the rows a fold trains on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.examples import overlap


def leaks(frame: pd.DataFrame, fold: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    """Count, fold by fold, the validation rows of which something stands in training too.

    Args:
        frame: A canonical table.
        fold: (rows,), int64: the fold in which each row is validated; it is trained on in all
            others.

    Returns:
        By fold ("0", "1", ...) the counts of :func:`gwangye.examples.overlap`: ``rows``,
        ``sentence``, ``entity_pair``, ``subject_word``, ``both_entities``.
    """
    return {
        str(number): overlap(frame[fold != number], frame[fold == number])
        for number in sorted(set(fold.tolist()))
    }
