from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from gwangye.data.splitting import data_report

Table = Callable[..., pd.DataFrame]

REJECTED = pd.DataFrame(
    [["a.json", i, None, "guid is missing or empty"] for i in range(1, 103)],
    columns=["file", "row", "guid", "reason"],
)


@pytest.fixture
def train(table: Table) -> pd.DataFrame:
    rows = [("가", "나리", "가온", "t"), ("가", "한별", "도담", "u"), ("나", "솔빛", "새봄", "t")]
    return table(rows).assign(fold=[0, 1, 1])


def test_data_report_puts_all_parts_together(train: pd.DataFrame, table: Table) -> None:
    test = table([("나", "새봄", "솔빛", None)])
    report = data_report(train, test, REJECTED, dropped={"exact": 4, "contradicting": 0})
    assert report["train"]["labels"] == {"t": 2, "u": 1}
    assert report["test"]["labelled_rows"] == 0
    assert report["comparison"]["overlap"]["entity_pair"] == 1
    assert report["folds"]["1"] == {
        "rows": 2,
        "sentence": 1,
        "entity_pair": 0,
        "subject_word": 0,
        "both_entities": 0,
        "either_entity": 0,
        "near_sentence": 1,
    }
    assert report["never_validated"] == 0
    assert report["dropped"] == {"exact": 4, "contradicting": 0}
    assert report["rejected"]["rows"] == 102
    assert len(report["rejected"]["first"]) == 100
    assert report["rejected"]["first"][1] == {
        "file": "a.json",
        "row": 2,
        "guid": None,
        "reason": "guid is missing or empty",
    }


def test_data_report_without_test_fits_json(train: pd.DataFrame) -> None:
    report = data_report(train, None, REJECTED.head(1))
    assert report["test"] is None
    assert report["comparison"] is None
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_data_report_counts_sentences_of_the_test_that_are_nearly_in_training(table: Table) -> None:
    train = table([("나리는 가온전자의 대표이다.", "나리", "가온", "t")]).assign(fold=[0])
    test = table([("나리는 가온전자의 대표이다!", "한별", "도담", None), ("가", "가", "나", None)])
    overlap = data_report(train, test, REJECTED)["comparison"]["overlap"]
    assert (overlap["sentence"], overlap["near_sentence"], overlap["rows"]) == (0, 1, 2)


def test_data_report_counts_rows_that_no_fold_validates(train: pd.DataFrame) -> None:
    """Row 0 is validated by the first draw only, row 1 never, row 2 by both."""
    report = data_report(train.assign(fold=[0, -1, 1], fold_2=[-1, -1, 2]), None, REJECTED)
    assert report["never_validated"] == 1
    assert {fold: counts["rows"] for fold, counts in report["folds"].items()} == {
        "0": 1,
        "1": 1,
        "2": 1,
    }
