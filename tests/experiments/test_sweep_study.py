"""The study of a sweep, across starts; the scores are those of a function."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gwangye.experiments.sweep_plan import SweepPlan
from gwangye.experiments.sweep_results import Result
from gwangye.experiments.sweep_study import SweepStudy, Trial, journal_path

RATE = "train.learning_rate"


def make_plan(**changes: Any) -> SweepPlan:
    plan = {
        "name": "rate",
        "variant": "bilstm",
        "search": {"name": "tpe", "trials": 8, "seed": 3, "n_startup_trials": 3},
        "space": {
            RATE: {"low": 1e-6, "high": 1e-2, "log": True},
            "train.averaging.name": ["none", "ema"],
        },
    }
    return SweepPlan(**{**plan, **changes})


class Trials:
    """Starts studies over the same finished trials, as DVC keeps them."""

    def __init__(self, folder: Path, plan: SweepPlan) -> None:
        self.plan, self.journal = plan, folder / "a.journal"
        self.finished: dict[str, Result] = {}
        self.curves: list[str] = []
        self.start()

    def start(self) -> None:
        self.study = SweepStudy(self.plan, self.journal, dict(self.finished), self.curve)

    def curve(self, result: Result) -> Sequence[float]:
        self.curves.append(result.revision)
        final = result.scores["validation"]["micro_f1"]
        return [final / 2, final]

    def finish(self, trial: Any) -> None:
        values = trial.user_attrs["values"]
        f1 = round(60 - 10 * abs(math.log10(values[RATE]) + 4), 2)
        name = trial.user_attrs["name"]
        result = Result(name, values, {"validation": {"micro_f1": f1}}, 60.0)
        self.finished[name] = result
        self.study.finish(trial, result, 61.0)

    def run(self, count: int) -> None:
        for _ in range(count):
            trial = self.study.ask()
            assert trial is not None
            self.finish(trial)

    def values(self) -> list[Any]:
        return [trial.values for trial in self.study.trials()]


@pytest.fixture
def uninterrupted(tmp_path: Path) -> list[Any]:
    (tmp_path / "whole").mkdir()
    trials = Trials(tmp_path / "whole", make_plan())
    trials.run(8)
    assert trials.study.ask() is None
    assert len({values[RATE] for values in trials.values()[:3]}) == 3
    return trials.values()


@pytest.mark.parametrize("lost", [False, True])
def test_drawn_values_do_not_depend_on_interruptions(
    tmp_path: Path, uninterrupted: list[Any], lost: bool
) -> None:
    """One trial at a time; the one that was running is asked again with its values."""
    trials = Trials(tmp_path, make_plan())
    trials.run(5)
    trials.study.ask()
    if lost:
        trials.journal.unlink()
    trials.start()
    assert [trial.state for trial in trials.study.trials()] == ["finished"] * 5 + ["waiting"] * (
        not lost
    )
    assert trials.study.total == 8
    trials.run(3)
    assert trials.study.ask() is None
    assert trials.values() == uninterrupted
    assert list(trials.finished) == [f"rate-{n}" for n in range(8)]


def test_another_seed_draws_other_values(tmp_path: Path, uninterrupted: list[Any]) -> None:
    trials = Trials(tmp_path, make_plan(search={"name": "tpe", "trials": 8, "seed": 4}))
    trials.run(1)
    assert trials.values()[0] != uninterrupted[0]


@pytest.mark.parametrize("name", ["random", "gp"])
def test_other_samplers_draw_the_same_after_a_restart(tmp_path: Path, name: str) -> None:
    search = {"name": name, "trials": 5, "n_startup_trials": 2}
    found = []
    for folder, parts in (("whole", [5]), ("halves", [3, 2])):
        (tmp_path / folder).mkdir()
        trials = Trials(tmp_path / folder, make_plan(search=search))
        for part in parts:
            trials.start()
            trials.run(part)
        found.append(trials.values())
    assert found[0] == found[1]


def test_trials_side_by_side_that_were_killed_keep_their_values(tmp_path: Path) -> None:
    """What is drawn while others run depends on them: the journal has to know it."""
    trials = Trials(tmp_path, make_plan())
    running = [trials.study.ask() for _ in range(3)]
    trials.finish(running[1])
    drawn = trials.values()
    trials.start()
    states = [(trial.name, trial.state) for trial in trials.study.trials()]
    assert states == [("rate-0", "waiting"), ("rate-1", "finished"), ("rate-2", "waiting")]
    trials.run(2)
    assert trials.values() == drawn
    assert sorted(trials.finished) == ["rate-0", "rate-1", "rate-2"]


def test_trial_given_up_is_not_asked_again(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan(pruning={"name": "median", "n_startup_trials": 1}))
    trials.run(1)
    best = trials.study.trials()[0].curve
    trial = trials.study.ask()
    assert not trials.study.report(trial, 1, best[0] + 1)
    worse = trials.study.ask()
    assert trials.study.report(worse, 1, 0.5)
    trials.study.prune(worse, 5.0)
    trials.study.fail(trial, 6.0)

    trials.start()

    expected = [
        ("rate-0", "finished", 61.0),
        ("rate-1", "waiting", None),
        ("rate-2", "pruned", 5.0),
    ]
    assert [(t.name, t.state, t.seconds) for t in trials.study.trials()] == expected
    assert trials.study.trials()[2].curve == [0.5]
    # a journal that is lost knows nothing of it; the time of training is in DVC's experiment
    trials.journal.unlink()
    trials.start()
    (known,) = trials.study.trials()
    assert known == Trial("rate-0", known.values, "finished", best, 60.0)


def test_experiment_that_was_removed_is_run_again_with_its_values(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan())
    trials.run(2)
    drawn = trials.values()
    del trials.finished["rate-0"]
    trials.start()
    trials.run(1)
    assert trials.values() == drawn
    assert list(trials.finished) == ["rate-1", "rate-0"]


def test_more_trials_go_on_and_fewer_end(tmp_path: Path, uninterrupted: list[Any]) -> None:
    trials = Trials(tmp_path, make_plan(search={**make_plan().search, "trials": 3}))
    trials.run(3)
    assert trials.study.ask() is None
    trials.plan = make_plan()
    trials.start()
    trials.run(5)
    assert trials.values() == uninterrupted
    trials.plan = make_plan(search={**make_plan().search, "trials": 2})
    trials.start()
    assert trials.study.ask() is None
    assert trials.study.total == 8


def test_grid_is_asked_in_order_and_takes_finished_ones_as_they_are(tmp_path: Path) -> None:
    plan = make_plan(search={"name": "grid"}, space={RATE: [1e-3, 1e-4, 1e-5]})
    trials = Trials(tmp_path, plan)
    trials.run(1)
    trials.start()
    assert trials.study.total == 3
    trials.run(2)
    assert trials.study.ask() is None
    assert list(trials.finished) == ["rate-1e-3", "rate-1e-4", "rate-1e-5"]


def test_evaluations_that_nobody_saw_are_read_when_the_trial_has_finished(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan())
    trial = trials.study.ask()
    trials.study.report(trial, 1, 12.5)
    trials.finish(trial)
    final = trials.finished["rate-0"].scores["validation"]["micro_f1"]
    assert trials.study.trials()[0].curve == [12.5, final]
    assert trials.curves == ["rate-0"]
    trials.start()  # and not again
    assert trials.curves == ["rate-0"]


def test_lock_of_a_killed_process_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = Trials(tmp_path, make_plan())
    trials.run(1)
    Path(f"{trials.journal}.lock").touch()
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("Optuna waits for the lock"))
    trials.start()
    trials.run(1)


def test_journal_is_another_one_for_another_commit_or_space() -> None:
    plan, folder = make_plan(), Path("folder")
    path = journal_path(folder, plan, "a" * 40)
    more = make_plan(search={"name": "tpe", "trials": 9})
    assert journal_path(folder, more, "a" * 40) == path
    assert journal_path(folder, plan, "b" * 40) != path
    for changes in (
        {"space": {RATE: [1.0]}},
        {"base": {"seed": 1}},
        {"objective": "validation.auprc"},
        {"pruning": {"name": "median"}},
    ):
        assert journal_path(folder, make_plan(**changes), "a" * 40) != path
