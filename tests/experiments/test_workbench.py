"""Experiments beside the workspace, on real DVC and Git."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from gwangye.errors import DataError, GwangyeError, ParameterError
from gwangye.experiments.workbench import (
    CHECKPOINTS,
    FOLDER,
    REMOVED,
    Experiment,
    FailedError,
    StoppedError,
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


ONE_VARIANT = ["train@entity_start", "predict@entity_start", "ensemble", "target", "evaluate"]


def test_experiment_is_one_that_dvc_knows(stubbed: Project) -> None:
    gamma = experiment("gamma-2", loss__gamma=2.0)
    with Workbench(stubbed.folder) as workbench:
        assert workbench.saved(gamma) is None
        outcome = workbench.run(gamma)

        assert outcome.new
        assert outcome.revision == workbench.saved(gamma)
        # the other variants are gone; encoder, split and features come from the cache
        assert ran(workbench, gamma) == ONE_VARIANT
    assert stubbed.run("git", "status", "--porcelain").stdout == ""

    listed = stubbed.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert "gamma-2" in listed
    stubbed.run("dvc", "exp", "branch", "gamma-2", "on-a-branch")
    stubbed.run("git", "checkout", "--quiet", "on-a-branch")
    stubbed.run("dvc", "checkout")
    values = yaml.safe_load((stubbed.folder / "params.yaml").read_text(encoding="utf-8"))
    assert values["loss"]["gamma"] == 2.0
    assert list(values["variants"]) == ["entity_start"]
    assert stubbed.reproduce() == set()
    stubbed.run("git", "checkout", "--quiet", "main")
    stubbed.run("dvc", "checkout", "--force")
    stubbed.run("git", "branch", "--quiet", "-D", "on-a-branch")


def test_experiment_can_be_applied(stubbed: Project) -> None:
    with Workbench(stubbed.folder) as workbench:
        workbench.run(experiment("gamma-3", loss__gamma=3.0))

    stubbed.run("dvc", "exp", "apply", "gamma-3")

    assert "gamma: 3.0" in (stubbed.folder / "params.yaml").read_text(encoding="utf-8")
    assert stubbed.reproduce() == set()
    stubbed.run("git", "checkout", "--quiet", "--force", "main")
    stubbed.run("dvc", "checkout", "--force")


def test_message_has_the_time_of_training_below_its_subject(stubbed: Project) -> None:
    timed = experiment("timed", loss__gamma=4.0)
    with Workbench(stubbed.folder) as workbench:
        revision = workbench.run(timed).revision

    text = stubbed.run("git", "log", "-1", "--format=%s|%(trailers:only)", str(revision)).stdout
    subject, _, trailers = text.strip().partition("|")
    assert subject == "about timed"
    assert trailers.startswith("Train-seconds: entity_start=")


def test_time_is_not_told_where_training_was_resumed_or_cached(stubbed: Project) -> None:
    with Workbench(stubbed.folder) as workbench:
        workbench.run(experiment("first", loss__gamma=5.0))
        again = workbench.run(experiment("again", loss__gamma=5.0, evaluate__num_errors=7))
        checkpoint = worktree(stubbed) / CHECKPOINTS / "key" / "checkpoint-1"
        checkpoint.mkdir(parents=True)
        resumed = workbench.run(experiment("resumed", loss__gamma=6.0))
    (checkpoint.parent.parent / "key" / "checkpoint-1").rmdir()
    checkpoint.parent.rmdir()

    for outcome in (again, resumed):
        assert outcome.revision is not None
        text = stubbed.run("git", "log", "-1", "--format=%B", outcome.revision).stdout
        assert text.strip() == outcome.experiment.message
    assert ran(workbench, again.experiment) == ["evaluate"]


def test_saved_experiment_runs_nothing(stubbed: Project) -> None:
    one = experiment("once", loss__gamma=2.25)
    with Workbench(stubbed.folder) as workbench:
        first = workbench.run(one)
    with Workbench(stubbed.folder) as workbench:
        workbench.log(one).unlink()
        second = workbench.run(one)

    assert (second.revision, second.new) == (first.revision, False)
    assert not workbench.log(one).exists()


def test_experiment_with_other_parameters_takes_the_place_of_its_namesake(
    stubbed: Project,
) -> None:
    before, after = (experiment("namesake", loss__gamma=gamma) for gamma in (2.5, 2.75))
    with Workbench(stubbed.folder) as workbench:
        first = workbench.run(before).revision
        assert workbench.saved(after) is None
        second = workbench.run(after).revision

        assert second != first
        assert workbench.saved(after) == second
        assert workbench.saved(before) is None


def test_experiments_run_side_by_side(stubbed: Project) -> None:
    pair = [experiment(f"pair-{k}", loss__gamma=7.0 + k) for k in (0, 1)]
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
        with pytest.raises(StoppedError, match="experiment 'closed' was stopped"):
            future.result()
    with pytest.raises(StoppedError, match="experiment 'late' was not started"):
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


def test_failed_stage_is_told_with_its_last_lines(stubbed: Project) -> None:
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
        assert workbench.run(experiment("mended", loss__gamma=2.125)).revision


def test_uncommitted_parameters_are_refused(stubbed: Project) -> None:
    path = stubbed.folder / "params.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("gamma: 1.0", "gamma: 1.5"), encoding="utf-8")
    (stubbed.folder / "stages" / "new.py").write_text("", encoding="utf-8")
    try:
        with (
            Workbench(stubbed.folder) as workbench,
            pytest.raises(DataError, match="but params.yaml, stages/new.py differ from it. Commit"),
        ):
            workbench.run(experiment("dirty", loss__gamma=3.5))
    finally:
        path.write_text(text, encoding="utf-8")
        (stubbed.folder / "stages" / "new.py").unlink()


def test_second_command_is_refused(stubbed: Project) -> None:
    (stubbed.folder / FOLDER).mkdir(parents=True, exist_ok=True)
    with (
        FileLock(stubbed.folder / FOLDER / "lock"),
        Workbench(stubbed.folder) as workbench,
        pytest.raises(GwangyeError, match="Another `gwangye` command runs experiments"),
    ):
        workbench.open()


def test_leftovers_of_a_killed_command_are_ended(stubbed: Project) -> None:
    folder = worktree(stubbed, 5)
    folder.mkdir(parents=True)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    stage = subprocess.Popen([*sleep, "stages.train"], cwd=folder)
    shell = subprocess.Popen(sleep, cwd=folder)
    with Workbench(stubbed.folder) as workbench:
        workbench.run(experiment("after-the-kill", loss__gamma=3.875))
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
