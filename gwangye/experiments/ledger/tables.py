"""The ledger for the terminal, as Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from gwangye.evaluation.scores import METRICS, TITLES
from gwangye.experiments import tables
from gwangye.experiments.ledger.rows import Row

if TYPE_CHECKING:
    from rich.table import Table


_LONGEST = 72  # characters of a change
_MOST = 8  # changes of a row
_WIDE = 120  # characters that leave room for three columns of scores on one line each


def _title_lines(row: Row, *, model: bool) -> list[str]:
    """Return names and, where the rows' scores are not all of one model, this row's."""
    parent = f"from {row.parent}" if row.parent else ""
    whose = f"({row.model})" if model and row.model else ""
    return [line for line in (*row.names, row.revision, row.state, parent, whose) if line]


def _changed_lines(row: Row) -> list[str]:
    """Return few and short lines, for tables that are read at a glance."""
    if not row.parent:
        return ["(first)"]
    if row.changes is None:
        lines = ["(unknown)"]
    else:
        lines = [c if len(c) <= _LONGEST else f"{c[: _LONGEST - 1]}…" for c in row.changes]
        if len(lines) > _MOST:
            lines[_MOST - 1 :] = [f"and {len(lines) - _MOST + 1} more"]
    return [*lines, *(["code changed"] if row.code_changed else [])]


def _scores(row: Row, parts: Iterable[str]) -> dict[str, str]:
    """Return the scores of each part, by its title."""
    return {
        TITLES[part]: "\n".join(
            f"{title} {row.scores[part, metric]}"
            for metric, title in METRICS.items()
            if (part, metric) in row.scores
        )
        for part in parts
    }


def scored_parts(rows: Iterable[Row]) -> list[str]:
    """Return the columns that a table needs: those that any row has scores of.

    Args:
        rows: The ledger.
    """
    found = {part for row in rows for part, _ in row.scores}
    return [part for part in TITLES if part in found]


def scored_models(rows: Iterable[Row]) -> list[str]:
    """Return the models that the rows' scores are of.

    Args:
        rows: The ledger.
    """
    return sorted({row.model for row in rows if row.model})


def caption(rows: Iterable[Row]) -> str:
    """Say what the scores are.

    Args:
        rows: The ledger.
    """
    models = scored_models(rows)
    whose = f" of {models[0]}" if len(models) == 1 else ""
    return f"Scores{whose} in percent, with 95 % intervals where they were recorded."


def to_table(rows: Sequence[Row], width: int) -> Table:
    """Return the ledger as a table for the terminal.

    Args:
        rows: The ledger.
        width: Of the terminal, in characters.
    """
    from rich import box
    from rich.text import Text

    parts, several = scored_parts(rows), len(scored_models(rows)) > 1
    listed: list[dict[str, Any]] = []
    for row in rows:
        text = Text(" ".join(_title_lines(row, model=several)), style="bold")
        for lines, style in (
            (_changed_lines(row), "not bold"),
            ([row.remark], "not bold italic"),
            ([", ".join(filter(None, (row.author, row.date)))], "not bold dim"),
        ):
            text.append("".join(f"\n{line}" for line in lines if line), style)
        listed.append({"experiment": text, **_scores(row, parts)})
    options = {"box": box.HORIZONTALS, "show_lines": True, "expand": True}
    table = tables.to_terminal(pd.DataFrame(listed), caption=caption(rows), **options)
    experiment, *scores = table.columns
    experiment.ratio, experiment.overflow = 1, "fold"
    for column in scores:
        # "micro-F1 47.6 (43.8–59.2)" on one line, or broken at the space
        column.width = 25 if width >= _WIDE else 13
    return table


def to_markdown(rows: Sequence[Row]) -> str:
    """Return the ledger as a GitHub-flavoured Markdown table.

    Args:
        rows: The ledger.
    """
    parts, several = scored_parts(rows), len(scored_models(rows)) > 1
    listed = [
        {
            "experiment": "\n".join(_title_lines(row, model=several)),
            "changed": "\n".join(_changed_lines(row)),
            **_scores(row, parts),
            "who, when": "\n".join(filter(None, (row.author, row.date))),
            "note": row.remark,
        }
        for row in rows
    ]
    return f"{tables.to_markdown(pd.DataFrame(listed))}\n\n{caption(rows)}\n"


def to_csv(rows: Sequence[Row]) -> str:
    """Return the ledger as CSV with every column and unrounded scores.

    Args:
        rows: The ledger.
    """
    ends, absent = ("", "_low", "_high"), (None, None, None)
    listed = [
        {
            "name": ", ".join(row.names),
            "revision": row.revision,
            "parent": row.parent,
            "state": row.state,
            "changes": "; ".join(row.changes or ()),
            "code_changed": None if row.code_changed is None else str(row.code_changed).lower(),
            "model": row.model,
            **{
                f"{part}_{metric}{end}": value
                for part in TITLES
                for metric in METRICS
                for end, value in zip(ends, row.scores.get((part, metric), absent), strict=True)
            },
            "author": row.author,
            "date": row.when.isoformat() if row.when else "",
            "note": row.note,
            "reason": row.reason,
        }
        for row in rows
    ]
    return tables.to_csv(pd.DataFrame(listed))
