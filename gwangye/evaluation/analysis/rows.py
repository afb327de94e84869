"""Tables of single rows, for people to read: what is said of a row, and the row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


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
