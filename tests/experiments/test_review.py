"""Reviews as Markdown, from what DVC says; with real DVC: tests/pipeline/test_review.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gwangye.errors import DataError, GwangyeError
from gwangye.experiments.repository import git
from gwangye.experiments.review import Review, read_review

REVIEW = Review(
    base="main",
    revision="1a2b3c4",
    parameters={
        "loss.gamma": {"old": 1.0, "new": 2.0},
        "data.labels": {"old": None, "new": "a|b.json"},
        "split.folds": {"old": [0], "new": [0, 1]},
    },
    metrics={
        "bilstm.validation.micro_f1": {"old": 49.62, "new": 49.62},
        "bilstm.test.micro_f1": {"old": 33.0, "new": None},
        "bilstm.validation.auprc": {"old": 36.9, "new": 36.94},
        "ensemble.validation.micro_f1": {"old": 48.71, "new": 53.68},
        "ensemble.validation.auprc": {"old": 47.6, "new": 45.5},
        "ensemble.test.micro_f1": {"old": 33.24, "new": 33.16},
        "gone.validation.micro_f1": {"old": 20.0},
        "fresh.validation.micro_f1": {"new": 30.0},
    },
    stale={},
)


def cells(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without the rule."""
    below = text[text.index(f"### {heading}") :].splitlines()[2:]
    table = below[: below.index("")] if "" in below else below
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
    return rows[:1] + rows[2:]


def test_review_says_what_differs() -> None:
    text = REVIEW.to_markdown()

    assert text.startswith("## This experiment against 1a2b3c4, its merge base with `main`\n")
    assert cells(text, "Parameters") == [
        ["parameter", "1a2b3c4", "here"],
        ["data.labels", "–", "a\\|b.json"],  # the stroke does not end the cell
        ["loss.gamma", "1.0", "2.0"],
        ["split.folds", r"\[0\]", r"\[0, 1\]"],
    ]
    assert "WARNING" not in text
    assert "`dvc plots diff 1a2b3c4` draws them." in text


def test_review_shows_scores_of_both() -> None:
    assert cells(REVIEW.to_markdown(), "Scores") == [
        # no column for re-weighted: neither revision has it
        ["model", "validation micro-F1", "validation AUPRC", "test micro-F1", "test AUPRC"],
        ["ensemble", "48.7 → 53.7 (+5.0)", "47.6 → 45.5 (-2.1)", "33.2", ""],
        ["bilstm", "49.6", "36.9", "33.0 → –", ""],
        ["fresh", "– → 30.0", "", "", ""],
        ["gone", "20.0 → –", "", "", ""],
    ]


def test_models_with_other_scores_in_both_are_compared() -> None:
    # fresh and gone are in one of the two only
    assert REVIEW.changed_models() == ["ensemble", "bilstm"]


def test_review_without_differences_or_scores() -> None:
    text = Review("main", "1a2b3c4", {}, {}, {}).to_markdown()

    assert "### Parameters\n\nNone differs." in text
    assert "There are none, neither here nor there. Run `dvc repro`." in text
    assert "More than chance?" not in text


def test_review_tells_comparisons_and_why_there_are_none() -> None:
    text = Review(
        "main", "1a2b3c4", {}, {}, {},
        comparisons={"ensemble": ["One.", "Two."]},
        not_compared={"bilstm": "Not in the cache.", "bigru": "Not in the cache."},
        plots="[index.html](https://example.org)",
    ).to_markdown()  # fmt: skip

    assert "**ensemble**\n\n- One.\n- Two.\n" in text
    assert "Not compared: bilstm, bigru. That takes" in text
    assert text.count("Not in the cache.") == 1
    assert "of both: [index.html](https://example.org)\n" in text


def test_review_lists_stages_that_were_not_run() -> None:
    stale = {"train@bilstm": ["params.yaml: loss"], "evaluate": ["its command", "x is new"]}
    text = Review("main", "1a2b3c4", {}, {}, stale).to_markdown()
    assert "**Not run as it stands**" in text
    assert "- `train@bilstm`: params.yaml: loss\n- `evaluate`: its command, x is new\n" in text


def test_folder_without_pipeline(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no dvc.yaml. Run this in the project's folder"):
        read_review(tmp_path, "main")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Branches main and apart without a common commit, and no DVC."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "config", "user.name", "tester")
    git(tmp_path, "config", "user.email", "tester@example.org")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "start")
    git(tmp_path, "checkout", "--quiet", "--orphan", "apart")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "other start")
    return tmp_path


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("--all", r"no revision '--all'. Give a branch \(origin/main, too\), a tag or a commit"),
        ("nope", "no revision 'nope'. Give a branch"),
        ("main", "HEAD and 'main' have no commit in common here. Name another base"),
    ],
)
def test_base_that_cannot_be_compared_with(repository: Path, base: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_review(repository, base)


def test_folder_without_dvc(repository: Path) -> None:
    with pytest.raises(GwangyeError, match="`dvc status` failed: ERROR: .*not inside of a DVC"):
        read_review(repository, "apart")
