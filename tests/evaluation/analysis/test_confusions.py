from __future__ import annotations

import numpy as np
import pytest

from gwangye.evaluation.analysis.confusions import (
    confusion_matrix,
    confusions,
    kinds_of_error,
    kinds_per_relation,
)

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


KINDS = {
    # none right; title for none; none for title; product for title; product right
    "with a negative label": ([0, 0, 1, 1, 2], [0, 1, 0, 2, 2], "no_relation", (2, 1, 1, 1)),
    "without one": ([0, 0, 1, 1, 2], [0, 1, 0, 2, 2], None, (2, 0, 0, 3)),
    "it is not the first": ([0, 0, 1, 1, 2], [0, 1, 0, 2, 2], "org:product", (2, 0, 1, 2)),
    "no rows": ([], [], "no_relation", (0, 0, 0, 0)),
}


@pytest.mark.parametrize(("true", "predicted", "negative", "expected"), KINDS.values(), ids=KINDS)
def test_kinds_of_error(
    true: list[int], predicted: list[int], negative: str | None, expected: tuple[int, ...]
) -> None:
    kinds = kinds_of_error(ids(*true), ids(*predicted), LABELS, negative)
    names = ("correct", "relation_for_none", "none_for_relation", "wrong_relation")
    assert kinds == dict(zip(names, expected, strict=True))


def test_kinds_of_each_relation() -> None:
    # none right; title for none twice; none for title; product for title; title for product
    true, predicted = ids(0, 0, 0, 1, 1, 2), ids(0, 1, 1, 0, 2, 1)
    table = kinds_per_relation(true, predicted, LABELS, "no_relation")
    assert table.to_dict("list") == {
        "relation_for_none": [2, 2, 0],  # in all; of title; of product
        "none_for_relation": [1, 1, 0],
        "wrong_relation": [0, 1, 1],
    }


def test_kinds_of_each_relation_without_a_negative_one() -> None:
    table = kinds_per_relation(ids(0, 1, 1), ids(1, 0, 1), LABELS, None)
    assert table.to_dict("list") == {
        "relation_for_none": [0, 0, 0],
        "none_for_relation": [0, 0, 0],
        "wrong_relation": [1, 1, 0],
    }
