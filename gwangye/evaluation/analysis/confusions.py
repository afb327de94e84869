"""What is taken for what: the confusion matrix, and the three kinds of error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.metrics import Ids, negative_id

KINDS = ("relation_for_none", "none_for_relation", "wrong_relation")


def confusion_matrix(true: Ids, predicted: Ids, num_labels: int) -> NDArray[np.int64]:
    """Return (relations, relations) rows by actual and predicted relation.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        num_labels: Number of relations.
    """
    counts = np.zeros((num_labels, num_labels), dtype=np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


def confusions(true: Ids, predicted: Ids, labels: Sequence[str]) -> pd.DataFrame:
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


def error_masks(
    true: Ids,
    predicted: Ids,
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
    true: Ids,
    predicted: Ids,
    labels: Sequence[str],
    negative_label: str | None,
) -> dict[str, int]:
    """Count the correct rows and the three kinds of error (:func:`error_masks`)."""
    masks = error_masks(true, predicted, labels, negative_label)
    counts = {kind: int(mask.sum()) for kind, mask in masks.items()}
    return {"correct": len(true) - sum(counts.values()), **counts}


def kinds_per_relation(
    true: Ids,
    predicted: Ids,
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
