"""The three kinds of error around the negative relation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.metrics import negative_id

KINDS = ("relation_for_none", "none_for_relation", "wrong_relation")


def error_masks(
    true: NDArray[np.integer],
    predicted: NDArray[np.integer],
    labels: Sequence[str],
    negative_label: str | None,
) -> dict[str, NDArray[np.bool_]]:
    """Tell which rows are wrong, and how.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        labels: Relation names in label order.
        negative_label: The label that means "none of the relations", or None: then every error is
            a wrong relation.

    Returns:
        (rows,) bool by kind: a relation is predicted where there is none (``relation_for_none``),
        none where there is one (``none_for_relation``), or another one (``wrong_relation``).
    """
    negative = negative_id(labels, negative_label)
    wrong, is_none, says_none = true != predicted, true == negative, predicted == negative
    masks = (wrong & is_none, wrong & says_none, wrong & ~is_none & ~says_none)
    return dict(zip(KINDS, masks, strict=True))


def kinds_of_error(
    true: NDArray[np.integer],
    predicted: NDArray[np.integer],
    labels: Sequence[str],
    negative_label: str | None,
) -> dict[str, int]:
    """Count the correct rows and the three kinds of error (:func:`error_masks`)."""
    masks = error_masks(true, predicted, labels, negative_label)
    counts = {kind: int(mask.sum()) for kind, mask in masks.items()}
    return {"correct": len(true) - sum(counts.values()), **counts}


def kinds_per_relation(
    true: NDArray[np.integer],
    predicted: NDArray[np.integer],
    labels: Sequence[str],
    negative_label: str | None,
) -> pd.DataFrame:
    """Count the errors that each relation has a part in, by kind.

    Returns:
        One row per relation, in rows: ``relation_for_none``, those without a relation for which it
        is predicted; ``none_for_relation`` and ``wrong_relation``, its own that are missed or taken
        for another. The row of the negative relation has the totals of the first two.
    """
    masks = error_masks(true, predicted, labels, negative_label)
    sides = dict(zip(KINDS, (predicted, true, true), strict=True))
    table = pd.DataFrame(
        {kind: np.bincount(sides[kind][masks[kind]], minlength=len(labels)) for kind in KINDS}
    )
    if negative_label is not None:
        for kind in KINDS[:2]:
            table.loc[negative_id(labels, negative_label), kind] = int(masks[kind].sum())
    return table
