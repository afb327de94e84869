"""Copies of this project in temporary folders, with real DVC and, where asked for, real Git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from gwangye.examples import Dataset, Task, make_frame
from gwangye.prediction.tables import prediction_table, write_predictions

ROOT = Path(__file__).parents[2]
STUB = Path(__file__).with_name("stub_stage.py")


def tracked_files() -> list[str]:
    """The files of a clone: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


class Project:
    """A copy of this project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, with this environment's programs first."""
        binaries = str(Path(sys.executable).parent)
        environment = {
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "COLUMNS": "200",
        }
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=environment, check=False
        )
        if check:
            assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result

    def reproduce(self, *options: str) -> set[str]:
        """Run `dvc repro`; return the stages that ran."""
        output = self.run("dvc", "repro", *options).stdout
        prefix = "Running stage '"
        lines = [line for line in output.splitlines() if line.startswith(prefix)]
        return {line[len(prefix) :].split("'")[0] for line in lines}

    def copy(self, folder: Path) -> Project:
        """Copy it with all that Git and DVC hold."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Project(folder)

    def edit(self, path: str, change: Callable[[dict], None]) -> None:
        """Change a YAML file."""
        file = self.folder / path
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        change(values)
        file.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), "utf-8")

    def append(self, path: str, text: str) -> None:
        """Add text to a file's end."""
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write(text)

    def start_git(self) -> None:
        """Make it a Git repository, on `main`, without a commit."""
        self.run("git", "init", "--quiet", "--initial-branch", "main")
        self.run("git", "config", "user.name", "tester")
        self.run("git", "config", "user.email", "tester@example.org")

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)


def copy_project(folder: Path, *, stub: bool) -> Project:
    """Copy this project to a folder; with ``stub`` the stages write their outputs at once."""
    for name in tracked_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    (folder / "dvc.lock").unlink(missing_ok=True)
    if stub:
        text = (folder / "dvc.yaml").read_text(encoding="utf-8")
        stubbed = text.replace("python -m stages.", "python stub_stage.py stages.")
        (folder / "dvc.yaml").write_text(stubbed, encoding="utf-8")
        shutil.copy2(STUB, folder / "stub_stage.py")
    return Project(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy with stubbed stages and without Git."""
    return without_git(tmp_path)


def without_git(folder: Path, *, stub: bool = True) -> Project:
    """Make what :func:`project` gives, or one with the real stages."""
    project = copy_project(folder, stub=stub)
    (folder / ".dvc" / "config").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    return project


@pytest.fixture(scope="session")
def git_template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """What :func:`git_project` is copied from."""
    return new_repository(tmp_path_factory.mktemp("template"))


@pytest.fixture
def git_project(git_template: Project, tmp_path: Path) -> Project:
    """A copy with stubbed stages in a Git repository, reproduced and committed on `main`."""
    return git_template.copy(tmp_path)


def new_repository(folder: Path) -> Project:
    """Make what :func:`git_project` gives."""
    project = copy_project(folder, stub=True)
    project.start_git()
    project.reproduce()
    project.commit("start")
    return project


def predict(project: Project, variant: str, right: int) -> None:
    """Put real tables in place of the stub's: a split, and a variant's predictions of it.

    Of 40 validation rows, half of them titles, so many are predicted rightly.
    """
    task = Task(["no_relation", "per:title"], "no_relation", ["PER"])
    columns = {
        "guid": [f"v{i}" for i in range(40)],
        "sentence": ["가 나"] * 40,
        **{f"{role}_word": [word] * 40 for role, word in (("subject", "가"), ("object", "나"))},
        **{f"{role}_start": [at] * 40 for role, at in (("subject", 0), ("object", 2))},
        **{f"{role}_end": [at] * 40 for role, at in (("subject", 1), ("object", 3))},
        **{f"{role}_type": ["PER"] * 40 for role in ("subject", "object")},
        "label": ["per:title"] * 20 + ["no_relation"] * 20,
        "source": [None] * 40,
        "fold": [0] * 40,
    }
    frame = make_frame(columns)
    split = project.folder / "data/split"
    shutil.rmtree(split)
    Dataset(frame, frame.head(0), task).write(split)
    true = np.array([1] * 20 + [0] * 20)
    chosen = np.where(np.arange(40) % 20 < right // 2, true, 1 - true)
    path = project.folder / f"data/predictions/{variant}.parquet"
    path.unlink()
    write_predictions(
        prediction_table(frame["guid"], "validation", 0.1 + 0.8 * np.eye(2)[chosen], task.labels),
        path,
    )
    project.run("dvc", "commit", "--force", "split", f"predict@{variant}")
