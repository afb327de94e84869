"""What of a row its model has met in training."""

from __future__ import annotations

import pandas as pd

from gwangye.evaluation.seen import seen_entities, seen_pairs
from gwangye.examples import Dataset, Task

TASK = Task(["no_relation", "per:title"], "no_relation", ["PER", "POH"])


def split(train: list[tuple[str, str, int]], test: list[tuple[str, str]]) -> Dataset:
    """Rows of subject, object and fold; test rows of subject and object."""
    columns = ["subject_word", "object_word"]
    return Dataset(
        pd.DataFrame(train, columns=[*columns, "fold"]), pd.DataFrame(test, columns=columns), TASK
    )


def pairs() -> Dataset:
    """Rows 0 and 1 are one pair in two folds, 2's pair is in its own fold twice, 3's is alone."""
    train = [("가", "나", 0), ("나", "가", 1), ("다", "라", 2), ("마", "바", 2), ("다", "라", 2)]
    return split(train, [("라", "다"), ("가", "다"), ("가", "하"), ("하", "나"), ("하", "파")])


def test_seen_pairs() -> None:
    dataset = pairs()
    validation = seen_pairs(dataset.train, "validation", dataset)
    assert validation.tolist() == [True, True, False, False, False]
    assert seen_pairs(dataset.test, "test", dataset).tolist() == [True, False, False, False, False]


def test_seen_pairs_of_a_repeated_split() -> None:
    """The second draw parts 2 and 4; 3's twin is validated by no fold, so all train on it."""
    dataset = pairs()
    dataset.train["fold_2"] = [3, 4, 5, 5, 3]
    again = dataset.train.iloc[[3]].assign(fold=-1, fold_2=-1)
    train = pd.concat([dataset.train, again], ignore_index=True)
    seen = seen_pairs(train, "validation", Dataset(train, dataset.test, TASK))
    assert seen.tolist() == [True, True, True, True, True, False]


def test_seen_entities() -> None:
    """A word counts in either role: 나 is an object in row 0 and the subject of row 3."""
    dataset = split([("가", "나", 0), ("가", "다", 1), ("라", "나", 1), ("나", "마", 2)], [])
    assert seen_entities(dataset.train, "validation", dataset) == [
        "both", "subject", "object", "subject"
    ]  # fmt: skip
    # 다 and 라 stand in one fold only, which validates them
    dataset = pairs()
    assert seen_entities(dataset.train, "validation", dataset) == [
        "both", "both", "neither", "neither", "neither"
    ]  # fmt: skip
    assert seen_entities(dataset.test, "test", dataset) == [
        "both", "both", "subject", "object", "neither"
    ]  # fmt: skip


def test_no_rows() -> None:
    dataset = split([], [("가", "나")])
    assert seen_entities(dataset.train, "validation", dataset) == []
    assert seen_entities(dataset.test, "test", dataset) == ["neither"]
    assert seen_pairs(dataset.test, "test", dataset).tolist() == [False]
