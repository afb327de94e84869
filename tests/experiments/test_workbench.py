"""Experiments beside the workspace, on real DVC and Git."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from gwangye.errors import DataError, GwangyeError, ParameterError
from gwangye.experiments.parameters import REMOVED
from gwangye.experiments.processes import StoppedError
from gwangye.experiments.workbench import (
    CHECKPOINTS,
    FOLDER,
    Experiment,
    FailedError,
    Outcome,
    Workbench,
)
from tests.experiments.conftest import experiment
from tests.pipeline.conftest import Project

pytestmark = [
    pytest.mark.pipeline,
    # DVC is warned by a library of its own
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),
]


def ran(workbench: Workbench, of: Experiment) -> list[str]:
    """The stages that ran for an experiment."""
    lines = workbench.log(of).read_text(encoding="utf-8").splitlines()
    return [line.split("'")[1] for line in lines if line.startswith("Running stage")]


def worktree(project: Project, number: int = 0) -> Path:
    return project.folder / FOLDER / "worktrees" / str(number)


ENDS = ["evaluate"]
ONE_VARIANT = ["train@entity_start", "ensemble", *ENDS]
SINGLE = experiment("single", loss__gamma=2.0)


def quick(name: str, number: int) -> Experiment:
    """Make an experiment of which only the last stage is not in the cache."""
    return experiment(name, loss__gamma=2.0, evaluate__num_errors=number)


@pytest.fixture(scope="module")
def single(stubbed: Project) -> Outcome:
    """The first experiment: what it trains is in the cache for all others."""
    with Workbench(stubbed.folder) as workbench:
        assert workbench.saved(SINGLE) is None
        outcome = workbench.run(SINGLE)
        assert outcome.new
        assert outcome.revision == workbench.saved(SINGLE)
        # the other variants are gone; split and target come from the cache
        assert ran(workbench, SINGLE) == ONE_VARIANT
    assert stubbed.run("git", "status", "--porcelain").stdout == ""
    return outcome


def test_experiment_becomes_a_branch_of_which_nothing_is_stale(
    stubbed: Project, single: Outcome
) -> None:
    assert "single" in stubbed.run("dvc", "exp", "list", "--name-only").stdout.split()
    stubbed.run("dvc", "exp", "branch", "single", "on-a-branch")
    stubbed.run("git", "checkout", "--quiet", "on-a-branch")
    stubbed.run("dvc", "checkout", "--force")
    values = yaml.safe_load((stubbed.folder / "params.yaml").read_text(encoding="utf-8"))
    assert values["loss"]["gamma"] == 2.0
    assert list(values["variants"]) == ["entity_start"]
    assert stubbed.reproduce() == set()
    stubbed.run("git", "checkout", "--quiet", "main")
    stubbed.run("git", "branch", "--quiet", "-D", "on-a-branch")


def test_experiment_is_applied(stubbed: Project, single: Outcome) -> None:
    stubbed.run("dvc", "exp", "apply", "single")

    assert "gamma: 2.0" in (stubbed.folder / "params.yaml").read_text(encoding="utf-8")
    assert stubbed.reproduce() == set()
    stubbed.run("git", "checkout", "--quiet", "--force", "main")


def test_message_has_the_time_of_training_below_its_subject(
    stubbed: Project, single: Outcome
) -> None:
    form = "--format=%s|%(trailers:only)"
    text = stubbed.run("git", "log", "-1", form, str(single.revision)).stdout
    subject, _, trailers = text.strip().partition("|")
    assert subject == "about single"
    assert trailers == "Train-seconds: entity_start=90.0"


def test_time_is_not_told_where_training_was_resumed_or_cached(
    stubbed: Project, single: Outcome
) -> None:
    with Workbench(stubbed.folder) as workbench:
        cached = workbench.run(quick("cached", 7))
        checkpoint = worktree(stubbed) / CHECKPOINTS / "key"
        checkpoint.mkdir(parents=True)

        def end_training(_: Path) -> bool:
            shutil.rmtree(checkpoint, ignore_errors=True)
            return False

        other = experiment("resumed", loss__gamma=6.0)
        resumed = workbench.run(other, should_stop=end_training)

        assert ran(workbench, cached.experiment) == ENDS
    for outcome in (cached, resumed):
        text = stubbed.run("git", "log", "-1", "--format=%B", str(outcome.revision)).stdout
        assert text.strip() == outcome.experiment.message


def test_saved_experiment_runs_nothing(stubbed: Project, single: Outcome) -> None:
    with Workbench(stubbed.folder) as workbench:
        workbench.log(SINGLE).unlink()
        again = workbench.run(SINGLE)

        assert (again.revision, again.new) == (single.revision, False)
        assert not workbench.log(SINGLE).exists()


def test_experiment_with_other_parameters_takes_the_place_of_its_namesake(
    stubbed: Project, single: Outcome
) -> None:
    before, after = (quick("namesake", number) for number in (8, 9))
    with Workbench(stubbed.folder) as workbench:
        first = workbench.run(before).revision
        assert workbench.saved(after) is None
        second = workbench.run(after).revision

        assert second != first
        assert workbench.saved(after) == second
        assert workbench.saved(before) is None


def test_experiments_run_side_by_side(stubbed: Project, single: Outcome) -> None:
    pair = [quick(f"pair-{k}", 10 + k) for k in (0, 1)]
    together = threading.Barrier(2, timeout=60)

    def meet(folder: Path) -> bool:
        nonlocal met
        if not met.get(folder):
            together.wait()  # passes only while both run
            met[folder] = True
        return False

    met: dict[Path, bool] = {}
    with Workbench(stubbed.folder, workers=2) as workbench, ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda one: workbench.run(one, should_stop=meet), pair))

        assert [outcome.revision for outcome in outcomes] == [workbench.saved(e) for e in pair]
    assert set(met) == {worktree(stubbed, 0), worktree(stubbed, 1)}


def test_experiment_is_stopped_and_not_saved(stubbed: Project) -> None:
    seen = []

    def should_stop(folder: Path) -> bool:
        seen.append((folder / "params.yaml").read_text(encoding="utf-8"))
        return True

    hopeless = experiment("hopeless", loss__gamma=9.0)
    with Workbench(stubbed.folder) as workbench:
        outcome = workbench.run(hopeless, should_stop=should_stop)

        assert outcome.revision is None
        assert outcome.new
        assert workbench.saved(hopeless) is None
    assert "gamma: 9.0" in seen[0]


def test_closing_stops_what_runs(stubbed: Project) -> None:
    running = threading.Event()

    def watch(_: Path) -> bool:
        running.set()
        return False

    workbench = Workbench(stubbed.folder)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(
            workbench.run, experiment("closed", loss__gamma=11.0), should_stop=watch
        )
        assert running.wait(60)
        workbench.close()
        with pytest.raises(StoppedError, match="It was stopped"):
            future.result()
    with pytest.raises(StoppedError, match="It was stopped before it began"):
        workbench.run(experiment("late", loss__gamma=11.5))


def test_data_that_git_does_not_track_is_there(stubbed: Project) -> None:
    """`data/raw/klue-re` is ignored by Git; a folder as the encoder is no dependency of DVC's."""
    raw = stubbed.folder / "data/raw/klue-re"
    (raw / "encoder").mkdir(parents=True, exist_ok=True)
    (raw / "encoder" / "config.json").write_text("{}", encoding="utf-8")
    (raw / "test.json").write_text("[]", encoding="utf-8")
    changes = {
        "data__test": "data/raw/klue-re/test.json",
        "encoder__model_name_or_path": "data/raw/klue-re/encoder",
    }
    seen = []
    with Workbench(stubbed.folder) as workbench:
        for text in ("[]", "[ ]"):
            (raw / "test.json").write_text(text, encoding="utf-8")
            workbench.run(experiment(f"data-{len(text)}", **changes))
            there = worktree(stubbed) / "data/raw/klue-re"
            seen.append((there / "test.json").read_text(encoding="utf-8"))
            assert (there / "encoder" / "config.json").is_file()
    assert seen == ["[]", "[ ]"]


