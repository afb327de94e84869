"""Outputs of other revisions, by real DVC and Git."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gwangye.errors import DataError
from gwangye.experiments.revisions import fetch_output
from tests.pipeline.conftest import Project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """On `main` a file "old" and a folder with one file; the workspace's file is "new"."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.start_git()
    project.run("dvc", "init", "--quiet")
    (project.folder / "tables").mkdir()
    (project.folder / "tables/a.csv").write_text("a\n", encoding="utf-8")
    (project.folder / "x.csv").write_text("old\n", encoding="utf-8")
    project.run("dvc", "add", "--quiet", "x.csv", "tables")
    project.commit("start")
    (project.folder / "x.csv").write_text("new\n", encoding="utf-8")
    return project


def test_file_and_folder_are_those_of_the_revision(project: Project, tmp_path: Path) -> None:
    file = fetch_output(Path("x.csv"), "main", tmp_path, root=project.folder)
    folder = fetch_output(Path("tables"), "main", tmp_path, root=project.folder)
    assert file.read_text(encoding="utf-8") == "old\n"
    assert (folder / "a.csv").read_text(encoding="utf-8") == "a\n"


@pytest.mark.parametrize(
    ("path", "revision", "message"),
    [
        ("x.csv", "nope", "Revision 'nope' cannot be read: unknown Git revision 'nope'"),
        ("y.csv", "main", "Revision 'main' has no y.csv. Check the names."),
    ],
)
def test_names_that_do_not_exist(
    project: Project, tmp_path: Path, path: str, revision: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        fetch_output(Path(path), revision, tmp_path, root=project.folder)


def test_run_of_another_machine_is_told_with_the_way_out(project: Project, tmp_path: Path) -> None:
    """As in a clone: Git has dvc's files, and nothing has their content."""
    clone = project.copy(tmp_path / "clone")
    shutil.rmtree(clone.folder / ".dvc/cache")
    with pytest.raises(
        DataError, match="x.csv of revision 'main' is neither in DVC's cache nor in a remote: .* "
        'first run of your own .`dvc repro`, `git commit -m "first run" dvc.lock metrics`.',
    ):  # fmt: skip
        fetch_output(Path("x.csv"), "main", tmp_path, root=clone.folder)
