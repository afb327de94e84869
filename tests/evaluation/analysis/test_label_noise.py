from __future__ import annotations

import numpy as np
import pandas as pd

from gwangye.evaluation.analysis.label_noise import suspected_labels

LABELS = ["no_relation", "per:title", "org:product"]
COLUMNS = (
    "guid,label,suggested,quality,probability_of_label,probability_of_suggested,subject,object,"
    "sentence"
)


def examples(labels: list[str]) -> pd.DataFrame:
    guids = [f"g{i:02}" for i in range(len(labels))]
    return pd.DataFrame(
        {
            "guid": guids,
            "sentence": [f"문장 {guid}" for guid in guids],
            "subject_word": "한서연",
            "object_word": "대표",
            "label": pd.Series(labels, dtype="object"),
        }
    )


def sure_of(*relations: int) -> np.ndarray:
    return np.array([[0.05, 0.05, 0.05] for _ in relations]) + 0.85 * np.eye(3)[list(relations)]


def test_rows_whose_label_is_doubted() -> None:
    """20 rows, of which the model contradicts two: g03 and, more so, g14."""
    labels = ["no_relation"] * 10 + ["per:title"] * 10
    probabilities = sure_of(*[0] * 10, *[1] * 10)
    probabilities[3] = [0.1, 0.7, 0.2]
    probabilities[14] = [0.9, 0.02, 0.08]
    table = suspected_labels(examples(labels), probabilities, LABELS)
    # quality is of the labels that rows have, so of 0.1 + 0.7 and 0.9 + 0.02
    assert table.to_csv(index=False).splitlines() == [
        COLUMNS,
        "g14,per:title,no_relation,0.0217,0.02,0.9,한서연,대표,문장 g14",
        "g03,no_relation,per:title,0.125,0.1,0.7,한서연,대표,문장 g03",
    ]


def test_labels_that_the_model_agrees_with_are_not_doubted() -> None:
    labels = ["no_relation"] * 5 + ["per:title"] * 5
    table = suspected_labels(examples(labels), sure_of(*[0] * 5, *[1] * 5), LABELS)
    assert table.to_csv(index=False) == f"{COLUMNS}\n"


def test_relation_of_a_single_row() -> None:
    """Its label may be doubted, and no warning is given of how few rows it has."""
    labels = ["no_relation"] * 6 + ["per:title"] * 6 + ["org:product"]
    probabilities = sure_of(*[0] * 6, *[1] * 6, 0)
    probabilities[2] = [0.02, 0.9, 0.08]
    table = suspected_labels(examples(labels), probabilities, LABELS)
    assert table["guid"].tolist()[0] == "g02"
    assert set(table["suggested"]) <= set(LABELS)


def test_another_relation_is_suggested_although_the_label_is_the_most_probable() -> None:
    """One row of none is rather a product. So one is flagged: the product it is least sure of."""
    labels = ["no_relation"] * 7 + ["per:title"] * 4 + ["org:product"] * 3
    probabilities = sure_of(*[0] * 7, *[1] * 4, *[2] * 3)
    probabilities[0] = [0.46, 0.0, 0.54]
    probabilities[11:] = [0.25, 0.33, 0.42]
    probabilities[13] = [0.25, 0.35, 0.4]
    table = suspected_labels(examples(labels), probabilities, LABELS)
    assert table["guid"].tolist() == ["g13"]
    assert table["suggested"].tolist() == ["per:title"]
    assert table["probability_of_suggested"].tolist() == [0.35]


def test_too_few_labels_to_doubt_any() -> None:
    empty = examples([])
    assert len(suspected_labels(empty, np.zeros((0, 3)), LABELS)) == 0
    alone = suspected_labels(examples(["per:title"] * 3), sure_of(0, 0, 1), LABELS)
    assert alone.to_csv(index=False) == f"{COLUMNS}\n"


def test_row_whose_probabilities_are_all_elsewhere() -> None:
    """Nothing is left of the labels that rows have: none is preferred, and nothing divides by 0."""
    labels = ["no_relation"] * 4 + ["per:title"] * 4
    probabilities = sure_of(*[0] * 4, *[1] * 4)
    probabilities[0] = [0.0, 0.0, 1.0]
    table = suspected_labels(examples(labels), probabilities, LABELS)
    assert "g00" not in table["guid"].tolist()
