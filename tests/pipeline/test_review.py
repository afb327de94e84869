"""The review of a pull request: the workflow's own commands, on real DVC and Git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.conftest import ROOT, Project, new_repository, predict

pytestmark = pytest.mark.pipeline

WORKFLOW = ROOT / ".github/workflows/review.yml"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a DVC remote; on branch `mine`, gamma is 2 and bilstm is better.

    `main` has gone on since: with a gamma of 7 and other scores, which are no part of the review.
    """
    folder = tmp_path_factory.mktemp("origin")
    project = new_repository(folder)
    project.run("dvc", "remote", "add", "--default", "store", str(folder.parent / "store"))
    scores = folder / "metrics/metrics.json"
    for branch, right, gamma in (("base", 10, 1), ("mine", 40, 2), ("main", 20, 7)):
        if branch == "mine":
            project.run("git", "checkout", "--quiet", "-b", branch)
        elif branch == "main":
            project.run("git", "checkout", "--quiet", branch)
            project.run("git", "tag", "base")
        project.edit("params.yaml", lambda params, gamma=gamma: params["loss"].update(gamma=gamma))
        predict(project, "bilstm", right)
        scores.write_text(f'{{"bilstm": {{"validation": {{"micro_f1": {right}}}}}}}\n', "utf-8")
        # the lock says that all was run so
        project.run("dvc", "commit", "--force")
        project.commit(branch)
        project.run("dvc", "push")
    return project


def steps(clone: Path, base: str) -> str:
    """Run the workflow's commands between installing and commenting; return the summary."""
    (clone / ".venv").mkdir()
    (clone / ".venv/bin").symlink_to(Path(sys.executable).parent)
    summary = clone.parent / f"{clone.name}-summary.md"
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    ours = [step["run"] for step in jobs["review"]["steps"] if ".venv/bin" in step.get("run", "")]
    assert len(ours) == 2
    environment = {
        **os.environ, "BASE": base, "PLOTS": "", "GITHUB_STEP_SUMMARY": str(summary),
        "DVC_NO_ANALYTICS": "1",
    }  # fmt: skip
    for script in ours:
        # as GitHub runs it
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        result = subprocess.run(
            command, cwd=clone, capture_output=True, text=True, check=False, env=environment
        )
        assert result.returncode == 0, result.stderr
    return summary.read_text(encoding="utf-8")


def base_of(origin: Project) -> str:
    return origin.run("git", "rev-parse", "--short", "base").stdout.strip()


def clone_of(origin: Project, folder: Path) -> Path:
    clone = folder / "clone"
    origin.run("git", "clone", "--quiet", "--branch", "mine", str(origin.folder), str(clone))
    return clone


def row(review: str, name: str) -> list[str]:
    """The other cells of the table's row that starts so."""
    (line,) = [line for line in review.splitlines() if line.startswith(f"| {name} ")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_review_with_a_remote(origin: Project, tmp_path: Path) -> None:
    clone = clone_of(origin, tmp_path)

    review = steps(clone, "origin/main")

    base = base_of(origin)
    assert f"## This experiment against {base}, its merge base with `origin/main`" in review
    assert row(review, "loss.gamma") == ["1", "2"]
    assert row(review, "bilstm") == ["10.0 → 40.0 (+30.0)", ""]
    # before: 5 titles right, 15 missed, 15 false ones: 2·5 / (2·5 + 15 + 15) = 25 %
    assert f"bilstm is 75.0 points of micro-F1 above bilstm@{base}" in review
    assert "Not compared" not in review
    assert "Not run as it stands" not in review
    page = (clone / "dvc_plots/index.html").read_text(encoding="utf-8")
    assert "Confusion matrix (ensemble" in page


def test_review_without_a_remote_says_what_is_missing(origin: Project, tmp_path: Path) -> None:
    clone = clone_of(origin, tmp_path)
    (clone / ".dvc/config").write_text("[core]\n    analytics = false\n", encoding="utf-8")

    review = steps(clone, "origin/main")

    assert row(review, "loss.gamma") == ["1", "2"]
    assert row(review, "bilstm") == ["10.0 → 40.0 (+30.0)", ""]
    assert "Not compared: bilstm. That takes the split and the predictions of both" in review
    assert "`dvc remote add -d`" in review
    assert not (clone / "dvc_plots").exists()


def test_review_of_a_change_that_was_not_run(origin: Project, tmp_path: Path) -> None:
    clone = Project(clone_of(origin, tmp_path))
    clone.edit("params.yaml", lambda params: params["ensemble"].update(name="hard"))

    clone.run("gwangye", "review", "origin/mine", "-o", "review.md")

    review = (clone.folder / "review.md").read_text(encoding="utf-8")
    assert "**Not run as it stands**" in review
    assert "- `ensemble`: params.yaml: ensemble" in review
    assert row(review, "ensemble.name") == ["soft", "hard"]


def test_review_against_nothing(origin: Project) -> None:
    result = origin.run("gwangye", "review", "nope", check=False)

    assert result.returncode == 1
    assert "no revision 'nope'. Give a branch" in result.stderr


def test_review_into_no_folder(origin: Project) -> None:
    result = origin.run("gwangye", "review", "main", "-o", "no/review.md", check=False)

    assert "--output no/review.md: the folder does not exist" in result.stderr
