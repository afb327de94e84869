"""The ledger's rows: what Git and DVC know, joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gwangye.experiments.ledger.changes import parameter_changes
from gwangye.experiments.ledger.history import (
    RESULTS,
    WORKSPACE,
    Commit,
    History,
    read_experiments,
    read_history,
    read_runs,
    read_tables,
)
from gwangye.experiments.ledger.scores import (
    Score,
    Scored,
    check_model,
    read_intervals,
    scores_of,
)
from gwangye.experiments.repository import CODE, LOCK, METRICS, PARAMS, SCORES

_NO_NOTE = "dvc: commit experiment "


@dataclass(frozen=True)
class Row:
    """One experiment.

    Args:
        names: Branches at this commit, or the DVC experiment's name, or "workspace".
        revision: Short hash; "" for the workspace.
        parent: Short hash of what it is compared with; "" for the first.
        changes: Changed parameters, such as "loss.gamma: 1.0 → 2.0"; None where they are unknown.
        code_changed: Whether files under ``CODE`` differ from the parent; None where unknown.
        state: "queued", "running", "failed", or "" for what is finished.
        model: The model whose scores these are; "" without scores.
        scores: Scores by (part, metric).
        author: Who committed it.
        when: When it was committed; None for the workspace.
        note: Subject of the commit, which is the ``-m`` of ``dvc exp run``.
        reason: Why there are no scores, or no changes; "" where there are, or the state says it.
    """

    names: tuple[str, ...]
    revision: str
    parent: str
    changes: tuple[str, ...] | None
    code_changed: bool | None
    state: str = ""
    model: str = ""
    scores: Mapping[tuple[str, str], Score] = field(default_factory=dict)
    author: str = ""
    when: datetime | None = None
    note: str = ""
    reason: str = ""

    @property
    def date(self) -> str:
        """Return the day and minute, in the committer's time zone."""
        return self.when.strftime("%Y-%m-%d %H:%M") if self.when else ""

    @property
    def remark(self) -> str:
        """Return note and reason in one."""
        reason = f"({self.reason})" if self.reason else ""
        return f"{self.note} {reason}".strip()


def collect(folder: Path, revisions: Sequence[str] = (), *, model: str = "ensemble") -> list[Row]:
    """Return a project's ledger, newest first.

    Args:
        folder: The project: where dvc.yaml is.
        revisions: Branches, commits or ranges; empty: all local branches and HEAD.
        model: Whose scores: "ensemble", a variant, or "best".

    Raises:
        DataError: There is no project, no Git repository or no commit.
        ParameterError: A revision, or the model in every revision, does not exist.
        GwangyeError: Git or DVC failed.
    """
    history = read_history(folder, revisions)
    wanted = history.to_read()
    if not wanted:
        return []
    shown = read_experiments(folder, wanted, workspace=history.workspace is not None)
    runs = read_runs(folder, shown)
    here = [history.workspace] if history.workspace else []
    commits = [*(history.commits[sha] for sha in wanted), *runs.values(), *here]
    return build(history, shown, runs, read_tables(folder, commits), model=model)


def build(
    history: History,
    shown: Iterable[Any],
    experiments: Mapping[str, Commit],
    tables: Mapping[str, str],
    *,
    model: str,
) -> list[Row]:
    """Join what Git and DVC know into rows.

    A commit is compared with the row before it along first parents, so that code which was changed
    in between counts; an experiment with the commit it started from; the workspace with HEAD.

    Args:
        history: From :func:`read_history`.
        shown: From :func:`read_experiments`.
        experiments: The experiments' commits by hash, from :func:`read_commits`.
        tables: From :func:`read_tables`.
        model: Whose scores: "ensemble", a variant, or "best".

    Returns:
        The workspace, then the others, newest first.

    Raises:
        ParameterError: No revision has scores of the model, and some have scores of others.
    """
    states = {state["rev"]: state for state in shown}
    check_model(model, list(states.values()))
    intervals = {id_: read_intervals(text) for id_, text in tables.items()}

    def scored(state: Any, commit: Commit | None) -> Scored:
        return scores_of(state, model, intervals.get(commit.files[SCORES], {}) if commit else {})

    commits = history.commits
    rows = _commit_rows(history, states, scored)
    listed = []
    for sha in [sha for sha in commits if sha in states and sha in history.selected]:
        for experiment in states[sha]["experiments"] or []:
            tip = experiment["revs"][0]
            name = experiment["name"] or tip["name"] or tip["rev"][:7]
            if tip["rev"] in rows:  # `dvc exp branch` has made it a branch
                rows[tip["rev"]] = _named(rows[tip["rev"]], (name,))
                continue
            run = experiments.get(tip["rev"])
            row = _row(run, tip, commits[sha], states[sha], scored)
            listed.append(_experiment_row(row, name, experiment["executor"]))
    listed += [rows[sha] for sha in commits if sha in rows and sha in history.selected]
    # a run under way has no commit yet
    listed.sort(key=lambda row: -row.when.timestamp() if row.when else float("-inf"))
    if history.workspace:
        head = commits[history.head]
        row = _row(history.workspace, states[WORKSPACE], head, states[head.sha], scored)
        if row.changes != () or row.code_changed or _differ(history.workspace, head, *RESULTS):
            listed.insert(0, replace(row, names=(WORKSPACE,), revision=""))
    return listed


