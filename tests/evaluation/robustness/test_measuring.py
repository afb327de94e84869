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
from gwangye.evaluation.robustness import (
    Robustness,
    RobustnessOptions,
    measure_robustness,
    measuring,
)
from gwangye.evaluation.robustness.measuring import perturb, sample_rows
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
) -> Robustness:
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


def test_change_is_counted_and_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(_: str, row: Example) -> float:
        # knows two names by heart
        return 0.1 if row.subject_entity.word in ("비틀즈", "누리패") else 0.8

    measured = measure(monkeypatch, judge, [0])
    first = measured.rates.iloc[0]
    assert (first["relation"], first["rows"], first["changed"]) == ("all", 2, 100.0)
    assert (first["correct_before"], first["correct_after"]) == (100.0, 0.0)
    assert first["to_negative"] == 100.0
    line = measured.changed.iloc[0]
    assert (line["guid"], line["actual"], line["before"], line["after"]) == (
        "beatles",
        MEMBERS,
        MEMBERS,
        "no_relation",
    )
    assert (line["confidence_before"], line["confidence_after"]) == (0.9, 0.8)
    assert line["subject"] in ("온소리단", "가온극단")
    assert line["sentence"] == f"{line['subject']}의 조지 해리슨이 곡을 썼다."


def test_row_of_several_folds_has_the_mean_before_and_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judge(folder: str, row: Example) -> float:
        if row.subject_entity.word == "비틀즈":
            return 0.1 if folder.endswith("fold_0") else 0.3
        return 0.6 if folder.endswith("fold_0") else 0.8

    changed = measure(monkeypatch, judge, [0, 2]).changed.set_index("guid")
    row = changed.loc["beatles"]
    assert (row["confidence_before"], row["confidence_after"]) == (0.8, 0.7)


def test_models_of_other_relations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "models/x was trained on other relations than the split has. Run `dvc repro`"
    with pytest.raises(DataError, match=re.escape(message)):
        measure(monkeypatch, lambda *_: 0.5, [0], labels=["no_relation", "per:title"])


def test_files_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = measure(monkeypatch, lambda *_: 0.5, [0])
    measured.write(tmp_path / "new" / "bilstm")
    rates = pd.read_csv(tmp_path / "new" / "bilstm" / "rates.csv")
    assert rates["relation"].tolist() == ["all", MEMBERS]
    assert rates["changed"].tolist() == [0.0, 0.0]
    assert pd.read_csv(tmp_path / "new" / "bilstm" / "changed.csv").empty
