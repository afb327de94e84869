"""Tables of single rows, for people to read: what is said of a row, and the row itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gwangye.metrics import Probabilities


def readable_rows(examples: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return guid, the columns given, both entities and the sentence.

    Args:
        examples: Canonical table.
        columns: Values by name, (rows,) each, in the order of ``examples``.
    """
    return pd.DataFrame(
        {
            "guid": examples["guid"].to_numpy(),
            **columns,
            "subject": examples["subject_word"].to_numpy(),
            "object": examples["object_word"].to_numpy(),
            "sentence": examples["sentence"].to_numpy(),
        }
    )


def confident_errors(
    examples: pd.DataFrame, probabilities: Probabilities, labels: Sequence[str], limit: int
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
    table = readable_rows(
        examples,
        {
            "actual": examples["label"].to_numpy(),
            "predicted": [labels[int(i)] for i in predicted],
            "confidence": probabilities[rows, predicted].round(4),
            "probability_of_actual": probabilities[rows, true].round(4),
        },
    )
    table = table.sort_values(["confidence", "guid"], ascending=[False, True])
    return table[table["actual"] != table["predicted"]].head(limit)
