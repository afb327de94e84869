"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def confusion_matrix(
    true: NDArray[np.integer], predicted: NDArray[np.integer], num_labels: int
) -> NDArray[np.int64]:
    """Return (relations, relations) rows by actual and predicted relation.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        num_labels: Number of relations.
    """
    counts = np.zeros((num_labels, num_labels), dtype=np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


def confusions(
    true: NDArray[np.integer], predicted: NDArray[np.integer], labels: Sequence[str]
) -> pd.DataFrame:
    """Return the confusion matrix cell by cell: actual, predicted, rows.

    Every pair of relations has its line, so that a plot of the table is square: a relation that no
    row has, or that is never predicted, keeps its row and column.
    """
    counts = confusion_matrix(true, predicted, len(labels))
    return pd.DataFrame(
        {
            "actual": np.repeat(np.array(labels, dtype=object), len(labels)),
            "predicted": list(labels) * len(labels),
            "rows": counts.ravel(),
        }
    )
