from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gwangye.evaluation.analysis.slices import slice_scores, slice_values
from gwangye.examples import Dataset, Task

TASK = Task(["no_relation", "per:title"], "no_relation", ["PER", "ORG"])


def row(guid: str, subject: str, object_: str, gap: int, **changes: object) -> dict[str, object]:
    """A sentence that is the subject, as many dots as ``gap``, and the object."""
    start = len(subject) + gap
    return {
        "guid": guid,
        "sentence": subject + "." * gap + object_,
        "subject_word": subject,
        "subject_start": 0,
        "subject_end": len(subject),
        "subject_type": "PER",
        "object_word": object_,
        "object_start": start,
        "object_end": start + len(object_),
        "object_type": "ORG",
        "source": "wikipedia",
        "fold": 0,
        **changes,
    }


def values(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return slice_values(frame, "validation", Dataset(frame, frame.head(0), TASK))


def test_order_of_kinds_and_values() -> None:
    table = values(
        [
            row("a", "가", "나", 1, source=None),
            row("b", "다", "라", 45),
            row("c", "마", "바", 3, object_type="PER"),
        ]
    )
    assert list(table) == [
        "type_pair", "source", "sentence_length", "entity_distance", "order", "script", "subject",
        "object", "pair",
    ]  # fmt: skip
    # most rows first
    assert list(table["type_pair"].cat.categories) == ["PER-ORG", "PER-PER"]
    assert table["source"].tolist() == ["(unknown)", "wikipedia", "wikipedia"]
    assert list(table["source"].cat.categories) == ["wikipedia", "(unknown)"]
    # classes of numbers by size, "≤ 2" before "3–5"
    assert table["entity_distance"].tolist() == ["≤ 2", "> 40", "3–5"]
    assert table["entity_distance"].cat.ordered
    assert table["entity_distance"].max() == "> 40"


@pytest.mark.parametrize(
    ("gap", "name"),
    [(0, "≤ 2"), (2, "≤ 2"), (3, "3–5"), (5, "3–5"), (6, "6–10"), (40, "21–40"), (41, "> 40")],
)
def test_classes_of_distance(gap: int, name: str) -> None:
    assert values([row("a", "가", "나", gap)])["entity_distance"].tolist() == [name]


@pytest.mark.parametrize(
    ("length", "name"), [(2, "≤ 40"), (40, "≤ 40"), (41, "41–80"), (160, "121–160"), (161, "> 160")]
)
def test_classes_of_length(length: int, name: str) -> None:
    assert values([row("a", "가", "나", length - 2)])["sentence_length"].tolist() == [name]


def test_overlap_and_order() -> None:
    """대한 in 대한민국; entities that touch; the object first."""
    inside = row("a", "대한민국", "대한", 0, object_start=0, object_end=2)
    touching = row("b", "한국", "은행", 0)
    first = row("c", "대표", "서연", 1, subject_start=3, subject_end=5, object_start=0,
                object_end=2)  # fmt: skip
    table = values([inside, touching, first])
    assert table["entity_distance"].tolist() == ["overlap", "≤ 2", "≤ 2"]
    assert table["order"].tolist() == ["subject_first", "subject_first", "object_first"]


@pytest.mark.parametrize(
    ("subject", "object_", "script"),
    [
        ("한서연", "대표", "hangul"),
        ("Zoë", "IBM", "latin"),
        ("李白", "杜甫", "hanja"),
        ("1990", "2001. 3.", "digits"),
        ("한서연", "1990년", "mixed"),
        ("李白", "한서연", "mixed"),
        ("けいこ", "…", "other"),
    ],
)
def test_script(subject: str, object_: str, script: str) -> None:
    assert values([row("a", subject, object_, 1)])["script"].tolist() == [script]


def test_what_training_has() -> None:
    """A's subject stands in b, of another fold, as an object; c's pair in d; b knows a's subject.

    c and d know both entities; e none.
    """
    table = values(
        [
            row("a", "가", "나", 1, fold=0),
            row("b", "다", "가", 1, fold=1),
            row("c", "라", "마", 1, fold=0),
            row("d", "마", "라", 1, fold=1),
            row("e", "바", "사", 1, fold=1),
        ]
    )
    assert table["subject"].tolist() == ["seen", "unseen", "seen", "seen", "unseen"]
    assert table["object"].tolist() == ["unseen", "seen", "seen", "seen", "unseen"]
    assert table["pair"].tolist() == ["unseen", "unseen", "seen", "seen", "unseen"]


def by_length(*names: str) -> pd.DataFrame:
    order = pd.CategoricalDtype(["≤ 40", "41–80", "81–120"], ordered=True)
    return pd.DataFrame({"length": pd.Series(names, dtype=order), "all": pd.Categorical(["x"] * 5)})


def scores(task: Task = TASK) -> pd.DataFrame:
    # short: title right, title for none, none right; long: none for title, title right
    true, predicted = np.array([1, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 1])
    slices = by_length("≤ 40", "≤ 40", "≤ 40", "81–120", "81–120")
    return slice_scores(slices, true, predicted, task, resamples=400, seed=0)


def test_scores_of_slices_by_hand() -> None:
    table = scores()
    # short: TP 1, FP 1: 2/3; long: TP 1, FN 1: 2/3; all: TP 2, FP 1, FN 1: 4/6
    assert table.drop(columns=["micro_f1_low", "micro_f1_high"]).to_csv(index=False) == (
        "slice,value,rows,share,micro_f1,accuracy,relation_for_none,none_for_relation,"
        "wrong_relation\n"
        "length,≤ 40,3,60.0,66.67,66.67,1,0,0\n"
        "length,81–120,2,40.0,66.67,50.0,0,1,0\n"
        "all,x,5,100.0,66.67,60.0,1,1,0\n"
    )
    # in some resample a slice has only its right row of a relation, or only its wrong one
    assert table[["micro_f1_low", "micro_f1_high"]].values.tolist()[:2] == [[0, 100], [0, 100]]


def test_without_a_negative_label_all_errors_are_wrong_relations() -> None:
    table = scores(Task(TASK.labels, None, TASK.entity_types))
    assert table["wrong_relation"].tolist() == [1, 1, 2]
    assert table["micro_f1"].tolist() == table["accuracy"].tolist() == [66.67, 50.0, 60.0]


def test_what_no_interval_can_be_had_of_is_missing() -> None:
    """Two rows right: no spread is seen. Two rows of none, found as such: no F1 at all."""
    slices = by_length("≤ 40", "≤ 40", "41–80", "41–80", "41–80").drop(columns="all")
    true = np.array([1, 1, 0, 0, 0])
    table = slice_scores(slices, true, true, TASK, resamples=50, seed=0)
    assert table["micro_f1"].fillna(-1).tolist() == [100.0, -1]
    assert table["micro_f1_low"].isna().all()
    assert table["micro_f1_high"].isna().all()
    assert table["accuracy"].tolist() == [100.0, 100.0]
