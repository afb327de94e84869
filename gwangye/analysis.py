"""Where the predictions go wrong: confusion matrix and the most confident errors."""

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


def confident_errors(
    examples: pd.DataFrame, probabilities: NDArray[np.floating], labels: Sequence[str], limit: int
) -> pd.DataFrame:
    """Return the errors that the model is most sure of.

    Args:
        examples: Canonical table of labelled rows.
        probabilities: (rows, relations), in the order of ``examples``.
        labels: Relation names in label order.
        limit: Rows at most.

    Returns:
        guid, actual and predicted relation, confidence and probability of the actual relation
        (0 to 1, 4 decimals), entities and sentence; most confident first, then by guid.
    """
    index = {label: i for i, label in enumerate(labels)}
    true = examples["label"].map(index).to_numpy(dtype=np.int64)
    predicted = probabilities.argmax(axis=1)
    rows = np.arange(len(true))
    table = pd.DataFrame(
        {
            "guid": examples["guid"].to_numpy(),
            "actual": examples["label"].to_numpy(),
            "predicted": [labels[int(i)] for i in predicted],
            "confidence": probabilities[rows, predicted].round(4),
            "probability_of_actual": probabilities[rows, true].round(4),
            "subject": examples["subject_word"].to_numpy(),
            "object": examples["object_word"].to_numpy(),
            "sentence": examples["sentence"].to_numpy(),
        }
    )
    table = table.sort_values(["confidence", "guid"], ascending=[False, True])
    return table[table["actual"] != table["predicted"]].head(limit)


def kinds_of_error(
    true: NDArray[np.integer],
    predicted: NDArray[np.integer],
    labels: Sequence[str],
    negative_label: str | None,
) -> dict[str, int]:
    """Count the three kinds of error around the negative relation, and the correct rows."""
    negative = labels.index(negative_label) if negative_label in labels else -1
    wrong = true != predicted
    return {
        "correct": int((~wrong).sum()),
        "relation_for_none": int((wrong & (true == negative)).sum()),
        "none_for_relation": int((wrong & (predicted == negative)).sum()),
        "wrong_relation": int((wrong & (true != negative) & (predicted != negative)).sum()),
    }
