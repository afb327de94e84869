"""Whether the files here are those of the project as it stands, by ``dvc status``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gwangye.errors import GwangyeError
from gwangye.experiments.repository import LOCK, PARAMS, PIPELINE, dvc

PATIENCE = 20.0
"""Seconds that ``dvc status`` may take: it hashes large files that are new."""

_MOST = 3  # changes that are named
_REWRITTEN = ("changed outs", "modified")


def stale_stages(status: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Return the stages whose code, parameters, data, command or outputs are not those of dvc.lock.

    What is only not here (a model that was not pulled) is as it was, so it is left out.

    Args:
        status: What ``dvc status --json`` gives.

    Returns:
        What has changed, by stage: paths, ``params.yaml: <section>``, ``its command``.
    """
    changes = [
        (stage, kind, path, state)
        for stage, entries in status.items()
        for entry in entries
        if isinstance(entry, Mapping)  # else one of DVC's phrases
        for kind, states in entry.items()
        for path, state in states.items()
    ]
    written = [Path(path) for _, kind, path, state in changes if (kind, state) == _REWRITTEN]
    stale = {stage: ["its command"] for stage, of in status.items() if "changed command" in of}
    for stage, kind, path, state in changes:
        reasons = []
        if isinstance(state, Mapping):
            reasons = [f"{path}: {name}" for name in state]
        elif (kind, state) == _REWRITTEN:
            reasons = [f"{path} is not that of {LOCK}"]
        elif kind == "changed deps" and state != "deleted":
            # what another stage has written is told of that stage
            told = any(out.is_relative_to(path) for out in written)
            reasons = [] if told else [f"{path} is {state}"]
        if reasons:
            stale.setdefault(stage, []).extend(reasons)
    return stale


def stale_warning(folder: Path, what: str, stage: str) -> str:
    """Say in one line that files are older than the project, and what has changed since.

    Args:
        folder: The project.
        what: What is shown, such as "scores".
        stage: The stage that writes it; those that it depends on count too.

    Returns:
        "" where they are of the project as it stands, and outside of a project.
    """
    if not (folder / PIPELINE).is_file():
        return ""
    try:
        stale = stale_stages(dvc(folder, "status", "--with-deps", stage, timeout=PATIENCE))
    except GwangyeError as error:
        reason = " ".join(str(error).split())
        return f"WARNING: these {what} may be older than the project, it is not known: {reason}"
    if not stale:
        return ""
    stages: dict[str, dict[str, None]] = {}  # by reason; the inner dict is an ordered set
    for stage, reasons in stale.items():
        for reason in reasons:
            stages.setdefault(reason, {})[stage.split("@")[0]] = None
    changed = [f"{reason} ({', '.join(of)})" for reason, of in stages.items()]
    if len(changed) > _MOST:  # what follows from a change comes after it
        changed[_MOST:] = [f"and {len(changed) - _MOST} more (`dvc status`)"]
    earlier = f"WARNING: these {what} are of an earlier run."
    return f"{earlier} Changed since: {'; '.join(changed)}. Run `dvc repro`."


def data_of_run(folder: Path) -> list[str]:
    """Return the data files of the last run of stage split, as dvc.lock has them.

    Args:
        folder: The project.

    Returns:
        ``data.train`` and ``data.test``; nothing where dvc.lock does not have them.
    """
    try:
        found: Any = yaml.safe_load((folder / LOCK).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):  # no run yet, or a merge's conflict
        return []
    for key in ("stages", "split", "params", PARAMS.name, "data"):
        found = found.get(key) if isinstance(found, Mapping) else None
    data = found if isinstance(found, Mapping) else {}
    return [data[name] for name in ("train", "test") if isinstance(data.get(name), str)]
