"""The project as Git and DVC know it: where its files are, and how either is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from gwangye.errors import DataError, GwangyeError

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
LOCK = Path("dvc.lock")
METRICS = Path("metrics/metrics.json")  # the headline of SCORES, which DVC compares
SCORES = Path("metrics/scores.csv")
DATA = Path("data")
SPLIT = DATA / "split"
TARGET = DATA / "target"
CODE = ("gwangye", "stages")


def check_project(folder: Path) -> None:
    """Check that a folder is a project: that dvc.yaml is there.

    Raises:
        DataError: It is none.
    """
    if not (folder / PIPELINE).is_file():
        raise DataError(f"{folder.resolve()} has no {PIPELINE}. Run this in the project's folder.")


def check_repository(folder: Path) -> None:
    """Check that a folder is a project in a Git repository.

    Raises:
        DataError: It is no project, or there is no repository.
    """
    check_project(folder)
    git(folder, "rev-parse", "--git-dir", fault="no Git repository. Run `git init` and commit.")


def git(folder: Path, *arguments: str, stdin: str = "", fault: str = "") -> str:
    """Return Git's output.

    Args:
        folder: Where Git runs.
        arguments: Of Git.
        stdin: What it reads.
        fault: What a failure means and what to do; empty: Git's own words are told.

    Raises:
        DataError: Git failed.
        GwangyeError: Git is not installed.
    """
    try:
        result = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise GwangyeError(f"git is not installed: {error}") from error
    if result.returncode:
        problem = fault or f"`git {' '.join(arguments[:2])}` failed: {result.stderr.strip()}"
        raise DataError(f"{folder.resolve()}: {problem}")
    return result.stdout


def dvc(folder: Path, *arguments: str, timeout: float | None = None) -> Any:
    """Return what a DVC command answers with ``--json``.

    Args:
        folder: Where DVC runs.
        arguments: Of DVC.
        timeout: Seconds that it may take; None: as many as it likes.

    Raises:
        GwangyeError: DVC failed, for example as there is no such revision, or took too long.
    """
    try:
        result = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments, "--json"],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise GwangyeError(f"`dvc {' '.join(arguments)}` took over {timeout:g} seconds") from error
    try:
        answer = json.loads(result.stdout or "{}")
    except json.JSONDecodeError:
        answer = None
    if result.returncode or answer is None:
        problem = (result.stderr or result.stdout).strip() or "no output"
        raise GwangyeError(f"`dvc {' '.join(arguments)}` failed: {problem}")
    return answer
