"""What Git and DVC hold of a repository's experiments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gwangye.errors import ParameterError, did_you_mean
from gwangye.experiments.repository import (
    CODE,
    LOCK,
    METRICS,
    PARAMS,
    SCORES,
    check_repository,
    dvc,
    git,
)

RESULTS = (METRICS, SCORES)
PATHS = (PARAMS, *RESULTS, LOCK, *map(Path, CODE))
WORKSPACE = "workspace"
"""In an object id's stead: the file is changed."""

_FIELDS = "%H%x1f%P%x1f%aN%x1f%cI%x1f%s"


@dataclass(frozen=True)
class Commit:
    """A commit, with the object ids of the files that matter ("" for a missing one)."""

    sha: str
    parent: str
    author: str
    when: datetime | None
    subject: str
    files: Mapping[Path, str]


@dataclass(frozen=True)
class History:
    """What Git knows.

    Args:
        commits: All commits by hash, children before their parents.
        names: Names of the branches' tips by hash; a detached HEAD is called "HEAD (detached)".
        selected: Hashes of the commits that are asked for.
        head: Hash of HEAD.
        workspace: The workspace as a child of HEAD, where it differs from it in ``PATHS``.
        baselines: Hashes of the commits that DVC experiments start from.
    """

    commits: Mapping[str, Commit]
    names: Mapping[str, tuple[str, ...]]
    selected: Collection[str]
    head: str
    workspace: Commit | None
    baselines: Collection[str]

    def changed(self) -> set[str]:
        """Return the hashes of commits that change the files of parameters or scores."""
        found = set()
        for sha, commit in self.commits.items():
            before = self.commits[commit.parent].files if commit.parent in self.commits else {}
            if any(commit.files[path] != before.get(path, "") for path in (PARAMS, *RESULTS)):
                found.add(sha)
        return found

    def to_read(self) -> list[str]:
        """Return the hashes of the commits whose parameters and scores the rows take."""
        wanted = self.changed() | {
            sha for sha in {*self.names, *self.baselines} if sha in self.selected
        }
        if self.workspace:
            wanted.add(self.head)
        return [sha for sha in self.commits if sha in wanted]


