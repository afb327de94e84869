from __future__ import annotations

import numpy as np

from gwangye.evaluation.analysis.confusions import confusion_matrix, confusions

LABELS = ["no_relation", "per:title", "org:product"]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_every_cell_has_a_line() -> None:
    # all rows are title; predicted product and twice none
    table = confusions(ids(1, 1, 1), ids(2, 0, 0), LABELS)
    assert table.to_csv(index=False).splitlines() == [
        "actual,predicted,rows",
        "no_relation,no_relation,0",
        "no_relation,per:title,0",
        "no_relation,org:product,0",
        "per:title,no_relation,2",
        "per:title,per:title,0",
        "per:title,org:product,1",
        "org:product,no_relation,0",
        "org:product,per:title,0",
        "org:product,org:product,0",
    ]


def test_matrix_has_actual_relations_down() -> None:
    # none: once right, once product; title: right; product: title
    counts = confusion_matrix(ids(1, 0, 2, 0), ids(1, 2, 1, 0), 3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_matrix_of_no_rows_is_square() -> None:
    assert confusion_matrix(ids(), ids(), 2).tolist() == [[0, 0], [0, 0]]
