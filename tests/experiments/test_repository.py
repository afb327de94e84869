"""The project as Git and DVC know it, by the real programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.errors import DataError, GwangyeError
from gwangye.experiments.repository import check_project, check_repository, dvc, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository without a commit."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    return tmp_path


def test_project_is_where_dvc_yaml_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no dvc.yaml. Run this in the project's folder"):
        check_project(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    check_project(tmp_path)
    with pytest.raises(DataError, match="no Git repository. Run `git init` and commit"):
        check_repository(tmp_path)
    git(tmp_path, "init", "--quiet")
    check_repository(tmp_path)


def test_git_answers(repository: Path) -> None:
    assert git(repository, "symbolic-ref", "HEAD") == "refs/heads/main\n"


def test_git_reads_input(repository: Path) -> None:
    # `printf 'a\n' | git hash-object --stdin`
    assert git(repository, "hash-object", "--stdin", stdin="a\n") == (
        "78981922613b2afb6025042ff6bd878ac1994e85\n"
    )


def test_fault_of_git_is_told_in_its_words(repository: Path) -> None:
    message = "`git rev-parse --verify` failed: fatal: Needed a single revision"
    with pytest.raises(DataError, match=message):
        git(repository, "rev-parse", "--verify", "nope")


def test_fault_of_git_is_told_in_ours(repository: Path) -> None:
    with pytest.raises(DataError, match=f"{repository.name}: no commit yet. Commit first."):
        git(repository, "rev-parse", "HEAD", "--", fault="no commit yet. Commit first.")


def test_git_is_missing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GwangyeError, match="git is not installed"):
        git(repository, "status")


def test_dvc_answers_with_json(repository: Path) -> None:
    (repository / ".dvc").mkdir()
    (repository / "params.yaml").write_text("gamma: 2\n", encoding="utf-8")
    (repository / "dvc.yaml").write_text("params: [params.yaml]\n", encoding="utf-8")
    git(repository, "add", "--all")
    author = ("-c", "user.name=tester", "-c", "user.email=tester@example.org")
    git(repository, *author, "commit", "--quiet", "--message", "start")
    (repository / "params.yaml").write_text("gamma: 3\n", encoding="utf-8")

    assert dvc(repository, "params", "diff") == {
        "params.yaml": {"gamma": {"old": 2, "new": 3, "diff": 1}}
    }


def test_fault_of_dvc_is_told(repository: Path) -> None:
    with pytest.raises(GwangyeError, match="`dvc status` failed: ERROR: .*not inside of a DVC"):
        dvc(repository, "status")


def test_dvc_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(GwangyeError, match="`dvc status` took over 0.01 seconds"):
        dvc(tmp_path, "status", timeout=0.01)
