"""From the columns of a file, under whatever names, to the canonical columns of files."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwangye.errors import DataError, ParameterError, did_you_mean
from gwangye.examples import COLUMNS, INTEGERS

FILE_COLUMNS = tuple(f"{name}_idx" if name in INTEGERS else name for name in COLUMNS)
"""The canonical columns of files. Offsets count characters from 0; ``end_idx`` is inclusive."""

REQUIRED = ("sentence", "subject_word", "subject_type", "object_word", "object_type")
"""The columns that no file can do without."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands where a cell could not be taken apart, and says why."""

    reason: str


def resolve_columns(
    path: Path, names: Iterable[str], columns: Mapping[str, str] | None
) -> dict[str, str]:
    """Say where in a row each canonical column stands.

    ``columns`` says so by canonical name; the file's name may be a path into a nested entity:
    ``"subj.text"``. A column without an entry is looked for under its canonical name, then inside
    KLUE's nested ``subject_entity`` and ``object_entity``.

    Returns:
        The file's name (a top-level key) or path by canonical name, for the columns that it has.

    Raises:
        ParameterError: ``columns`` names a canonical column that does not exist.
        DataError: A mapped column (other than the label's) or a required one is not in the file.
    """
    present = set(names)
    found: dict[str, str] = {}
    for canonical, theirs in (columns or {}).items():
        if canonical not in FILE_COLUMNS:
            raise ParameterError(
                f"columns: '{canonical}' is not a canonical column. "
                f"{did_you_mean(canonical, FILE_COLUMNS)}"
            )
        if theirs not in present and theirs.split(".")[0] not in present:
            if canonical == "label":  # one map serves the labelled and the unlabelled file
                continue
            raise DataError(
                f"{path}: column '{theirs}', given for {canonical}, is not in the file. "
                f"{did_you_mean(theirs, present)}"
            )
        found[canonical] = theirs
    for canonical in FILE_COLUMNS:
        default = _default_name(canonical, present)
        if canonical not in found and default is not None:
            found[canonical] = default
    missing = [canonical for canonical in REQUIRED if canonical not in found]
    if missing:
        raise DataError(
            f"{path}: column {', '.join(missing)} is not in the file. Found: "
            f"{', '.join(sorted(present))}. If it stands under another name, say so: "
            f"data.columns: {{{missing[0]}: <your name>}}."
        )
    return found


def _default_name(canonical: str, present: set[str]) -> str | None:
    role, _, field = canonical.partition("_")
    if canonical in present:
        return canonical
    if f"{role}_entity" in present and field:
        return f"{role}_entity.{field}"
    # The competition's CSV calls its guid "id"; elsewhere "id" may mean anything.
    if canonical == "guid" and {"id", "subject_entity", "object_entity"} <= present:
        return "id"
    return None


def take_columns(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Take the canonical columns, by names from :func:`resolve_columns`, out of a file's rows.

    Returns:
        Per canonical column one value per row: as it stands in the file, None where the file
        has none (also for an empty cell or NaN), or :class:`Unreadable`.
    """
    entities: dict[str, list[Any]] = {}
    values: dict[str, list[Any]] = {}
    for canonical in FILE_COLUMNS:
        name = names.get(canonical)
        if name is None:
            values[canonical] = [None] * len(rows)
        elif "." not in name or any(name in row for row in rows):
            values[canonical] = [_none_if_empty(row.get(name)) for row in rows]
        else:
            root, *keys = name.split(".")
            if root not in entities:
                entities[root] = _parse_cells(root, [row.get(root) for row in rows])
            values[canonical] = [_walk(cell, keys) for cell in entities[root]]
    return values


def _none_if_empty(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float) and value != value:
        return None
    return value


def _walk(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        if not isinstance(value, Mapping):
            return value if isinstance(value, Unreadable) else None
        value = value.get(key)
    return _none_if_empty(value)


def _parse_cells(name: str, cells: Sequence[Any]) -> list[Any]:
    with warnings.catch_warnings():
        # A backslash in a Python literal may be no known escape; it then stands for itself.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return [_parse_cell(name, cell) if isinstance(cell, str) else cell for cell in cells]


def _parse_cell(name: str, text: str) -> Any:
    """Read a dict written as JSON or as a Python literal. Never by splitting at commas."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return Unreadable(f"{name} is neither a JSON object nor a Python dict: {text[:60]!r}")
    if not isinstance(value, dict):
        return Unreadable(f"{name} holds no dict but {text[:60]!r}")
    return value
