"""The trials of a sweep across starts; the scores are those of a function."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.experiments.plan import Plan
from gwangye.experiments.sweep import Sweep
from gwangye.experiments.sweep_tables import overview
from gwangye.experiments.sweep_trials import Trial, read_running_curve
from gwangye.experiments.workbench import FOLDER, Experiment, FailedError, Outcome

RATE = "train.learning_rate"
PARAMS = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
HEAD = "model,column,pairs,metric,value,low,high,rows,effective_rows,note"
JOURNAL = FOLDER / "sweeps" / "rate.journal"


def make_plan(**changes: Any) -> Plan:
    plan = {
        "name": "rate",
        "variant": "bilstm",
        "search": {"name": "tpe", "trials": 8, "seed": 3, "n_startup_trials": 3},
        "space": {
            RATE: {"low": 1e-6, "high": 1e-2, "log": True},
            "train.averaging.name": ["none", "ema"],
        },
    }
    return Plan(**{**plan, **changes})


class Store:
    """A repository whose experiments are tables of scores."""

    def __init__(self, root: Path, head: str = "a" * 40) -> None:
        self.root, self.head = root, head
        self.tables: dict[str, str] = {}

    def read(self, path: Path, revision: str = "") -> str:
        return self.tables[revision] if revision else PARAMS


class Trials:
    """Starts sweeps one after the other."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan, self.store = plan, Store(folder)
        self.lines: list[str] = []
        self.start()

    def start(self) -> None:
        bench: Any = SimpleNamespace(repository=self.store)
        self.sweep = Sweep(self.plan, bench, 1, self.lines.append)

    def ask(self) -> Experiment:
        experiment = self.sweep.ask()
        assert experiment is not None
        return experiment

    def finish(self, experiment: Experiment, *, column: str = "validation") -> str:
        f1 = round(60 - 10 * abs(math.log10(experiment.changes[RATE]) + 4), 2)
        rows = [HEAD, f"ensemble,{column},all,micro_f1,{f1},{f1 - 5},{f1 + 5},80,80,"]
        rows += ["ensemble,test,all,micro_f1,33.0,,,80,80,", "bilstm,test,all,micro_f1,1,,,80,80,"]
        self.store.tables[experiment.name] = "\n".join([*rows, ""])
        return self.sweep.settle(experiment, Outcome(experiment, experiment.name, 61.04, new=True))

    def run(self, count: int) -> None:
        for _ in range(count):
            self.finish(self.ask())

    def states(self) -> list[tuple[str, str]]:
        return [(trial.name, trial.state) for trial in self.sweep.trials()]

    def values(self) -> dict[str, Any]:
        return {trial.name: trial.values for trial in self.sweep.trials()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    trials = Trials(tmp_path_factory.mktemp("whole"), make_plan())
    trials.run(8)
    assert trials.sweep.ask() is None
    values = trials.values()
    assert len({values[f"rate-{number}"][RATE] for number in range(3)}) == 3
    return values


def test_drawn_values_do_not_depend_on_interruptions(
    tmp_path: Path, uninterrupted: dict[str, Any]
) -> None:
    """One trial at a time; the one that was running is asked again with its values."""
    trials = Trials(tmp_path, make_plan())
    trials.run(5)
    trials.ask()
    trials.start()
    assert trials.states()[5:] == [("rate-5", "unfinished")]
    assert trials.sweep.total == 8
    trials.run(3)
    assert trials.sweep.ask() is None
    assert trials.values() == uninterrupted
    assert list(uninterrupted) == [f"rate-{n}" for n in range(8)]


def test_another_seed_draws_other_values(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    trials = Trials(tmp_path, make_plan(search={"name": "tpe", "trials": 8, "seed": 4}))
    trials.run(1)
    assert trials.values()["rate-0"] != uninterrupted["rate-0"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random", "gp"])
def test_other_samplers_draw_the_same_after_a_restart(tmp_path: Path, name: str) -> None:
    search = {"name": name, "trials": 5, "n_startup_trials": 2}
    if name == "random":
        del search["n_startup_trials"]
    found = []
    for folder, parts in (("whole", [5]), ("halves", [3, 2])):
        (tmp_path / folder).mkdir()
        trials = Trials(tmp_path / folder, make_plan(search=search))
        for part in parts:
            trials.start()
            trials.run(part)
        found.append(trials.values())
    assert found[0] == found[1]


def test_trials_side_by_side_that_were_killed_keep_their_names_and_values(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan())
    running = [trials.ask() for _ in range(3)]
    trials.finish(running[1])
    drawn = trials.values()
    trials.start()
    assert trials.states() == [
        ("rate-0", "unfinished"),
        ("rate-1", "finished"),
        ("rate-2", "unfinished"),
    ]
    again = [trials.ask(), trials.ask()]
    assert [one.name for one in again] == ["rate-0", "rate-2"]
    assert [one.changes for one in again] == [running[0].changes, running[2].changes]
    for one in again:
        trials.finish(one)
    assert trials.values() == drawn
    assert trials.ask().name == "rate-3"


def test_trial_that_was_never_begun_is_begun(tmp_path: Path) -> None:
    """Killed between its name and its values."""
    trials = Trials(tmp_path, make_plan())
    trials.sweep.study.enqueue_trial({}, user_attrs={"name": "rate-0"})
    trials.start()
    assert overview(trials.plan, trials.sweep.trials()).values.tolist() == [
        ["rate-0", "", "", "", "", "waiting"]
    ]
    assert trials.ask().name == "rate-0"
    assert trials.ask().name == "rate-1"


def test_failed_trial_is_run_again_by_the_next_start(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan(search={"name": "random", "trials": 2}))
    first = trials.ask()
    assert trials.sweep.settle(first, FailedError("out of memory")) == ""
    trials.run(1)
    assert trials.sweep.ask() is None
    assert trials.states() == [("rate-0", "failed"), ("rate-1", "finished")]
    trials.start()
    assert trials.ask() == first


def test_trial_given_up_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sweep, "_curve", lambda *_: [20.0, 40.0])
    trials = Trials(tmp_path, make_plan(pruning={"name": "median", "n_startup_trials": 1}))
    trials.run(1)
    curve = tmp_path / "metrics/train/bilstm/plots/metrics/eval/micro_f1.tsv"
    curve.parent.mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    better, worse = trials.ask(), trials.ask()
    curve.write_text("step\tmicro_f1\n9\t20.5\n", encoding="utf-8")
    assert not trials.sweep.should_stop(better, tmp_path)
    curve.write_text("step\tmicro_f1\n9\t0.5\n10\t9", encoding="utf-8")
    assert trials.sweep.should_stop(worse, tmp_path)
    assert trials.lines[-1] == "rate-2: evaluation 1, micro_f1 0.5"
    told = trials.sweep.settle(worse, Outcome(worse, None, 5.0, new=True))
    assert told == "given up after evaluation 1: 0.5"

    trials.start()

    assert trials.states() == [
        ("rate-0", "finished"),
        ("rate-1", "unfinished"),
        ("rate-2", "pruned"),
    ]
    assert trials.ask().name == "rate-1"
    assert trials.ask().name == "rate-3"
    first, _, pruned, _ = trials.sweep.trials()
    assert (first.curve, first.seconds) == ([20.0, 40.0], 61.0)
    assert (pruned.curve, pruned.seconds) == ([0.5], 5.0)


def test_finished_trial_has_its_scores_and_its_experiment(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan(search={"name": "grid"}, space={RATE: [1e-3, 1e-4]}))
    told = trials.finish(trials.ask())
    assert told == "validation.micro_f1 50.0 (45.0–55.0)"
    finished, coming = trials.sweep.trials()
    assert finished == Trial(
        "rate-1e-3",
        {RATE: 0.001},
        "finished",
        {"validation": [50.0, 45.0, 55.0], "test": [33.0, None, None]},
        [],
        61.0,
        "rate-1e-3",
    )
    assert finished.score("test") == "33.0"
    assert coming == Trial("rate-1e-4", {RATE: 0.0001})


def test_missing_score_is_told_and_the_trial_stays(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan())
    with pytest.raises(DataError, match="'rate-0' has no ensemble validation.micro_f1 in metrics/"):
        trials.finish(trials.ask(), column="validation_reweighted")
    assert trials.states() == [("rate-0", "unfinished")]


def test_more_trials_go_on_and_fewer_end(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    trials = Trials(tmp_path, make_plan(search={**make_plan().search, "trials": 3}))
    trials.run(3)
    assert trials.sweep.ask() is None
    trials.plan = make_plan()
    trials.start()
    trials.run(5)
    assert trials.values() == uninterrupted
    trials.plan = make_plan(search={**make_plan().search, "trials": 2})
    trials.start()
    assert trials.sweep.ask() is None
    assert trials.sweep.total == 8


def test_grid_is_asked_in_order_and_may_be_extended(tmp_path: Path) -> None:
    def grid(*rates: float) -> Plan:
        return make_plan(search={"name": "grid"}, space={RATE: list(rates)})

    trials = Trials(tmp_path, grid(1e-3, 1e-4))
    trials.run(1)
    trials.plan = grid(1e-2, 1e-3, 1e-4, 1e-5)
    trials.start()
    assert trials.sweep.total == 4
    assert trials.states()[1:] == [
        ("rate-1e-2", "waiting"),
        ("rate-1e-4", "waiting"),
        ("rate-1e-5", "waiting"),
    ]
    trials.run(3)
    assert trials.sweep.ask() is None
    assert list(trials.values()) == ["rate-1e-3", "rate-1e-2", "rate-1e-4", "rate-1e-5"]


def test_each_commit_has_trials_of_its_own(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan())
    trials.run(1)
    trials.store.head = "b" * 40
    trials.start()
    assert trials.sweep.trials() == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"space": {RATE: {"low": 1e-5, "high": 1e-2, "log": True}}}, "space"),
        ({"base": {"seed": 1}}, "base"),
        ({"objective": "validation.auprc"}, "objective"),
        ({"pruning": {"name": "median"}}, "pruning"),
    ],
)
def test_changed_plan_is_refused(tmp_path: Path, changes: dict, key: str) -> None:
    trials = Trials(tmp_path, make_plan())
    trials.plan = make_plan(**changes)
    with pytest.raises(ParameterError, match=f"'rate' of this commit was begun with another {key}"):
        trials.start()


@pytest.mark.slow
def test_lock_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    trials = Trials(tmp_path, make_plan())
    trials.run(1)
    (tmp_path / f"{JOURNAL}.lock").touch()
    trials.start()
    assert trials.ask().name == "rate-1"


def test_running_curve_is_read_up_to_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "curve.tsv"
    assert read_running_curve(path, 0) == []
    path.write_text("step\tmicro_f1\n1\t10.5\n2\t1", encoding="utf-8")
    assert read_running_curve(path, 0) == [10.5]
    assert read_running_curve(path, path.stat().st_mtime + 1) == []
