"""`gwangye ablate`, interrupted and killed, on real DVC and Git."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.experiments.conftest import PIPELINE, make_project
from tests.pipeline.conftest import ROOT

pytestmark = pytest.mark.pipeline

# the plan that ships, cut down to one alternative and two seeds
SHIPPED = yaml.safe_load((ROOT / "experiments" / "ingredients.yaml").read_text(encoding="utf-8"))
PLAN = {
    **SHIPPED,
    "name": "small",
    "seeds": [1, 2],
    "factors": {"loss": {"focal gamma 2": SHIPPED["factors"]["loss"]["focal gamma 2"]}},
}
NAMES = [
    "small-base-seed-1",
    "small-loss-focal-gamma-2-seed-1",
    "small-base-seed-2",
    "small-loss-focal-gamma-2-seed-2",
]
ABLATE = [sys.executable, "-c", "from gwangye.cli import app; app()", "ablate"]


class Ablation:
    """A project whose stubbed stages write tables, and a plan of four runs."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record"
        self.environment = {**os.environ, "STUB_RECORD": str(self.record), "COLUMNS": "250"}
        self.project = make_project(folder / "project", PIPELINE, "table_stub.py")
        self.folder = self.project.folder
        self.plan = self.folder / "small.yaml"
        self.plan.write_text(yaml.safe_dump(PLAN), encoding="utf-8")
        # as after a run of all variants: entries of those that experiments leave out
        stale = {"cmd": "old", "outs": [{"path": "models/bilstm", "md5": "0" * 32, "size": 1}]}
        lock = {"schema": "2.0", "stages": {"train@bilstm": stale}}
        (self.folder / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
        self.project.start_git()
        self.project.commit("start")

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*ABLATE, "small.yaml", *options],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str) -> tuple[int, str]:
        process = self.start(*options)
        output, _ = process.communicate()
        return process.returncode, output

    def saved(self) -> dict[str, str]:
        """Hashes of the experiments by name."""
        listed = self.project.run(
            "git", "for-each-ref", "--format=%(refname:lstrip=4) %(objectname)", "refs/exps"
        ).stdout
        return dict(line.split() for line in listed.splitlines())

    def trained(self) -> Counter[str]:
        lines = self.record.read_text(encoding="utf-8").splitlines()
        return Counter(line for line in lines if line.startswith("train "))

    def interrupt_after(self, name: str, number: signal.Signals) -> tuple[int, str]:
        """Run until an experiment is saved, and send a signal."""
        process = self.start()
        end = time.monotonic() + 240
        while name not in self.saved():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(number)
        output, _ = process.communicate()
        return process.returncode, output


@pytest.fixture(scope="module")
def ablation(tmp_path_factory: pytest.TempPathFactory) -> Ablation:
    return Ablation(tmp_path_factory.mktemp("ablation"))


@pytest.fixture(scope="module")
def history(ablation: Ablation) -> dict[str, tuple[int, str, dict[str, str]]]:
    """Exit code, output and experiments after each of three calls: two of them cut short."""
    calls = {
        "interrupted": lambda: ablation.interrupt_after(NAMES[0], signal.SIGINT),
        "killed": lambda: ablation.interrupt_after(NAMES[1], signal.SIGKILL),
        "finished": lambda: ablation.run("-o", "effects.md", "-o", "effects.csv"),
    }
    return {name: (*call(), ablation.saved()) for name, call in calls.items()}


def test_interrupted_and_killed_runs_are_finished_by_the_same_command(
    ablation: Ablation, history: dict[str, tuple[int, str, dict[str, str]]]
) -> None:
    code, output, first = history["interrupted"]
    assert code == 130
    assert "Interrupted. What is finished is kept; the same command goes on." in output
    _, _, second = history["killed"]
    code, output, last = history["finished"]
    assert code == 0, output
    assert sorted(last) == sorted(NAMES)
    # what was saved stays as it was
    assert first.items() <= second.items() <= last.items()
    trained = ablation.trained()
    assert trained['train {"entity_start": [1]} 1.0'] == 1
    assert trained['train {"entity_start": [1]} 2.0'] <= 2  # it ran when the first signal came
    assert set(trained) == {
        f'train {{"entity_start": [{s}]}} {g}' for s in (1, 2) for g in (1.0, 2.0)
    }
    assert ablation.project.run("git", "status", "--porcelain").stdout.split() == [
        *("??", "effects.csv", "??", "effects.md"),
    ]


