from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gwangye.evaluation.analysis.rows import confident_errors

LABELS = ["no_relation", "per:title", "org:product"]


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
