"""A sweep on real Git and DVC, with stages that score at once (sweep_stub.py)."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from typer.testing import CliRunner

from gwangye import cli
from tests.experiments.conftest import make_project
from tests.pipeline.conftest import ROOT, Project

pytestmark = [
    pytest.mark.pipeline,
    # DVC is warned by a library of its own
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),
]

PIPELINE = f"""\
stages:
  train:
    foreach: ${{variants}}
    do:
      cmd: >-
        {sys.executable} sweep_stub.py stages.train ${{key}} data/predictions/${{key}}.parquet
        metrics/train/${{key}}
      deps:
        - sweep_stub.py
      params:
        - train
        - variants.${{key}}
      outs:
        - data/predictions/${{key}}.parquet
        - metrics/train/${{key}}
  ensemble:
    cmd: cp data/predictions/bilstm.parquet data/predictions/ensemble.parquet
    deps:
      - data/predictions/bilstm.parquet
    outs:
      - data/predictions/ensemble.parquet
  evaluate:
    cmd: {sys.executable} sweep_stub.py stages.evaluate data/predictions/ensemble.parquet metrics
    deps:
      - data/predictions/ensemble.parquet
    metrics:
      - metrics/metrics.json:
          cache: false
      - metrics/scores.csv:
          cache: false
"""
GRID = {
    "name": "rate",
    "variant": "bilstm",
    "search": {"name": "grid"},
    "space": {"train.learning_rate": [5e-4, 5e-5, 5e-6]},
}


class Sweeping(Project):
    """A project with a plan."""

    def plan(self, plan: dict[str, Any], **changes: Any) -> None:
        text = yaml.safe_dump({**plan, **changes}, sort_keys=False)
        (self.folder / "plan.yaml").write_text(text, encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        return {"TRAININGS": str(self.folder / ".git" / "trainings"), "COLUMNS": "200"}

    def start(self, **environment: str) -> subprocess.Popen[str]:
        """Start the sweep in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", "from gwangye.cli import app; app()", "sweep", "plan.yaml"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment, **environment},
        )

    def sweep(self, *options: str, code: int = 0, **environment: str) -> str:
        """Run the sweep to its end; return what it told."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            result = CliRunner().invoke(cli.typer_app, ["sweep", "plan.yaml", *options])
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        return f"{result.output}\n{result.exception}"

    @property
    def trainings(self) -> list[float]:
        """The learning rates that were trained, in order."""
        file = self.folder / ".git" / "trainings"
        return [float(line) for line in file.read_text().splitlines()] if file.is_file() else []

    def await_trainings(self, count: int) -> None:
        for _ in range(1200):
            if len(self.trainings) >= count:
                return
            time.sleep(0.05)
        pytest.fail(f"only {self.trainings}")

    def experiments(self) -> list[str]:
        """The names of HEAD's DVC experiments."""
        return sorted(self.run("dvc", "exp", "list", "--name-only").stdout.split())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_project(tmp_path_factory.mktemp("sweep"), PIPELINE, "sweep_stub.py")
    project.commit("start")
    return project.folder


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Sweeping:
    return Sweeping(Path(shutil.copytree(template, tmp_path / "project")))


def test_grid_runs_each_value_once_and_keeps_them_as_experiments(project: Sweeping) -> None:
    project.plan(GRID)

    output = project.sweep("-o", "plan.md")

    # 60 less 10 per order of magnitude from 1e-4: 0.699, 0.301 and 1.301 of them
    assert project.trainings == [0.0005, 0.00005, 0.000005]
    assert "[1/3] rate-5e-4: validation.micro_f1 53.0 (48.0–58.0)" in output
    assert "[3/3] rate-5e-6: validation.micro_f1 47.0 (42.0–52.0)" in output
    assert "all done" in output
    best = "Best: rate-5e-5 (train.learning_rate=5e-05), ensemble validation.micro_f1 57.0"
    assert best in output
    assert "The best of 3 by the same rows" in output
    assert "For information, not for choosing: test micro_f1 33.0" in output
    assert "dvc exp apply rate-5e-5" in output
    rows = (project.folder / "plan.md").read_text(encoding="utf-8").splitlines()[2:5]
    assert [row.split("|")[1].strip() for row in rows] == ["rate-5e-5", "rate-5e-4", "rate-5e-6"]
    # PyYAML would read 5e-05 as text, DVC reads a number
    shown = json.loads(project.run("dvc", "exp", "show", "--json").stdout)[1]["experiments"]
    files = {run["name"]: run["revs"][0]["data"]["params"]["params.yaml"] for run in shown}
    rates = {name: file["data"]["train"]["learning_rate"] for name, file in files.items()}
    assert rates == {"rate-5e-4": 0.0005, "rate-5e-5": 0.00005, "rate-5e-6": 0.000005}
    assert project.run("git", "status", "--porcelain").stdout == ""

    again = project.sweep()
    assert project.trainings == [0.0005, 0.00005, 0.000005]
    assert "rate: all done" in again
    assert "started" not in again

    # a longer list runs what is new, whatever its place
    project.plan(GRID, space={"train.learning_rate": [1e-3, 5e-4, 5e-5, 5e-6]})
    assert "[4/4] rate-1e-3" in project.sweep()
    assert project.trainings[3:] == [0.001]

    project.run("dvc", "exp", "branch", "rate-5e-5", "slower")
    project.run("dvc", "exp", "apply", "rate-5e-5")
    assert "learning_rate: 5e-05" in (project.folder / "params.yaml").read_text(encoding="utf-8")
    # the table can be printed though the workspace differs from HEAD now
    assert "all done" in project.sweep()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)], ids=["SIGKILL", "SIGINT"]
)
def test_interrupted_sweep_goes_on_where_it_was(
    project: Sweeping, number: signal.Signals, code: int
) -> None:
    project.plan(GRID)
    process = project.start(HOLD="5e-5")
    project.await_trainings(2)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, f"{output}\n{errors}"
    assert project.experiments() == ["rate-5e-4"]
    if code == 130:
        assert "unfinished" in output
        assert "waiting" in output
        assert "What is finished is kept; the same command goes on." in errors

    output = project.sweep("-j", "2")

    assert "rate: 2 to go, about " in output
    assert project.trainings[:2] == [0.0005, 0.00005]
    assert sorted(project.trainings[2:]) == [0.000005, 0.00005]
    assert project.experiments() == ["rate-5e-4", "rate-5e-5", "rate-5e-6"]


