"""The confusion matrix, as rows that are counted when it is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def confusions(
    true: NDArray[np.integer], predicted: NDArray[np.integer], labels: Sequence[str]
) -> pd.DataFrame:
    """Return one row per example: its actual and its predicted relation.

    The form that DVC's `confusion` plot template counts, with both axes in alphabetical order.
    Both columns are ordered categories, all of ``labels`` in their order: whatever counts them
    in pandas has the same axis for actual and predicted, also where a relation is on one side only.
    """
    order = np.lexsort((predicted, true))
    return pd.DataFrame(
        {
            side: pd.Categorical.from_codes(ids[order], pd.Index(labels), ordered=True)
            for side, ids in (("actual", true), ("predicted", predicted))
        }
    )
