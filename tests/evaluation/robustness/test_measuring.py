"""Which rows are perturbed, and by which models they are predicted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.evaluation.robustness import RobustnessOptions, measuring
from gwangye.evaluation.robustness.measuring import (
    CASES,
    measure_robustness,
    perturb,
    sample_rows,
)
from gwangye.examples import Dataset, Example, Task
from tests.evaluation.robustness.conftest import FOLDS, MEMBERS, ROWS, frame_of, pool
from tests.inputs.markers.conftest import example

LABELS = ["no_relation", MEMBERS]
TASK = Task(LABELS, "no_relation", ["ORG", "PER"])
Judge = Callable[[str, Example], float]


def sampled(rows: int, *, without: Sequence[str] = (), seed: int = 3) -> list[str]:
    """The guids that are drawn of 20 rows of fold 0 and 20 of fold 1."""
    many = [Example(f"g{i}", *(_parts(ROWS[0]))) for i in range(40)]
    kept = [row for row in many if row.guid not in without]
    folds = [int(row.guid[1:]) % 2 for row in kept]
    return sample_rows(frame_of(kept, [folds]), [0], rows, seed)["guid"].tolist()


def _parts(row: Example) -> tuple:
    return row.sentence, row.subject_entity, row.object_entity, row.label


def test_rows_are_drawn_of_the_trained_folds_in_their_order() -> None:
    drawn = sampled(8)
    numbers = [int(guid[1:]) for guid in drawn]
    assert len(drawn) == 8
    assert numbers == sorted(numbers)
    assert all(number % 2 == 0 for number in numbers)
    assert sampled(8, seed=4) != drawn
    assert len(sampled(100)) == 20


def test_more_rows_and_fewer_are_the_same_rows() -> None:
    assert set(sampled(8)) < set(sampled(12))
    gone = sampled(8)[0]
    assert set(sampled(8)) - {gone} < set(sampled(8, without=[gone]))


def test_perturbed_rows_do_not_depend_on_the_other_rows_and_perturbations() -> None:
    names = pool("type", folds=[0, 1])
    everything = perturb(ROWS, ["subject_swap", "particles", "aeda"], names, seed=5)
    alone = perturb(ROWS[:1], ["aeda"], names, seed=5)
    assert next(case for case in everything if case.perturbation == "aeda") == alone[0]
    other_seed = perturb(ROWS, ["aeda"], names, seed=6)
    assert other_seed != [case for case in everything if case.perturbation == "aeda"]


def test_every_row_is_changed_in_its_own_way() -> None:
    alike = [replace(ROWS[0], guid=f"g{i}") for i in range(10)]
    assert len({case.example.sentence for case in perturb(alike, ["aeda"], pool(), seed=1)}) > 3


def test_row_that_stays_as_it_is_is_left_out() -> None:
    # 가온극단, 도예린.: no particle
    cases = perturb(ROWS, ["particles"], pool(), seed=1)
    assert [case.row for case in cases] == [0, 1, 3]
    masked = example("단체의 사람", ("단체", 0, "ORG"), ("사람", 4, "PER"))
    assert perturb([masked], ["names_masked"], pool(), seed=1) == []


def measure(
    monkeypatch: pytest.MonkeyPatch, judge: Judge, folds: list[int], labels: list[str] = LABELS
) -> pd.DataFrame:
    """Measure with subject swaps; models say what a function of folder and row says."""

    class Stub:
        def __init__(self, folders: Sequence[Path]) -> None:
            self.folder = folders[0].as_posix()
            self.labels = labels

        def probabilities(self, examples: Sequence[Example], *, progress: bool) -> np.ndarray:
            said = np.array([judge(self.folder, row) for row in examples])
            return np.stack([said, 1 - said], axis=1)

    monkeypatch.setattr(measuring, "Predictor", Stub)
    repeats = [FOLDS, [2, 3, 3, 3]]
    frame = frame_of(ROWS, repeats)
    options = RobustnessOptions(perturbations=["subject_swap"], names="type")
    dataset = Dataset(frame, frame.head(0), TASK)
    return measure_robustness(dataset, Path("models/x"), folds=folds, options=options, seed=1)


def test_rows_are_predicted_by_the_models_that_did_not_train_on_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, set[str]] = {}

    def judge(folder: str, row: Example) -> float:
        seen.setdefault(folder, set()).add(row.guid)
        return 0.5

    measure(monkeypatch, judge, [0, 1])
    assert seen == {
        "models/x/fold_0": {"beatles", "validated"},
        "models/x/fold_1": {"alike", "unrelated"},
    }
    seen.clear()
    measure(monkeypatch, judge, [0])
    assert seen == {"models/x": {"beatles", "validated"}}


def test_predictions_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(_: str, row: Example) -> float:
        # knows two names by heart
        return 0.1 if row.subject_entity.word in ("비틀즈", "누리패") else 0.8

    cases = measure(monkeypatch, judge, [0])
    assert cases["guid"].tolist() == ["beatles", "validated"]
    case = cases.iloc[0]
    said = case[["perturbation", "actual", "before", "after"]].tolist()
    assert said == ["subject_swap", MEMBERS, MEMBERS, "no_relation"]
    assert case[["confidence_before", "confidence_after"]].tolist() == [0.9, 0.8]
    sentence = case["sentence"]
    subject = sentence[case["subject_start"] : case["subject_end"]]
    assert subject in ("온소리단", "가온극단")
    assert sentence == f"{subject}의 조지 해리슨이 곡을 썼다."
    assert sentence[case["object_start"] : case["object_end"]] == "조지 해리슨"


def test_row_of_several_folds_has_the_mean_before_and_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judge(folder: str, row: Example) -> float:
        if row.subject_entity.word == "비틀즈":
            return 0.1 if folder.endswith("fold_0") else 0.3
        return 0.6 if folder.endswith("fold_0") else 0.8

    row = measure(monkeypatch, judge, [0, 2]).set_index("guid").loc["beatles"]
    assert (row["confidence_before"], row["confidence_after"]) == (0.8, 0.7)


def test_models_of_other_relations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "models/x was trained on other relations than the split has. Run `dvc repro`"
    with pytest.raises(DataError, match=re.escape(message)):
        measure(monkeypatch, lambda *_: 0.5, [0], labels=["no_relation", "per:title"])


def test_no_perturbed_row_is_an_empty_table(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = measure(monkeypatch, lambda *_: 0.5, [7])
    assert cases.empty
    assert list(cases.columns) == list(CASES)