def test_hopeless_trial_is_given_up_and_not_run_again(project: Sweeping) -> None:
    """At 1e-8, 60 - 40 = 20: after the first evaluation 10, where the first trial had 30."""
    project.plan(
        GRID,
        space={"train.learning_rate": [1e-4, 1e-8]},
        pruning={"name": "median", "n_startup_trials": 1},
    )

    output = project.sweep("-o", "plan.csv", SLOW="1e-7")

    # what the first trial wrote lay there until the second one began to train
    assert "rate-1e-8: evaluation 1, micro_f1 10.0" in output
    assert "rate-1e-8: evaluation 2" not in output
    assert "[2/2] rate-1e-8: given up after evaluation 1: 10.0" in output
    assert project.experiments() == ["rate-1e-4"]
    text = (project.folder / "plan.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["trial"], row["evaluations"], row["state"]) for row in rows] == [
        ("rate-1e-4", "3", "finished"),
        ("rate-1e-8", "1", "pruned"),
    ]

    assert "rate: all done" in project.sweep()
    assert project.trainings == [1e-4, 1e-8]


def test_failed_trial_leaves_the_others_alone_and_is_run_again(project: Sweeping) -> None:
    project.plan(GRID)

    output = project.sweep(code=1, FAIL="5e-4")

    assert "ERROR: experiment 'rate-5e-4' failed:" in output
    assert "out of memory" in output
    assert "Failed: rate-5e-4. Mend what their lines above name" in output
    assert project.experiments() == ["rate-5e-5", "rate-5e-6"]

    assert "rate: 1 to go" in (output := project.sweep())
    assert "[3/3] rate-5e-4" in output
    assert project.trainings == [0.0005, 0.00005, 0.000005, 0.0005]


def test_combination_that_is_not_allowed_fails_alone(project: Sweeping) -> None:
    """Each value is checked with the first of the others, not with all of them."""
    project.plan(GRID, space={"split.num_folds": [10, 2], "split.folds": [[1], [5]]})

    output = project.sweep(code=1)

    assert "split: split.folds holds 5, but split.num_folds is 2" in output
    assert output.count("ERROR: experiment 'rate-") == 1
    assert len(project.experiments()) == 3


def test_changed_plan_needs_another_name(project: Sweeping) -> None:
    space = {"train.learning_rate": [1e-4]}
    project.plan(GRID, space=space)
    project.sweep()

    project.plan(GRID, space=space, base={"train.num_train_epochs": 1})
    output = project.sweep(code=1)
    assert "The sweep 'rate' of this commit was begun with another base. Give the plan" in output

    project.plan(GRID, name="other", space=space, objective="validation_reweighted.micro_f1")
    output = project.sweep(code=1)
    assert "'other-1e-4' has no ensemble validation_reweighted.micro_f1 in metrics/sc" in output


def test_new_commit_starts_anew_from_the_cache(project: Sweeping) -> None:
    project.plan(GRID, space={"train.learning_rate": [1e-4]})
    project.sweep()
    project.append("readme", "more")
    project.commit("more")
    assert "[1/1] rate-1e-4: validation.micro_f1 60.0" in project.sweep()
    assert project.experiments() == ["rate-1e-4"]
    assert project.trainings == [1e-4]


def test_lost_storage_is_made_anew_from_the_experiments(project: Sweeping) -> None:
    project.plan(GRID)
    project.sweep()
    (project.folder / ".dvc/tmp/gwangye/sweeps/rate.journal").unlink()
    output = project.sweep()
    assert "[3/3] rate-5e-6: validation.micro_f1 47.0 (42.0–52.0), saved already" in output
    assert project.trainings == [0.0005, 0.00005, 0.000005]


def test_sweep_is_refused_where_it_cannot_run(project: Sweeping) -> None:
    project.plan(GRID)
    folder = project.folder / ".dvc" / "tmp" / "gwangye"
    folder.mkdir(parents=True)
    with FileLock(folder / "lock"):
        assert "Another `gwangye` command runs experiments" in project.sweep(code=1)
    (project.folder / "params.yaml").write_text("seed: 1\n", encoding="utf-8")
    assert "but params.yaml differ from it. Commit" in project.sweep(code=1)
    assert project.trainings == []


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("table.html", "--output table.html: the name's ending must be one of .md, .csv"),
        ("no/table.md", "--output no/table.md: the folder does not exist"),
    ],
)
def test_bad_output_is_told_before_anything_runs(
    project: Sweeping, output: str, fault: str
) -> None:
    project.plan(GRID)
    assert fault in project.sweep("-o", output, code=1)
    assert project.trainings == []
