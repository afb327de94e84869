"""Merging branches, whose generated files (dvc.lock, scores) always conflict."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from gwangye.errors import DataError
from gwangye.experiments.repository import git

GENERATED = re.compile(r"(dvc\.lock|metrics/.*)")


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