def test_failed_stage_is_told_with_its_last_lines(stubbed: Project, single: Outcome) -> None:
    broken = experiment("broken", data__test="data/raw/missing.json")
    with Workbench(stubbed.folder) as workbench:
        with pytest.raises(FailedError) as error:
            workbench.run(broken)

        assert workbench.saved(broken) is None
        message = str(error.value)
        assert message.startswith("experiment 'broken' failed:\n")
        assert "data/raw/missing.json" in message
        assert f"All of its output: {workbench.log(broken)}" in message
        # the next one is not troubled
        assert workbench.run(quick("mended", 12)).revision


def test_uncommitted_parameters_are_refused(stubbed: Project) -> None:
    path = stubbed.folder / "params.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("gamma: 1.0", "gamma: 1.5"), encoding="utf-8")
    (stubbed.folder / "stages").mkdir()
    (stubbed.folder / "stages" / "new.py").write_text("", encoding="utf-8")
    try:
        with (
            Workbench(stubbed.folder) as workbench,
            pytest.raises(DataError, match="but params.yaml, stages/new.py differ from it. Commit"),
        ):
            workbench.run(experiment("dirty", loss__gamma=3.5))
    finally:
        path.write_text(text, encoding="utf-8")
        shutil.rmtree(stubbed.folder / "stages")


def test_second_command_is_refused(stubbed: Project) -> None:
    (stubbed.folder / FOLDER).mkdir(parents=True, exist_ok=True)
    with (
        FileLock(stubbed.folder / FOLDER / "lock"),
        Workbench(stubbed.folder) as workbench,
        pytest.raises(GwangyeError, match="Another `gwangye` command runs experiments"),
    ):
        workbench.open()


def test_leftovers_of_a_killed_command_are_ended(stubbed: Project, single: Outcome) -> None:
    folder = worktree(stubbed, 5)
    folder.mkdir(parents=True)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    stage = subprocess.Popen([*sleep, "stages.train"], cwd=folder)
    shell = subprocess.Popen(sleep, cwd=folder)
    with Workbench(stubbed.folder) as workbench:
        workbench.run(quick("after-the-kill", 13))
    try:
        stage.wait(10)
        assert shell.poll() is None  # not one of ours
    finally:
        shell.kill()
        shell.wait()


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (Experiment("Bad name", {}, ""), "experiment 'Bad name': a name has lower-case letters"),
        (Experiment("x", {"loss.gama": 1}, ""), "experiment 'x': loss.gama is unknown. Did you"),
        (Experiment("x", {"variants.bigru": REMOVED}, ""), "'bigru' is not a variant"),
    ],
    ids=["name", "parameter", "contradiction"],
)
def test_fault_is_told_before_anything_runs(
    stubbed: Project, one: Experiment, message: str
) -> None:
    with Workbench(stubbed.folder) as workbench:
        for ask in (workbench.saved, workbench.run):
            with pytest.raises(ParameterError) as error:
                ask(one)
            assert message in str(error.value)


def test_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no dvc.yaml. Run this in the project's folder"):
        Workbench(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    with pytest.raises(DataError, match="Experiments start from the last commit"):
        Workbench(tmp_path)
