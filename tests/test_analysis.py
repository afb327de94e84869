from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gwangye.analysis import confident_errors, confusions, kinds_of_error

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


def examples(labels: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "guid": list(labels),
            "sentence": [f"{guid}: 한서연은 대표이다." for guid in labels],
            "subject_word": "한서연",
            "object_word": "대표",
            "label": list(labels.values()),
        },
        dtype="object",
    )


# a right; b, c, d wrong with .6, .9, .6
ROWS = examples({"a": "per:title", "d": "per:title", "c": "no_relation", "b": "org:product"})
PROBABILITIES = np.array(
    [[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.05, 0.9, 0.05], [0.1, 0.6, 0.3]], dtype=np.float64
)


def test_most_confident_errors_come_first() -> None:
    table = confident_errors(ROWS, PROBABILITIES, LABELS, 9)
    assert table.to_csv(index=False).splitlines() == [
        "guid,actual,predicted,confidence,probability_of_actual,subject,object,sentence",
        "c,no_relation,per:title,0.9,0.05,한서연,대표,c: 한서연은 대표이다.",
        # equally confident: by guid
        "b,org:product,per:title,0.6,0.3,한서연,대표,b: 한서연은 대표이다.",
        "d,per:title,no_relation,0.6,0.3,한서연,대표,d: 한서연은 대표이다.",
    ]


@pytest.mark.parametrize(("limit", "guids"), [(0, []), (1, ["c"]), (2, ["c", "b"])])
def test_number_of_errors_is_limited(limit: int, guids: list[str]) -> None:
    assert confident_errors(ROWS, PROBABILITIES, LABELS, limit)["guid"].tolist() == guids


def test_probabilities_have_four_decimals() -> None:
    row = np.array([[0.12344, 0.76543, 0.11113]])
    table = confident_errors(examples({"a": "no_relation"}), row, LABELS, 1)
    assert table["confidence"].tolist() == [0.7654]
    assert table["probability_of_actual"].tolist() == [0.1234]


def test_no_errors() -> None:
    assert len(confident_errors(ROWS.head(1), PROBABILITIES[:1], LABELS, 9)) == 0
    empty = confident_errors(ROWS.head(0), np.zeros((0, 3)), LABELS, 9)
    assert len(empty) == 0
    assert list(empty.columns)[:3] == ["guid", "actual", "predicted"]


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
