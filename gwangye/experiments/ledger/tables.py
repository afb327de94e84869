"""The ledger for the terminal, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gwangye.experiments.ledger.rows import Row
from gwangye.experiments.ledger.scores import PARTS, SCORES

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


def _score_lines(row: Row, part: str) -> list[str]:
    return [
        f"{title} {row.scores[part, metric]}"
        for metric, title in SCORES.items()
        if (part, metric) in row.scores
    ]


def scored_parts(rows: Iterable[Row]) -> list[str]:
    """Return the columns that a table needs: those that any row has scores of.

    Args:
        rows: The ledger.
    """
    found = {part for row in rows for part, _ in row.scores}
    return [part for part in PARTS if part in found]


def caption(rows: Iterable[Row]) -> str:
    """Say what the scores are.

    Args:
        rows: The ledger.
    """
    models = _models(rows)
    whose = f" of {models[0]}" if len(models) == 1 else ""
    return f"Scores{whose} in percent, with 95 % intervals where they were recorded."


def _models(rows: Iterable[Row]) -> list[str]:
    return sorted({row.model for row in rows if row.model})


def to_table(rows: Sequence[Row], width: int) -> Table:
    """Return the ledger as a table for the terminal.

    Args:
        rows: The ledger.
        width: Of the terminal, in characters.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    parts, several = scored_parts(rows), len(_models(rows)) > 1
    table = Table(box=box.HORIZONTALS, show_lines=True, expand=True, caption=caption(rows))
    table.add_column("experiment", ratio=1, overflow="fold")
    for part in parts:
        # "AUPRC 47.6 (43.8–59.2)" on one line, or broken at the space
        table.add_column(PARTS[part], width=22 if width >= _WIDE else 11)
    for row in rows:
        text = Text(" ".join(_title_lines(row, model=several)), style="bold")
        for lines, style in (
            (_changed_lines(row), "not bold"),
            ([row.remark], "not bold italic"),
            ([", ".join(filter(None, (row.author, row.date)))], "not bold dim"),
        ):
            # Text is no markup: a note may hold [brackets]
            text.append("".join(f"\n{line}" for line in lines if line), style)
        table.add_row(text, *("\n".join(_score_lines(row, part)) for part in parts))
    return table


def to_markdown(rows: Sequence[Row]) -> str:
    """Return the ledger as a GitHub-flavoured Markdown table.

    Args:
        rows: The ledger.
    """
    parts, several = scored_parts(rows), len(_models(rows)) > 1
    titles = ["experiment", "changed", *(PARTS[part] for part in parts), "who, when", "note"]
    lines = [titles, ["---"] * len(titles)]
    for row in rows:
        cells = [
            _title_lines(row, model=several),
            _changed_lines(row),
            *(_score_lines(row, part) for part in parts),
            [row.author, row.date],
            [row.remark],
        ]
        lines.append(["<br>".join(_markdown(line) for line in cell if line) for cell in cells])
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table}\n\n{caption(rows)}\n"


def _markdown(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    # an underscore inside a word marks nothing
    return re.sub(r"([\\`*~|\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", text)


def to_csv(rows: Sequence[Row]) -> str:
    """Return the ledger as CSV with every column and unrounded scores.

    Args:
        rows: The ledger.
    """
    scores = [(part, metric) for part in PARTS for metric in SCORES]
    titles = ["name", "revision", "parent", "state", "changes", "code_changed", "model"]
    for part, metric in scores:
        titles += [f"{part}_{metric}{end}" for end in ("", "_low", "_high")]
    titles += ["author", "date", "note", "reason"]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(titles)
    for row in rows:
        cells: list[Any] = [", ".join(row.names), row.revision, row.parent, row.state]
        cells += ["" if row.changes is None else "; ".join(row.changes)]
        cells += ["" if row.code_changed is None else str(row.code_changed).lower(), row.model]
        for key in scores:
            cells += row.scores.get(key, ("", "", ""))
        cells += [row.author, row.when.isoformat() if row.when else "", row.note, row.reason]
        writer.writerow(cells)
    return file.getvalue()
