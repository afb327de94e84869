"""Reviews as Markdown, from what DVC says; with real DVC: tests/pipeline/test_review.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.errors import DataError, GwangyeError
from gwangye.experiments.review import Review, read_review, stale_stages

REVIEW = Review(
    base="main",
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


def test_review_says_what_differs() -> None:
    text = REVIEW.to_markdown()

    assert "## This experiment against `main`" in text
    assert "| parameter | main | here |" in text
    assert "| loss.gamma | 1.0 | 2.0 |" in text
    assert "| data.labels | – | a\\|b.json |" in text  # the stroke does not end the cell
    assert "| split.folds | [0] | [0, 1] |" in text
    assert "WARNING" not in text
    assert "`dvc plots diff main` draws them." in text


def test_review_shows_scores_of_both() -> None:
    lines = REVIEW.to_markdown().splitlines()

    start = lines.index("### Scores")
    assert lines[start + 2 : start + 8] == [
        # no row for re-weighted: neither revision has it
        "| model | validation micro-F1 | validation AUPRC | test micro-F1 | test AUPRC |",
        "|---|---:|---:|---:|---:|",
        "| ensemble | 48.7 → 53.7 (+5.0) | 47.6 → 45.5 (-2.1) | 33.2 |  |",
        "| bilstm | 49.6 | 36.9 | 33.0 → – |  |",
        "| fresh | – → 30.0 |  |  |  |",
        "| gone | 20.0 → – |  |  |  |",
    ]


def test_models_with_other_scores_in_both_are_compared() -> None:
    # fresh and gone are in one of the two only
    assert REVIEW.changed_models() == ["ensemble", "bilstm"]


def test_review_without_differences_or_scores() -> None:
    text = Review("main", {}, {}, {}).to_markdown()

    assert "### Parameters\n\nNone differs." in text
    assert "There are none, neither here nor there. Run `dvc repro`." in text
    assert "More than chance?" not in text


def test_review_tells_comparisons_and_why_there_are_none() -> None:
    text = Review(
        "main", {}, {}, {},
        comparisons={"ensemble": ["One.", "Two."]},
        not_compared={"bilstm": "Not in the cache.", "bigru": "Not in the cache."},
        plots="[index.html](https://example.org)",
    ).to_markdown()  # fmt: skip

    assert "**ensemble**\n\n- One.\n- Two.\n" in text
    assert "Not compared: bilstm, bigru. That takes" in text
    assert text.count("Not in the cache.") == 1
    assert "of both: [index.html](https://example.org)\n" in text


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
    stale = stale_stages(STATUS)

    assert stale == {
        "train@bilstm": ["params.yaml: loss"],
        "evaluate": ["gwangye/evaluation is modified"],
        "target": ["its command"],
        "new": ["gwangye/new.py is new"],
    }
    text = Review("main", {}, {}, stale).to_markdown()
    assert "**Not run as it stands**" in text
    assert "- `train@bilstm`: params.yaml: loss\n- `evaluate`:" in text


def test_folder_without_pipeline(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no dvc.yaml. Run this in the project's folder"):
        read_review(tmp_path, "main")


def test_base_that_is_an_option(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    with pytest.raises(DataError, match="--all is no revision. Give a branch"):
        read_review(tmp_path, "--all")


def test_folder_without_dvc(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    with pytest.raises(
        GwangyeError, match="`dvc params diff main` failed: ERROR: Only supported for Git"
    ):
        read_review(tmp_path, "main")
