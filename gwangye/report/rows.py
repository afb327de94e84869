"""The rows that the page lists: sentences with entity positions, labels, top predictions.

Everything is a flat list of numbers where it can be: ten thousand rows of several models stay a
page of a few megabytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.examples import Task

TOP = 3
SPANS = ("subject_start", "subject_end", "object_start", "object_end")


def utf16_offset(text: str, offset: int) -> int:
    """Return where a character stands for JavaScript, which counts UTF-16 units.

    Example:
        >>> utf16_offset("😀 이순신", 2)
        3
    """
    return offset + sum(character > "\uffff" for character in text[:offset])


def utf16_spans(rows: pd.DataFrame) -> list[int]:
    """Return where the entities stand: four half-open UTF-16 offsets per row, subject first.

    Args:
        rows: ``sentence`` and :data:`SPANS`.
    """
    return [
        utf16_offset(sentence, offset)
        for sentence, *offsets in zip(*(rows[name] for name in ("sentence", *SPANS)), strict=True)
        for offset in offsets
    ]


def example_columns(examples: pd.DataFrame, task: Task) -> dict[str, Any]:
    """Return the examples of one part as lists.

    Args:
        examples: Canonical table.
        task: The relations and entity types, which the lists name by index.

    Returns:
        ``guid``, ``sentence`` and ``source`` (one text per row, or None); ``spans``, from
        :func:`utf16_spans`; ``types``: two indices per row; ``gold``: a label id per row, -1
        without a label.
    """
    types = {name: i for i, name in enumerate(task.entity_types)}
    pairs = zip(examples["subject_type"], examples["object_type"], strict=True)
    return {
        "guid": examples["guid"].tolist(),
        "sentence": examples["sentence"].tolist(),
        "source": [None if pd.isna(source) else source for source in examples["source"]],
        "spans": utf16_spans(examples),
        "types": [types[name] for pair in pairs for name in pair],
        "gold": task.label_ids(examples).tolist(),
    }


def prediction_columns(
    probabilities: NDArray[np.float64], gold: NDArray[np.int64]
) -> dict[str, list[int]]:
    """Return one model's predictions of one part as lists.

    Args:
        probabilities: (rows, relations).
        gold: (rows,) label ids, -1 without a label.

    Returns:
        ``top``: the ids of the :data:`TOP` likeliest relations of each row (all of them, if there
        are fewer), likeliest first; ``thousandths``: their probabilities; ``gold``: the label's
        probability in thousandths, -1 without a label.
    """
    # stable: of equal probabilities the first one is predicted, as by argmax
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    thousandths = np.rint(1000 * probabilities).astype(np.int64)
    rows = np.arange(len(gold))
    return {
        "top": top.ravel().tolist(),
        "thousandths": np.take_along_axis(thousandths, top, axis=1).ravel().tolist(),
        "gold": np.where(gold < 0, -1, thousandths[rows, gold]).tolist(),
    }
