from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gwangye.data.splitting.report import data_report, seen_by_fold
from gwangye.data.splitting.similarity import near_duplicates

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
    report = data_report(train, test, REJECTED, {"exact": 4, "contradicting": 0})
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
    report = data_report(train, train.iloc[:0], REJECTED.head(1), {})
    assert report["test"] is None
    assert report["comparison"] is None
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_data_report_counts_sentences_of_the_test_that_are_nearly_in_training(table: Table) -> None:
    train = table([("나리는 가온전자의 대표이다.", "나리", "가온", "t")]).assign(fold=[0])
    test = table([("나리는 가온전자의 대표이다!", "한별", "도담", None), ("가", "가", "나", None)])
    overlap = data_report(train, test, REJECTED, {})["comparison"]["overlap"]
    assert (overlap["sentence"], overlap["near_sentence"], overlap["rows"]) == (0, 1, 2)


def test_data_report_counts_rows_that_no_fold_validates(train: pd.DataFrame) -> None:
    """Row 0 is validated by the first draw only, row 1 never, row 2 by both."""
    repeated = train.assign(fold=[0, -1, 1], fold_2=[-1, -1, 2])
    report = data_report(repeated, train.iloc[:0], REJECTED, {})
    assert report["never_validated"] == 1
    assert {fold: counts["rows"] for fold, counts in report["folds"].items()} == {
        "0": 1,
        "1": 1,
        "2": 1,
    }


def seen(frame: pd.DataFrame, folds: list[list[int]]) -> dict[str, dict[str, int]]:
    return seen_by_fold(frame, np.array(folds), near_duplicates(frame["sentence"]))


def counts(rows: int, sentence: int = 0, **found: int) -> dict[str, int]:
    """Return what is counted in a fold; what is not named was not found."""
    none = dict.fromkeys(("entity_pair", "subject_word", "both_entities", "either_entity"), 0)
    return {"rows": rows, "sentence": sentence, "near_sentence": sentence} | none | found


def test_seen_counts_each_fold_against_all_others(table: Table) -> None:
    frame = table(
        [
            ("가", "나리", "가온", "t"),
            ("가", "한별", "도담", "t"),
            ("나", "가온", "나리", "t"),
            ("다", "솔빛", "새봄", "t"),
            ("다", "솔빛", "한별", "t"),
        ]
    )
    assert seen(frame, [[0], [1], [2], [1], [0]]) == {
        # row 0: sentence (row 1), pair and both words (row 2); row 4: sentence, subject and both
        "0": counts(2, sentence=2, entity_pair=1, subject_word=1, both_entities=2, either_entity=2),
        # row 1: sentence (row 0), 도담 is new; row 3: sentence and subject (row 4), 새봄 is new
        "1": counts(2, sentence=2, subject_word=1, either_entity=2),
        # row 2: pair and both words (row 0); 가온 is no subject there
        "2": counts(1, entity_pair=1, both_entities=1, either_entity=1),
    }


def test_seen_of_a_repeated_split(table: Table) -> None:
    """Two draws: a fold's rows are trained on by every other fold, of either draw."""
    frame = table([("가", "나리", "가온", "t"), ("가", "한별", "도담", "t")])
    counts = seen(frame, [[0, 2], [1, 2]])
    assert {fold: (c["rows"], c["sentence"]) for fold, c in counts.items()} == {
        "0": (1, 1),
        "1": (1, 1),
        "2": (2, 0),
    }


def test_seen_finds_sentences_that_are_nearly_the_same(table: Table) -> None:
    frame = table(
        [
            ("나리는 가온전자의 대표이다.", "나리", "가온", "t"),
            ("나리는 가온전자의 대표이다!", "한별", "도담", "t"),
            ("솔빛은 새봄마을에서 태어났다.", "솔빛", "새봄", "t"),
        ]
    )
    assert seen(frame, [[0], [1], [0]]) == {
        "0": counts(2, near_sentence=1),
        "1": counts(1, near_sentence=1),
    }
    assert seen(frame, [[0], [0], [1]]) == {"0": counts(2), "1": counts(1)}


def test_seen_counts_rows_that_are_never_validated_as_training(table: Table) -> None:
    rows = [("가", "나리", "가온", "t"), ("나", "가온", "나리", "t"), ("다", "솔빛", "새봄", "t")]
    assert seen(table(rows), [[0], [-1], [1]]) == {
        "0": counts(1, entity_pair=1, both_entities=1, either_entity=1),
        "1": counts(1),
    }
