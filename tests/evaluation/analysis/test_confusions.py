from __future__ import annotations

import numpy as np
import pandas as pd

from gwangye.evaluation.analysis.confusions import confusions

LABELS = ["no_relation", "per:title", "org:product"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def counted(table: pd.DataFrame) -> list[list[int]]:
    """The confusion matrix of the table, without a word about its axes."""
    matrix: list[list[int]] = pd.crosstab(
        table["actual"], table["predicted"], dropna=False
    ).values.tolist()
    return matrix


def test_rows_of_the_confusion_matrix() -> None:
    table = confusions(ids(2, 0, 1, 0), ids(1, 2, 1, 0), LABELS)
    assert table.to_csv(index=False).splitlines() == [
        "actual,predicted",
        "no_relation,no_relation",
        "no_relation,org:product",
        "per:title,per:title",
        "org:product,per:title",
    ]


def test_mistake_unordered_axes_of_the_confusion_matrix() -> None:
    """Axes in order of appearance, under the names in label order."""
    true, predicted = ids(1, 0, 2, 0), ids(1, 2, 1, 0)
    # by appearance: rows title, none, product; columns title, product, none
    appearance = pd.DataFrame(
        {"actual": pd.factorize(true)[0], "predicted": pd.factorize(predicted)[0]}
    )
    assert counted(appearance) == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]
    # none: once right, once product; title: right; product: title
    assert counted(confusions(true, predicted, LABELS)) == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_axes_hold_all_relations_although_one_side_lacks_some() -> None:
    # all rows are title; predicted product, none
    table = confusions(ids(1, 1), ids(2, 0), LABELS)
    assert counted(table) == [[0, 0, 0], [1, 0, 1], [0, 0, 0]]
    assert list(table["actual"].cat.categories) == LABELS
    assert list(table["predicted"].cat.categories) == LABELS


def test_confusions_of_no_rows() -> None:
    assert confusions(ids(), ids(), LABELS).to_csv(index=False) == "actual,predicted\n"
