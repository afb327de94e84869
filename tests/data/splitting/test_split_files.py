from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gwangye.data.options import Data, Split
from gwangye.data.splitting.files import SplitResult, sample_rows, split_files
from gwangye.errors import DataError
from gwangye.examples import Dataset

PAIRS = [
    ("한서연", "누리전자"),
    ("윤도진", "가온대학교"),
    ("민채아", "다솜악단"),
    ("오하준", "라온당"),
]
LABELS = ["per:employee_of", "per:schools_attended", "no_relation", "no_relation"]


def row(number: int, label: str | None = None, **changes: Any) -> dict[str, Any]:
    person, place = PAIRS[number]
    sentence = f"{person}, {place} 소속으로 알려져"
    values = {
        "guid": f"g{number}",
        "sentence": sentence,
        "subject_word": person,
        "subject_start_idx": 0,
        "subject_end_idx": 2,
        "subject_type": "PER",
        "object_word": place,
        "object_start_idx": 5,
        "object_end_idx": 4 + len(place),
        "object_type": "ORG",
    }
    return values | ({} if label is None else {"label": label}) | changes


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    path.write_text(text, encoding="utf-8")
    return path


def split(
    tmp_path: Path,
    train: list[dict],
    test: list[dict],
    num_repeats: int = 1,
    strategy: str = "entity_pair",
    **data: Any,
) -> SplitResult:
    section = {
        "train": str(write(tmp_path / "train.jsonl", train)),
        "test": str(write(tmp_path / "test.jsonl", test)),
        "entity_types": ["PER", "ORG"],
    }
    folds = Split(strategy={"name": strategy}, num_folds=2, num_repeats=num_repeats, folds=[0])
    return split_files(Data(**section | data), folds, seed=1)


def labelled() -> list[dict[str, Any]]:
    return [row(i, LABELS[i]) for i in range(4)]


def test_rows_labels_and_folds(tmp_path: Path) -> None:
    result = split(tmp_path, labelled(), [row(0)])
    dataset = result.dataset
    assert dataset.task.labels == ["no_relation", "per:employee_of", "per:schools_attended"]
    assert dataset.train["guid"].tolist() == ["g0", "g1", "g2", "g3"]
    assert sorted(dataset.train["fold"]) == [0, 0, 1, 1]
    assert dataset.task.label_ids(dataset.train).tolist() == [1, 2, 0, 0]
    assert dataset.task.label_ids(dataset.test).tolist() == [-1]


def test_written_and_read_back(tmp_path: Path) -> None:
    dataset = split(tmp_path, labelled(), [row(0)]).dataset
    dataset.write(tmp_path / "split")
    again = Dataset.read(tmp_path / "split")
    assert again.train.equals(dataset.train)
    assert again.test.equals(dataset.test)
    assert again.task == dataset.task


def test_empty_test_file_means_none(tmp_path: Path) -> None:
    result = split(tmp_path, labelled(), [])
    assert len(result.dataset.test) == 0
    result.dataset.write(tmp_path / "split")
    assert len(Dataset.read(tmp_path / "split").test) == 0


def test_given_labels_keep_their_order(tmp_path: Path) -> None:
    order = ["per:schools_attended", "per:employee_of", "no_relation", "per:title"]
    (tmp_path / "labels.json").write_text(json.dumps(order), encoding="utf-8")
    result = split(tmp_path, labelled(), [], labels=str(tmp_path / "labels.json"))
    assert result.dataset.task.labels == order


def test_one_column_map_serves_both_files(tmp_path: Path) -> None:
    def renamed(values: dict[str, Any]) -> dict[str, Any]:
        names = {"sentence": "text", "label": "relation"}
        return {names.get(key, key): value for key, value in values.items()}

    columns = {"sentence": "text", "label": "relation"}
    train = [renamed(values) for values in labelled()]
    result = split(tmp_path, train, [renamed(row(0))], columns=columns)
    assert result.dataset.train["label"].tolist() == LABELS
    assert result.dataset.test["label"].tolist() == [None]


def test_fewer_rows_are_drawn(tmp_path: Path) -> None:
    assert len(split(tmp_path, labelled(), [], max_train_examples=3).dataset.train) == 3


def test_dropped_rows_are_listed(tmp_path: Path) -> None:
    train = [*labelled(), row(0, "no_relation", guid="g9", subject_type="CAFE")]
    result = split(tmp_path, train, [], on_invalid="drop")
    assert result.rejected["guid"].tolist() == ["g9"]
    assert result.rejected["row"].tolist() == [5]
    assert len(result.dataset.train) == 4


def test_unlabelled_training_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"4 rows have no label, first 'g0'. data.train must be"):
        split(tmp_path, [row(i) for i in range(4)], [])