def _commit_rows(
    history: History, states: Mapping[str, Any], scored: Callable[[Any, Commit | None], Scored]
) -> dict[str, Row]:
    changed = history.changed()
    rows: dict[str, Row] = {}
    before: dict[str, str] = {}  # of each commit, the row at or before it along first parents
    for sha, commit in reversed(list(history.commits.items())):
        parent = before.get(commit.parent, "")
        before[sha] = parent
        names = history.names.get(sha, ())
        if sha not in states or (sha not in changed and not names):
            continue
        base = history.commits.get(parent)
        if base is None and sha not in changed:
            continue  # neither parameters nor scores yet
        row = _named(_row(commit, states[sha], base, states.get(parent), scored), names)
        # a file may differ in comments only
        differs = base is None or row.changes != () or _differ(commit, base, *RESULTS)
        if differs and sha in changed:
            before[sha] = sha
        if differs or (names and row.code_changed):
            rows[sha] = row
        elif names:
            rows[parent] = _named(rows[parent], names)
    return rows


def _named(row: Row, names: Iterable[str]) -> Row:
    return replace(row, names=tuple(dict.fromkeys((*row.names, *names))))


def _row(
    commit: Commit | None,
    state: Any,
    base: Commit | None,
    base_state: Any,
    scored: Callable[[Any, Commit | None], Scored],
) -> Row:
    """Return a row without its names; without a commit (a run under way) it has no details."""
    new, old = _parameters(state), _parameters(base_state) if base else None
    changes: tuple[str, ...] | None = ()
    if base:
        changes = None if new is None or old is None else parameter_changes(old, new)
    code = _differ(commit, base, *map(Path, CODE)) if commit and base else None
    scores, name, reason = scored(state, commit)
    ran = commit and base and _differ(commit, base, *RESULTS, LOCK)
    if scores and commit and base and not ran and (changes or code):
        scores, name, reason = {}, "", f"not run: {METRICS} is its parent's"
    if changes is None and not reason:
        reason = f"{PARAMS} cannot be read here or in its parent"
    return Row(
        names=(),
        revision=commit.sha[:7] if commit else "",
        parent=base.sha[:7] if base else "",
        changes=changes,
        code_changed=code,
        model=name,
        scores=scores,
        author=commit.author if commit else "",
        when=commit.when if commit else None,
        # what DVC writes without -m says nothing
        note=commit.subject if commit and not commit.subject.startswith(_NO_NOTE) else "",
        reason=reason,
    )


def _experiment_row(row: Row, name: str, executor: Any) -> Row:
    state = (executor or {}).get("state") or ""
    if state in ("", "success"):
        return _named(row, (name,))
    reason = f"failed: `dvc queue logs {name}` says why" if state == "failed" else ""
    # before it has run, the files are those of the commit it starts from; the subject is a stash's
    return replace(row, names=(name,), state=state, scores={}, model="", note="", reason=reason)


def _differ(commit: Commit, base: Commit, *paths: Path) -> bool:
    return any(commit.files[path] != base.files[path] for path in paths)


def _parameters(state: Any) -> Any:
    """Return a revision's parameters, or None if they cannot be read."""
    if not state or not state["data"]:
        return None
    entry = state["data"]["params"].get(str(PARAMS), {"data": {}})
    return entry.get("data")
