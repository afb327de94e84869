"""The ledger as a page that needs no other file: sorts, filters, prints."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

from gwangye.evaluation.scores import METRICS, TITLES
from gwangye.experiments.ledger.rows import Row
from gwangye.experiments.ledger.tables import caption, scored_models, scored_parts
from gwangye.report.page import fill, report_style


class Cell(NamedTuple):
    """A cell under its title; a number has the value that it is sorted by, or None.

    Lines after a number's first are its details and stand in small print.
    """

    title: str
    lines: Sequence[str]
    number: bool = False
    value: float | None = None


def to_html(rows: Sequence[Row]) -> str:
    """Return the ledger as one page.

    Args:
        rows: The ledger, with at least one row.
    """
    scores = [(part, metric) for part in scored_parts(rows) for metric in METRICS]
    several = len(scored_models(rows)) > 1
    return fill(
        _asset("ledger.html.jinja"),
        {"caption": caption(rows), "rows": [_cells(row, scores, model=several) for row in rows]},
        style=report_style() + _asset("ledger.css"),
        script=_asset("ledger.js"),
    )


def _cells(row: Row, scores: Sequence[tuple[str, str]], *, model: bool) -> list[Cell]:
    changed = ["(unknown)"] if row.changes is None else row.changes
    code = ["code changed"] if row.code_changed else []
    return [
        Cell("experiment", [", ".join(row.names) + (f" ({row.state})" if row.state else "")]),
        Cell(
            "revision",
            [text for text in (row.revision, row.parent and f"from {row.parent}") if text],
        ),
        Cell("changed", [*changed, *code] if row.parent else ["(first)"]),
        *(_score(row, part, metric) for part, metric in scores),
        *([Cell("model", [row.model])] if model else []),
        Cell("who", [row.author]),
        Cell("when", row.date.split()),
        Cell("note", [row.remark]),
    ]


def _score(row: Row, part: str, metric: str) -> Cell:
    score = row.scores.get((part, metric))
    title = f"{TITLES[part]} {METRICS[metric]}"
    if score is None:
        return Cell(title, [], True)
    return Cell(title, str(score).split(" "), True, score.value)


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")