def test_table_is_that_by_hand(
    ablation: Ablation, history: dict[str, tuple[int, str, dict[str, str]]]
) -> None:
    """Of four titles, the base misses two: F1 = 4/6; gamma 2 misses one: 6/7."""
    assert history["finished"][0] == 0
    text = (ablation.folder / "effects.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    assert rows[4] == ["base<br>1.5 min", "66.7 ± 0.0", "66.7 ± 0.0"]
    assert rows[5][0] == "loss: focal gamma 2<br>1.5 min"
    assert rows[5][1].startswith("85.7 ± 0.0<br>+19.0\\* (+")
    table = pd.read_csv(ablation.folder / "effects.csv")
    assert list(table["column"].unique()) == ["validation", "test"]
    gamma = table[(table["alternative"] == "focal gamma 2") & (table["metric"] == "micro_f1")]
    assert gamma["difference"].tolist() == [19.05, 19.05]
    assert gamma["seeds"].tolist() == [2, 2]
    assert gamma["minutes"].tolist() == [1.5, 1.5]


def test_second_call_runs_nothing(
    ablation: Ablation, history: dict[str, tuple[int, str, dict[str, str]]]
) -> None:
    before = ablation.record.read_text(encoding="utf-8")
    code, output = ablation.run()
    assert code == 0
    assert "small: 4 runs, 4 of them saved." in output
    assert "85.7 ± 0.0" in output
    assert ablation.record.read_text(encoding="utf-8") == before


def test_experiments_are_applied_by_dvc(
    ablation: Ablation, history: dict[str, tuple[int, str, dict[str, str]]]
) -> None:
    ablation.project.run("dvc", "exp", "apply", NAMES[3])
    values = yaml.safe_load((ablation.folder / "params.yaml").read_text(encoding="utf-8"))
    assert values["variants"]["entity_start"]["loss"]["gamma"] == 2.0
    assert values["train"]["num_train_epochs"] == 2
    assert values["variants"]["entity_start"]["seeds"] == [2]
    assert list(values["variants"]) == ["entity_start"]
    assert ablation.project.run("dvc", "status").stdout.startswith("Data and pipelines are up")
    code, output = ablation.run("--table-only")  # the workspace may be anything
    assert code == 0, output
    ablation.project.run("git", "checkout", "--quiet", "--force", "main")


def test_dry_run_lists_what_would_run(ablation: Ablation) -> None:
    plan = yaml.safe_dump({**PLAN, "name": "other"})
    (ablation.folder / "other.yaml").write_text(plan, encoding="utf-8")
    result = ablation.project.run(*ABLATE, "other.yaml", "--dry-run", "--limit", "2")
    assert result.stdout.splitlines() == [
        "other: 4 runs, 0 of them saved.",
        "other-base-seed-1",
        "other-loss-focal-gamma-2-seed-1",
    ]
    result = ablation.project.run(*ABLATE, "other.yaml", "--table-only", check=False)
    assert result.returncode == 1
    assert "ERROR: other: the base has not run yet. Run without --table-only." in result.stderr


def test_uncommitted_parameters_are_told_once(ablation: Ablation) -> None:
    plan = yaml.safe_dump({**PLAN, "name": "dirty"})
    (ablation.folder / "dirty.yaml").write_text(plan, encoding="utf-8")
    path = ablation.folder / "params.yaml"
    path.write_text(path.read_text("utf-8").replace("gamma: 1.0", "gamma: 1.5"), "utf-8")
    result = ablation.project.run(*ABLATE, "dirty.yaml", check=False)
    ablation.project.run("git", "checkout", "--quiet", "--force", "main")
    assert result.returncode == 1
    assert result.stderr.count("ERROR") == 1
    assert "but params.yaml differ from it. Commit" in result.stderr


def test_failed_run_is_told_and_the_others_go_on(ablation: Ablation) -> None:
    nowhere = {"data.test": "data/raw/nowhere.json"}
    factors = {"x": {"missing": nowhere, "other": {".loss.gamma": 3.0}}}
    plan = {**PLAN, "name": "failing", "seeds": [1], "factors": factors}
    (ablation.folder / "failing.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    process = subprocess.run(
        [*ABLATE, "failing.yaml"],
        cwd=ablation.folder,
        env=ablation.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "ERROR: experiment 'failing-x-missing-seed-1' failed" in process.stderr
    assert "[3/3] failing-x-other-seed-1: " in process.stderr
    assert "data/raw/nowhere.json" in process.stderr
    assert "ERROR: Failed: failing-x-missing-seed-1. Mend what their lines" in process.stderr
    assert "85.7" in process.stdout


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("effects.html", "must be one of .md, .csv, .svg, .png"),
        ("nowhere/effects.md", "the folder does not exist"),
    ],
)
def test_output_is_checked_before_anything_runs(
    ablation: Ablation, option: str, message: str
) -> None:
    result = ablation.project.run(*ABLATE, "small.yaml", "-o", option, check=False)
    assert result.returncode == 1
    assert message in result.stderr
