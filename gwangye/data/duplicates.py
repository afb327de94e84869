"""Rows that say the same thing twice, or two things of the same."""

from __future__ import annotations

import pandas as pd

SAME_TRIPLE = ["sentence", "subject_start", "subject_end", "object_start", "object_end"]
"""Columns in which two rows with the same sentence, subject and object agree."""

SAME_EXAMPLE = [*SAME_TRIPLE, "subject_type", "object_type", "label"]
"""Columns in which an exact duplicate agrees with its original."""


def drop_duplicates(
    frame: pd.DataFrame, *, exact: bool, contradicting: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Drop duplicate rows.

    Args:
        frame: A canonical table.
        exact: Of rows with the same sentence, spans, types and label, keep the first only.
        contradicting: Drop *all* rows whose sentence and spans another row has with another
            label: nothing says which of them is right. Looked at before ``exact``.

    Returns:
        The table with the other rows in their order and a fresh index, and the number of rows
        dropped: ``{"exact": ..., "contradicting": ...}``.
    """
    counts = {"exact": 0, "contradicting": 0}
    if contradicting:
        drop = _contradicts(frame)
        counts["contradicting"] = int(drop.sum())
        frame = frame[~drop]
    if exact:
        drop = frame.duplicated(SAME_EXAMPLE)
        counts["exact"] = int(drop.sum())
        frame = frame[~drop]
    return frame.reset_index(drop=True), counts


def contradicting_groups(frame: pd.DataFrame) -> list[list[str]]:
    """Return the guids of rows with the same sentence and spans but unlike labels, by group.

    Groups and the guids in them are in the order of the table. Rows without a label contradict
    nothing.
    """
    rows = frame[_contradicts(frame)]
    return [list(guids) for _, guids in rows.groupby(SAME_TRIPLE, sort=False)["guid"]]


def _contradicts(frame: pd.DataFrame) -> pd.Series[bool]:
    # Only repeated triples are grouped: they are few, and grouping a whole corpus is slow.
    repeated = frame[frame.duplicated(SAME_TRIPLE, keep=False)]
    labels = repeated.groupby(SAME_TRIPLE, sort=False)["label"].transform("nunique")
    return (labels > 1).reindex(frame.index, fill_value=False)
