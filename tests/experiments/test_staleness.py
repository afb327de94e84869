"""What ``dvc status`` says, and the warning that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.experiments import staleness
from gwangye.experiments.staleness import data_of_run, stale_stages, stale_warning

STATUS = {
    # what was not pulled is "deleted" or "not in cache": the stage is as it was
    "split": [{"changed outs": {"data/split": "not in cache"}}],
    "train@bilstm": [
        {"changed deps": {"models/x": "deleted", "params.yaml": {"loss": "modified"}}},
        {"changed outs": {"models/bilstm": "not in cache"}},
    ],
    "evaluate": [{"changed deps": {"gwangye/evaluation": "modified", "data/split": "deleted"}}],
    "target": ["changed command"],
    "new": [{"changed deps": {"gwangye/new.py": "new"}}],
    "always": ["always changed"],
}  # fmt: skip


def test_stages_are_stale_where_something_changed_not_where_something_is_elsewhere() -> None:
    assert stale_stages(STATUS) == {
        "train@bilstm": ["params.yaml: loss"],
        "evaluate": ["gwangye/evaluation is modified"],
        "target": ["its command"],
        "new": ["gwangye/new.py is new"],
    }


def test_file_of_another_run_is_told_once_of_the_stage_that_writes_it() -> None:
    """As after `git checkout` without `dvc checkout`."""
    status = {
        "predict@a": [{"changed outs": {"data/predictions/a.parquet": "modified"}}],
        "ensemble": [{"changed deps": {"data/predictions": "modified"}}],
        "evaluate": [{"changed deps": {"data/predictions/a.parquet": "modified"}}],
    }
    assert stale_stages(status) == {
        "predict@a": ["data/predictions/a.parquet is not that of dvc.lock"]
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, ""),
        (
            {
                "split": ["changed command"],
                "train@a": [{"changed deps": {"params.yaml": {"loss": "modified"}}}],
                "train@b": [{"changed deps": {"params.yaml": {"loss": "modified"}}}],
            },
            "WARNING: these scores are of an earlier run. Changed since: its command (split); "
            "params.yaml: loss (train). Run `dvc repro`.",
        ),
        (
            {"split": [{"changed deps": dict.fromkeys("abcde", "modified")}]},
            "WARNING: these scores are of an earlier run. Changed since: a is modified (split); "
            "b is modified (split); c is modified (split); and 2 more (`dvc status`). Run "
            "`dvc repro`.",
        ),
    ],
)
def test_warning_names_what_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, status: dict, expected: str
) -> None:
    monkeypatch.setattr(staleness, "dvc", lambda *_, **__: status)
    assert stale_warning(project, "scores", "evaluate") == expected


def test_warning_where_dvc_does_not_answer(project: Path) -> None:
    assert stale_warning(project, "scores", "evaluate").startswith(
        "WARNING: these scores may be older than the project, it is not known: `dvc status "
        "--with-deps evaluate` failed: ERROR: you are not inside of a DVC repository"
    )


def test_no_warning_outside_of_a_project(tmp_path: Path) -> None:
    assert stale_warning(tmp_path, "scores", "evaluate") == ""


LOCK = """\
schema: '2.0'
stages:
  split:
    params:
      params.yaml:
        data:
          test: b.json
          train: a.json
"""


@pytest.mark.parametrize(
    ("lock", "expected"),
    [(LOCK, ["a.json", "b.json"]), ("<<<<<<< HEAD\n", []), ("stages: {}\n", []), (None, [])],
    ids=["run", "conflict", "no split", "none"],
)
def test_data_files_are_those_of_the_run(
    project: Path, lock: str | None, expected: list[str]
) -> None:
    if lock is not None:
        (project / "dvc.lock").write_text(lock, encoding="utf-8")
    assert data_of_run(project) == expected