def read_history(folder: Path, revisions: Sequence[str] = ()) -> History:
    """Read from Git what the ledger needs.

    Args:
        folder: The project: where dvc.yaml is.
        revisions: Branches, commits or ranges as Git takes them (``main..mine``); empty: all local
            branches and HEAD.

    Raises:
        DataError: The folder is not a project, is not in a Git repository, or has no commit.
        ParameterError: A revision does not exist.
    """
    check_repository(folder)
    head = git(folder, "rev-parse", "HEAD", "--", fault="no commit yet. Commit first.").split()[0]
    names: dict[str, tuple[str, ...]] = {}
    tips = git(folder, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads")
    for line in _lines(tips):
        sha, name = line.split(" ", 1)
        names[sha] = (*names.get(sha, ()), name)
    starts = _starts(folder, revisions, [name for at_tip in names.values() for name in at_tip])
    if git(folder, "rev-parse", "--abbrev-ref", "HEAD").strip() == "HEAD":
        names[head] = (*names.get(head, ()), "HEAD (detached)")
    commits = read_commits(folder, ["--date-order", "--branches", "HEAD", *starts])
    selected = _lines(git(folder, "rev-list", *revisions, "--")) if revisions else commits
    return History(
        commits=commits,
        names=names,
        selected=frozenset(selected),
        head=head,
        workspace=_workspace(folder, commits[head]) if head in selected else None,
        baselines=_baselines(folder),
    )


def read_commits(folder: Path, selection: Sequence[str]) -> dict[str, Commit]:
    """Read commits and the object ids of their ``PATHS``.

    Args:
        folder: The project.
        selection: What ``git log`` is given.

    Returns:
        Commits by hash, in Git's order.
    """
    options = ["--no-show-signature", "--encoding=UTF-8", f"--format={_FIELDS}"]
    entries = [
        line.split("\x1f", 4) for line in _lines(git(folder, "log", *options, *selection, "--"))
    ]
    # one process for all: a repository has thousands of commits
    asked = "".join(f"{sha}:./{path}\n" for sha, *_ in entries for path in PATHS)
    ids = iter(_lines(git(folder, "cat-file", "--batch-check=%(objectname)", stdin=asked)))
    commits = {}
    for sha, parents, author, when, subject in entries:
        found = {path: next(ids) for path in PATHS}
        commits[sha] = Commit(
            sha=sha,
            parent=parents.split(" ")[0],
            author=printable(author),
            when=datetime.fromisoformat(when),
            subject=printable(subject),
            files={path: "" if " " in value else value for path, value in found.items()},
        )
    return commits


def read_experiments(folder: Path, revisions: Sequence[str], *, workspace: bool) -> list[Any]:
    """Read parameters, scores and experiments by ``dvc exp show --json``.

    DVC keeps what it has read of a commit, so that only the first call takes long.

    Args:
        folder: The project.
        revisions: Hashes of the commits to read, with the experiments that start from them.
        workspace: Whether to read the workspace too.

    Returns:
        DVC's list of states.

    Raises:
        GwangyeError: DVC failed.
    """
    asked = [option for revision in revisions for option in ("--rev", revision)]
    hidden = [] if workspace else ["--hide-workspace"]
    states: list[Any] = dvc(folder, "exp", "show", "--sha", *hidden, *asked)
    return states


def read_runs(folder: Path, shown: Iterable[Any]) -> dict[str, Commit]:
    """Read the commits of the experiments that DVC shows.

    Args:
        folder: The project.
        shown: From :func:`read_experiments`.

    Returns:
        Commits by hash, without those of a run in another folder, which are not here yet.
    """
    runs = [run["revs"][0]["rev"] for state in shown for run in state["experiments"] or []]
    asked = "".join(f"{run}\n" for run in runs)
    kinds = _lines(git(folder, "cat-file", "--batch-check=%(objecttype)", stdin=asked))
    here = [run for run, kind in zip(runs, kinds, strict=True) if kind == "commit"]
    return read_commits(folder, ["--no-walk=unsorted", *here]) if here else {}


def read_tables(folder: Path, commits: Iterable[Commit]) -> dict[str, str]:
    """Read the tables of scores of commits, and of the workspace.

    Args:
        folder: The project.
        commits: What it is asked of.

    Returns:
        Texts by object id, as :class:`Commit` has them.
    """
    ids = {commit.files[SCORES] for commit in commits} - {""}
    asked = "".join(f"{id_}\n" for id_ in ids - {WORKSPACE})
    # one process for all; a table has no line like a header's: id, blob, size
    answer = git(folder, "cat-file", "--batch", stdin=asked)
    parts = re.split(r"^([0-9a-f]{40,64}) blob \d+\n", answer, flags=re.M)
    texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    file = folder / SCORES
    if WORKSPACE in ids and file.is_file():
        texts[WORKSPACE] = file.read_text(encoding="utf-8", errors="replace")
    return texts


def _starts(folder: Path, revisions: Sequence[str], branches: Collection[str]) -> list[str]:
    """Return the hashes that the revisions start from, without what a range leaves out."""
    starts = []
    for revision in revisions:
        # a leading dash would be an option; no output is no revision
        dash = revision.startswith("-")
        found = "" if dash else git(folder, "rev-parse", "--revs-only", revision)
        if not found:
            raise ParameterError(
                f"--rev {revision}: no such branch, commit or range. "
                f"{did_you_mean(revision, branches)}"
            )
        starts += [sha for sha in _lines(found) if not sha.startswith("^")]
    return starts


def _workspace(folder: Path, head: Commit) -> Commit | None:
    paths = [str(path) for path in PATHS]
    tracked = git(folder, "diff", "--name-only", "--relative", "HEAD", "--", *paths)
    new = git(folder, "ls-files", "--others", "--exclude-standard", "--", *paths)
    names = [Path(name) for name in _lines(tracked + new)]
    dirty = {path for path in PATHS for name in names if name.is_relative_to(path)}
    if not dirty:
        return None
    files = {path: WORKSPACE if path in dirty else old for path, old in head.files.items()}
    return Commit(WORKSPACE, head.sha, "", None, "", files)


def _baselines(folder: Path) -> set[str]:
    """Return the commits that experiments start from: refs/exps/<2 digits>/<38 digits>/<name>.

    Queued and failed experiments are stashes, whose first parent is the commit. DVC lists
    experiments of given commits only; asking it for all commits takes a quarter of a second each.
    """
    found = set()
    for ref in _lines(git(folder, "for-each-ref", "--format=%(refname)", "refs/exps")):
        if match := re.fullmatch(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/.+", ref):
            found.add("".join(match.groups()))
        elif ref.endswith(("stash", "failed")):
            stashes = git(folder, "log", "--walk-reflogs", "--format=%P", ref, "--")
            found.update(parents.split(" ")[0] for parents in _lines(stashes))
    return found


def _lines(output: str) -> list[str]:
    # str.splitlines would also break a commit's subject at U+2028
    return output.split("\n")[:-1]


def printable(text: str) -> str:
    """Return a text without control characters: a commit's subject may hold a terminal's codes.

    Args:
        text: Any text.
    """
    return "".join(character if character.isprintable() else " " for character in text)