def test_label_of_the_test_file_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"label 'per:titel' is unknown"):
        split(tmp_path, labelled(), [row(0, "per:titel")])


def test_repeated_split_draws_anew(tmp_path: Path) -> None:
    train = [row(i % 4, LABELS[i % 4], guid=f"g{i}", sentence=f"{PAIRS[i % 4][0]}, "
             f"{PAIRS[i % 4][1]} {i}") for i in range(8)]  # fmt: skip
    frame = split(tmp_path, train, [], num_repeats=3).dataset.train
    assert sorted(set(frame["fold"])) == [0, 1]
    assert sorted(set(frame["fold_2"])) == [2, 3]
    assert sorted(set(frame["fold_3"])) == [4, 5]
    # rows of one pair stay together in every draw, and the draws are not all the same
    for column in ("fold", "fold_2", "fold_3"):
        assert (frame[column][:4].to_numpy() == frame[column][4:].to_numpy()).all()
    draws = {tuple(frame[c] % 2 == frame[c][0] % 2) for c in ("fold", "fold_2", "fold_3")}
    assert len(draws) > 1


def test_rows_never_validated_are_so_in_every_repeat(tmp_path: Path) -> None:
    """Four of seven rows share their words: more than an even fold."""
    train = [*labelled(), *(row(0, LABELS[0], guid=f"g{i}") for i in (4, 5, 6))]
    result = split(tmp_path, train, [], num_repeats=3, strategy="entity")
    frame = result.dataset.train
    for repeat, column in enumerate(("fold", "fold_2", "fold_3")):
        folds = frame[column].tolist()
        assert folds[:1] + folds[4:] == [-1] * 4
        assert sorted(set(folds[1:4])) == [2 * repeat, 2 * repeat + 1]
    assert result.report["never_validated"] == 4
    assert sorted(result.report["folds"]) == ["0", "1", "2", "3", "4", "5"]
    result.dataset.write(tmp_path / "split")
    assert Dataset.read(tmp_path / "split").train.equals(frame)


def with_repeats() -> list[dict[str, Any]]:
    """g0 to g3; g4 says again what g0 says; g5 contradicts g1."""
    return [
        *labelled(),
        row(0, LABELS[0], guid="g4"),
        row(1, "no_relation", guid="g5"),
    ]


@pytest.mark.parametrize(
    ("options", "kept", "dropped"),
    [
        ({}, ["g0", "g1", "g2", "g3", "g4", "g5"], {"exact": 0, "contradicting": 0}),
        ({"duplicates": "drop"}, ["g0", "g1", "g2", "g3", "g5"], {"exact": 1, "contradicting": 0}),
        ({"contradictions": "drop"}, ["g0", "g2", "g3", "g4"], {"exact": 0, "contradicting": 2}),
    ],
)
def test_repeated_rows_are_dropped_where_wanted(
    tmp_path: Path, options: dict[str, str], kept: list[str], dropped: dict[str, int]
) -> None:
    result = split(tmp_path, with_repeats(), [], **options)
    assert result.dataset.train["guid"].tolist() == kept
    assert result.report["dropped"] == dropped


def test_rows_that_stay_keep_their_folds(tmp_path: Path) -> None:
    def folds(**options: str) -> dict[str, int]:
        frame = split(tmp_path, with_repeats(), [], **options).dataset.train
        return dict(zip(frame["guid"], frame["fold"], strict=True))

    every, fewer = folds(), folds(duplicates="drop", contradictions="drop")
    assert fewer == {guid: every[guid] for guid in ("g0", "g2", "g3")}


@pytest.fixture
def frame(table: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Sixteen rows: 10 of label t, 5 of u, 1 without a label."""
    labels = ["t"] * 10 + ["u"] * 5 + [None]
    return table([(str(i), "나리", "가온", label) for i, label in enumerate(labels)])


def test_sample_rows_keeps_shares_and_order(frame: pd.DataFrame) -> None:
    sample = sample_rows(frame, 7, seed=0)
    # i/10 for t: 0 .1 .2 .3; i/5 for u: 0 .2; i/1 for none: 0; the 7 smallest are all of <= .3
    assert sample["label"].fillna("none").tolist() == ["t"] * 4 + ["u"] * 2 + ["none"]
    assert sample["sentence"].astype(int).is_monotonic_increasing
    assert sample.index.tolist() == list(range(7))


def test_sample_rows_is_decided_by_the_seed(frame: pd.DataFrame) -> None:
    drawn = [sample_rows(frame, 7, seed)["guid"].tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize("n", [16, 100])
def test_sample_rows_with_enough_gives_all(frame: pd.DataFrame, n: int) -> None:
    assert sample_rows(frame, n, seed=0).equals(frame)
