"""Two models' predictions of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError
from gwangye.examples import Dataset
from gwangye.prediction.tables import stack


@dataclass(frozen=True)
class Pair:
    """Two models' predictions of the same labelled rows, from :func:`align`.

    Args:
        names: What A and B are called.
        part: "validation" or "test".
        labels: Relation names in label order.
        negative_label: The relation left out of micro-F1, or None.
        guids: One per row.
        true: (rows,) label ids.
        probabilities: (2, rows, relations): A's and B's.
        left_out: Rows that only A and that only B predicts.
        unlabelled: Rows that both predict, without a label.
    """

    names: tuple[str, str]
    part: str
    labels: Sequence[str]
    negative_label: str | None
    guids: Sequence[str]
    true: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    left_out: tuple[int, int] = (0, 0)
    unlabelled: int = 0


def align(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    dataset: Dataset,
    part: str,
    *,
    names: tuple[str, str] = ("A", "B"),
) -> Pair:
    """Line up two prediction tables by guid, on the labelled rows of a part that both predict.

    Tables of two revisions may hold different rows: those of one table only are left out, and
    counted. Labels are those of ``dataset`` for both.

    Args:
        table_a: Prediction table of A; it gives the order of rows.
        table_b: Prediction table of B.
        dataset: The split with the labels.
        part: "validation" or "test".
        names: What A and B are called.

    Raises:
        ParameterError: Both have the same name.
        DataError: A row is predicted twice, the tables have no row of this part in common, or none
            of the common rows has a label.
    """
    if names[0] == names[1]:
        raise ParameterError(f"Both models are called '{names[0]}'. Give them different names.")
    first, second = (table[table["part"] == part] for table in (table_a, table_b))
    common = first["guid"][first["guid"].isin(second["guid"])]
    if common.empty:
        raise DataError(
            f"'{names[0]}' ({len(first)} rows) and '{names[1]}' ({len(second)} rows) predict no "
            f"{part} row in common. Compare models of the same data, or predict both with one "
            "split: `dvc repro`."
        )
    labelled = dataset.labelled(part).set_index("guid")
    compared = common[common.isin(labelled.index)]
    if compared.empty:
        raise DataError(
            f"None of the {len(common)} {part} rows that '{names[0]}' and '{names[1]}' have in "
            "common has a label. Compare them on the other part, or add labels to the file."
        )
    both = {
        name: table[table["guid"].isin(compared)]
        for name, table in zip(names, (first, second), strict=True)
    }
    return Pair(
        names=names,
        part=part,
        labels=dataset.task.labels,
        negative_label=dataset.task.negative_label,
        guids=compared.tolist(),
        true=dataset.task.label_ids(labelled.loc[compared]),
        probabilities=stack(both, dataset.task.labels).probabilities,
        left_out=(len(first) - len(common), len(second) - len(common)),
        unlabelled=len(common) - len(compared),
    )
