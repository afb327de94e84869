from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.predictions import prediction_table, read_predictions, submission, write_predictions

LABELS = ["no_relation", "per:title"]


def table() -> pd.DataFrame:
    validation = prediction_table(["a"], "validation", np.array([[0.25, 0.75]]), LABELS)
    test = prediction_table(["b", "c"], "test", np.array([[0.5, 0.5], [0.125, 0.875]]), LABELS)
    return pd.concat([validation, test], ignore_index=True)


def test_written_and_read_back(tmp_path: Path) -> None:
    write_predictions(table(), tmp_path / "deep" / "x.parquet")
    again = read_predictions(tmp_path / "deep" / "x.parquet", LABELS)
    assert list(again.columns) == ["guid", "part", "no_relation", "per:title"]
    assert again["guid"].tolist() == ["a", "b", "c"]
    assert again["part"].tolist() == ["validation", "test", "test"]
    assert again["per:title"].tolist() == [0.75, 0.5, 0.875]


def test_no_rows_make_an_empty_table() -> None:
    empty = prediction_table([], "test", np.zeros((0, 2)), LABELS)
    assert list(empty.columns) == ["guid", "part", *LABELS]
    assert len(empty) == 0


def test_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x.parquet does not exist. Run `dvc repro"):
        read_predictions(tmp_path / "x.parquet", LABELS)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["no_relation", "per:titel"], r"they differ: \['per:titel', 'per:title'\]"),
        (["per:title", "no_relation"], "they differ: only in their order"),
    ],
)
def test_other_relations_are_refused(tmp_path: Path, labels: list[str], message: str) -> None:
    write_predictions(table(), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "x.parquet", labels)


def test_submission() -> None:
    rows = submission(table(), LABELS)
    assert rows.to_csv(index=False).splitlines() == [
        "id,pred_label,probs",
        'b,no_relation,"[0.500000, 0.500000]"',
        'c,per:title,"[0.125000, 0.875000]"',
    ]


def test_submission_without_test_rows_has_its_header() -> None:
    validation = table().head(1)
    assert submission(validation, LABELS).to_csv(index=False) == "id,pred_label,probs\n"
