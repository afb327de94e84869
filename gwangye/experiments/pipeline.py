"""The pipeline's own files: keeping dvc.yaml in step with the variants, merging dvc.lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from gwangye.errors import DataError
from gwangye.experiments.repository import git

PREDICTIONS = "data/predictions/{}.parquet"
TRAINING = "metrics/train/{}"
ROBUSTNESS = "metrics/robustness/{}"
LISTINGS = {
    "ensemble": (PREDICTIONS,),
    "evaluate": (PREDICTIONS,),
    "report": (PREDICTIONS, TRAINING, ROBUSTNESS),
}
"""What a stage depends on with one line per variant."""
# A run of lines that name the same learning curve of several variants.
_CURVES = re.compile(
    r"^(?P<indent> *)metrics/train/[a-z0-9_]+/(?P<curve>\S+: \S+)\n"
    r"(?:(?P=indent)metrics/train/[a-z0-9_]+/(?P=curve)\n)*",
    re.M,
)
_STAGE = re.compile(rf"^  ({'|'.join(LISTINGS)}):\n(?:(?:    .*)?\n)+", re.M)
GENERATED = re.compile(r"(dvc\.lock|metrics/.*)")


def sync_dependencies(text: str, variants: Sequence[str]) -> str:
    """Return dvc.yaml's text with what it lists by variant in step with the variants.

    These are the dependencies in :data:`LISTINGS`, and the learning curves under ``plots``.

    Args:
        text: The text of dvc.yaml; everything but these lists is kept as it is.
        variants: The variants' names, in order.

    Raises:
        DataError: One of the stages, or one of its lists, is missing.
    """

    def relist(stage: re.Match[str]) -> str:
        deps, outs, rest = stage[0].partition("    outs:\n")
        for path in LISTINGS[stage[1]]:
            deps = _relist(deps, path, variants, stage[1])
        return deps + outs + rest

    synced = _STAGE.sub(relist, text)
    missing = sorted(set(LISTINGS) - {stage[1] for stage in _STAGE.finditer(text)})
    if missing:
        raise DataError(
            f"dvc.yaml: below `stages:` there is no stage '{missing[0]}'. Indent stages by two "
            "spaces."
        )

    def curves(run: re.Match[str]) -> str:
        lines = (f"{run['indent']}metrics/train/{name}/{run['curve']}\n" for name in variants)
        return "".join(lines)

    return _CURVES.sub(curves, synced)


def _relist(deps: str, path: str, variants: Sequence[str], stage: str) -> str:
    """Return a stage's text with one line per variant where it had a run of such lines."""
    # the ensemble's own line is no variant's
    name = re.escape(path).replace(re.escape("{}"), "(?!ensemble\\b)[a-z0-9_]+")
    listing = re.compile(rf"(?:^(?P<indent> *)- {name}\n)+", re.M)

    def lines(run: re.Match[str]) -> str:
        return "".join(f"{run['indent']}- {path.format(variant)}\n" for variant in variants)

    synced, found = listing.subn(lines, deps, count=1)
    if not found:
        raise DataError(
            f"dvc.yaml: stage '{stage}' lists no {path.format('<variant>')}. Add the line "
            f"`- {path.format(variants[0])}` to its deps and run `gwangye sync` again."
        )
    return synced


def merge_branch(branch: str, repository: Path, *, run: Callable[..., int]) -> bool:
    """Merge a Git branch; settle generated files by running the pipeline.

    Args:
        branch: The branch to merge into the current one.
        repository: The repository's root, with a clean working tree.
        run: Runs a command and returns its exit code.

    Returns:
        Whether there was anything to merge.

    Raises:
        DataError: The working tree is not clean, or a file that people write is in conflict (the
            merge is left open for them), or the pipeline fails.
    """
    if git(repository, "status", "--porcelain", "--untracked-files=no"):
        raise DataError("The working tree has changes. Commit or stash them, then merge.")
    if run("git", "merge-base", "--is-ancestor", branch, "HEAD") == 0:
        return False
    if run("git", "merge", "--no-ff", "--no-commit", branch) != 0:
        conflicts = git(repository, "diff", "--name-only", "--diff-filter=U").splitlines()
        by_hand = [path for path in conflicts if not GENERATED.fullmatch(path)]
        if by_hand:
            raise DataError(
                f"Merge conflicts in {', '.join(by_hand)}: edit them and `git add` them; then "
                "`git checkout --ours dvc.lock metrics`, `dvc repro`, `git add -A` and commit."
            )
        if not conflicts:
            raise DataError(f"`git merge {branch}` failed; see above.")
        # either side will do: DVC takes what is missing from its run cache
        run("git", "checkout", "--ours", "--", *conflicts)
        run("git", "add", "--", *conflicts)
    # outputs that are in no cache are missing after the checkout; repro makes them
    run("dvc", "checkout", "--force")
    if run("dvc", "repro") != 0:
        raise DataError("`dvc repro` failed; mend what it names, repeat it, then commit.")
    run("git", "add", "--update")
    run("git", "commit", "--no-edit")
    return True
