"""The list of relations: its order is the order of every probability column."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from gwangye.errors import DataError, did_you_mean


def label_list(frame: pd.DataFrame, negative_label: str | None) -> list[str]:
    """Return the relations of a labelled table: the negative class, if any, first; then by name.

    Raises:
        DataError: No row has a label, or no row has the negative label.
    """
    names = sorted(frame["label"].dropna().unique())
    if not names:
        raise DataError("no row has a label, so there is no list of relations to take from them.")
    if negative_label is None:
        return names
    if negative_label not in names:
        raise DataError(
            f"negative label '{negative_label}' is the label of no row. "
            f"{did_you_mean(negative_label, names)} If these relations have no negative class, "
            "set data.negative_label: null."
        )
    return [negative_label, *(name for name in names if name != negative_label)]


def read_labels(path: Path) -> list[str]:
    """Read a list of relations in its order: JSON, or ``{"relations": [...]}`` as KLUE has it.

    Raises:
        DataError: The file is missing or not such JSON, the list is empty, or a name is not
            text, is empty, or stands twice.
    """
    form = 'Give a JSON list of names, or {"relations": [names]}.'
    if not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path}: this is not JSON in UTF-8: {error}. {form}") from error
    names = content.get("relations") if isinstance(content, dict) else content
    if not isinstance(names, list) or not names:
        raise DataError(f"{path}: the file holds no list of relations. {form}")
    first: dict[str, int] = {}
    for i, name in enumerate(names, 1):
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{path}: relation {i} is {name!r}, not a name. {form}")
        if name in first:
            raise DataError(
                f"{path}: relation '{name}' stands twice, as {first[name]} and as {i}. Remove one."
            )
        first[name] = i
    return names
