"""Which parameters differ between two revisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gwangye.experiments.ledger.history import printable

_ABSENT = object()


def parameter_changes(old: Any, new: Any) -> tuple[str, ...]:
    """Say which parameters differ, by their dotted names.

    A whole section that comes or goes is one change. A parameter that goes while another one with
    the same value comes, in the same section or with the same last name, is said to be renamed.
    Numbers are compared by value: 1 and 1.0 are the same.

    Args:
        old: The parent's parameters, nested.
        new: The parameters.

    Returns:
        Such as "loss.gamma: 1.0 → 2.0", "augment.aeda.probability: added 0.3".
    """
    changed, removed, added = [], {}, {}
    for name, before, after in _differences("", old, new):
        if before is _ABSENT:
            added[name] = after
        elif after is _ABSENT:
            removed[name] = before
        else:
            changed.append(f"{name}: {_value(before)} → {_value(after)}")
    renamed = _renamed(removed, added)
    changed += [f"{name}: renamed {other}" for name, other in renamed.items()]
    changed += [
        f"{name}: added {_value(value)}"
        for name, value in added.items()
        if name not in renamed.values()
    ]
    changed += [
        f"{name}: removed ({_value(value)})"
        for name, value in removed.items()
        if name not in renamed
    ]
    return tuple(changed)


def _differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            inner = f"{name}.{key}" if name else str(key)
            yield from _differences(inner, old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif (old is _ABSENT or new is _ABSENT) and _only_key(new if old is _ABSENT else old):
        yield from _differences(name, {} if old is _ABSENT else old, {} if new is _ABSENT else new)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield name, old, new


def _only_key(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1


def _renamed(removed: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, str]:
    """Return {old name: new name} where there is one candidate on either side."""
    pairs = [
        (old, new)
        for old, before in removed.items()
        for new, after in added.items()
        # null, true and {} are too common to be a sign
        if before == after
        and before
        and not isinstance(before, bool)
        and (
            old.rpartition(".")[0] == new.rpartition(".")[0]
            or old.split(".")[-1] == new.split(".")[-1]
        )
    ]
    olds, news = ([pair[side] for pair in pairs] for side in (0, 1))
    return {old: new for old, new in pairs if olds.count(old) == 1 and news.count(new) == 1}


def _value(value: Any) -> str:
    """Return a value as params.yaml writes it, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    if isinstance(value, str) and value:
        return printable(value)
    return json.dumps(value, ensure_ascii=False, default=str)
