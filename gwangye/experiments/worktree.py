"""A Git worktree in which experiments run one after another, beside the user's workspace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwangye.errors import DataError, GwangyeError
from gwangye.experiments.repository import (
    CODE,
    LOCK,
    METRICS,
    PARAMS,
    PIPELINE,
    SCORES,
    check_project,
    git,
)
from gwangye.params import read_values

TRAIN_SECONDS = "Train-seconds"
"""The Git trailer in an experiment's message: how long its training took, by variant."""


class Repository:
    """The user's Git and DVC repository; only what Git holds of it is read.

    Args:
        root: The project: where dvc.yaml is.

    Raises:
        DataError: There is no project, no Git repository, or no commit.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        check_project(self.root)
        try:
            self.prefix = Path(git(self.root, "rev-parse", "--show-prefix").strip())
            self.head = git(self.root, "rev-parse", "--verify", "HEAD").strip()
        except DataError as error:
            raise DataError(
                f"{error} Experiments start from the last commit: `git init` if there is no "
                "repository, and commit."
            ) from error

    def read(self, path: Path, revision: str = "") -> str:
        """Return the text of a file at a revision; HEAD by default."""
        return git(self.root, "show", f"{revision or self.head}:./{path}")

    def params(self, revision: str = "") -> dict[str, Any]:
        """Return the parameters at a revision, unchecked; HEAD's by default."""
        return read_values(self.read(PARAMS, revision), str(PARAMS))

    def check_ready(self) -> None:
        """Check that the workspace's parameters, pipeline, code and data are those of HEAD.

        Raises:
            DataError: They are not: the experiments would not be of what the user sees. Or Git
                does not know who commits.
        """
        git(self.root, "var", "GIT_COMMITTER_IDENT")
        sources = (str(PARAMS), str(PIPELINE), *CODE)
        new = git(self.root, "ls-files", "--others", "--exclude-standard", "--", *sources)
        old = git(self.root, "diff", "--name-only", "--relative", "HEAD", "--", *sources, "data")
        if changed := sorted({*new.splitlines(), *old.splitlines()}):
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            raise DataError(
                f"Experiments start from the last commit, but {', '.join(changed[:3])}{more} "
                "differ from it. Commit (`git commit -a`) or stash them (`git stash`) first."
            )

    def reference(self, name: str) -> str:
        """Return the Git reference that is HEAD's DVC experiment of a name."""
        return f"refs/exps/{self.head[:2]}/{self.head[2:]}/{name}"

    def experiment(self, name: str) -> str | None:
        """Return the hash of HEAD's DVC experiment of a name, or None."""
        reference = self.reference(name)
        listed = git(self.root, "for-each-ref", "--format=%(objectname)", reference)
        return listed.strip() or None

    def train_seconds(self, revision: str) -> dict[str, float]:
        """Return how long the variants that an experiment has trained itself took."""
        form = f"--format=%(trailers:key={TRAIN_SECONDS},valueonly)"
        pairs = (part.split("=") for part in git(self.root, "log", "-1", form, revision).split())
        return {name: float(seconds) for name, seconds in pairs}

    def dvc_settings(self) -> dict[str, Any]:
        """Return the user's own DVC settings (.dvc/config.local), and where the cache is."""
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with Repo(str(self.root)) as repo:
                settings: dict[str, Any] = repo.config.load_one("local")
                settings["cache"]["dir"] = str(repo.cache.local_cache_dir)
        except DvcException as error:
            reason = str(error).rstrip(".")
            raise GwangyeError(f"{reason}. Mend it; then `dvc status` works.") from error
        return settings


class Worktree:
    """A worktree of the user's repository, made when it is first needed.

    It stays between experiments, outputs included, so that only what an experiment changes is
    written anew.

    Args:
        repository: The user's repository.
        path: Where it is: in a folder that Git and DVC ignore.
    """

    def __init__(self, repository: Repository, path: Path) -> None:
        self.repository, self.path = repository, path
        self.folder = path / repository.prefix
        """The project in it: where dvc.yaml is."""
        self.label = path.with_suffix(".experiment")
        """Holds the name of the experiment whose checkpoints may be here."""

    @property
    def last(self) -> str:
        """The experiment that ran here last, or ""."""
        return self.label.read_text("utf-8") if self.label.is_file() else ""

    def reset(self) -> None:
        """Bring it to HEAD; outputs of stages stay."""
        if not (self.path / ".git").is_file():
            shutil.rmtree(self.path, ignore_errors=True)
            git(self.repository.root, "worktree", "prune")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _quiet_git(self.repository.root, "worktree", "add", "--detach", str(self.path), "HEAD")
        for lock in ("index.lock", "HEAD.lock"):  # of a Git that was killed
            Path(git(self.path, "rev-parse", "--absolute-git-dir").strip(), lock).unlink(
                missing_ok=True
            )
        _quiet_git(self.path, "checkout", "--detach", "--force", self.repository.head)
        _quiet_git(self.path, "clean", "-d", "--force", "--quiet")

    def configure(self) -> None:
        """Take over the user's DVC settings and use their cache."""
        from dvc.config import Config

        settings = self.repository.dvc_settings()
        config = Config(str(self.folder / ".dvc"), validate=False)
        with config.edit("local") as local:
            local.clear()
            local.update(settings)

    def save(self, name: str, message: str) -> str:
        """Keep what is here as HEAD's DVC experiment of a name; return its hash.

        A DVC experiment is a commit on HEAD that a reference names. `dvc exp save` would also
        commit the files of all plots, which are outputs that DVC tracks: on a branch made of the
        experiment, no stage that writes them could run. And it keeps notes in references that
        worktrees share.
        """
        written = [path for path in (LOCK, METRICS, SCORES) if (self.folder / path).is_file()]
        git(self.folder, "add", "--update")
        git(self.folder, "add", "--", *map(str, written))
        _quiet_git(
            self.folder,
            *("-c", "commit.gpgsign=false"),
            *("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message),
        )
        revision = git(self.folder, "rev-parse", "HEAD").strip()
        git(self.folder, "update-ref", self.repository.reference(name), revision)
        return revision

    def bring_data(self, paths: Iterable[str]) -> None:
        """Bring files and folders that the parameters name and Git does not track.

        Args:
            paths: Paths below the project; those that do not exist are left out.
        """
        for path in paths:
            source, target = self.repository.root / path, self.folder / path
            if git(self.folder, "ls-files", "--", path):
                continue
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, copy_function=_link)
            elif source.is_file():
                _link(str(source), str(target))


def named_paths(values: Any, root: Path) -> list[str]:
    """Return the relative paths of existing files and folders among the values of parameters.

    Args:
        values: Parameters, nested as they are.
        root: The project; paths that lead out of it are left aside.
    """
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return [path for value in values for path in named_paths(value, root)]
    if not isinstance(values, str) or not values or Path(values).is_absolute():
        return []
    with suppress(OSError):  # a text that is too long for a name
        inside = os.path.normpath(values)
        if inside != "." and not inside.startswith("..") and (root / inside).exists():
            return [inside]
    return []


def _quiet_git(folder: Path, *arguments: str) -> None:
    # without hooks: that of `dvc install` would check out all outputs
    git(folder, "-c", f"core.hooksPath={os.devnull}", *arguments)


def _link(source: str, target: str) -> None:
    """Make a hard link, or a copy where there can be none."""
    real = Path(source).resolve()
    try:
        os.link(real, target)
    except OSError:
        shutil.copy2(real, target)
