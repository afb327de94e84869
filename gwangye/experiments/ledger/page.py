"""The ledger as a page that needs no other file: sorts, filters, prints."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from gwangye.experiments.ledger.rows import Row
from gwangye.experiments.ledger.scores import PARTS, SCORES
from gwangye.experiments.ledger.tables import caption, scored_parts


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
    scores = [(part, metric) for part in scored_parts(rows) for metric in SCORES]
    several = len({row.model for row in rows if row.model}) > 1
    table = [_cells(row, scores, model=several) for row in rows]
    head = "".join(
        f'<th scope="col"{_class(cell)}><button>{html.escape(cell.title)}</button></th>'
        for cell in table[0]
    )
    body = "\n".join(f"<tr>{''.join(_html(cell) for cell in cells)}</tr>" for cells in table)
    page = _PAGE.replace("{caption}", html.escape(caption(rows))).replace("{head}", head)
    # last: what people wrote is not searched for placeholders
    return page.replace("{rows}", body)


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
    title = f"{PARTS[part]} {SCORES[metric]}"
    if score is None:
        return Cell(title, [], True)
    value, *interval = str(score).split(" ")
    return Cell(title, [value, *interval], True, score.value)


def _class(cell: Cell) -> str:
    return ' class="number"' if cell.number else ""


def _html(cell: Cell) -> str:
    key = "" if cell.value is None else f' data-key="{cell.value}"'
    lines = [html.escape(line) for line in cell.lines]
    if cell.number:
        lines[1:] = [f"<small>{line}</small>" for line in lines[1:]]
    text = " <br>".join(lines)  # a space: on a phone the lines are one
    return f'<td data-title="{html.escape(cell.title)}"{_class(cell)}{key}>{text}</td>'


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Experiments</title>
<style>
:root { color-scheme: light dark; --muted: #5d6370; --line: #8884; }
@media screen and (prefers-color-scheme: dark) { :root { --muted: #9ba2b0; } }
body { font: 14px/1.45 system-ui, "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo",
  "Malgun Gothic", sans-serif; margin: 1.5rem; }
h1 { font-size: 1.5rem; letter-spacing: -.01em; margin: 0 0 .2rem; }
p { margin: .2rem 0 .8rem; color: var(--muted); }
input { font: inherit; padding: .3rem .5rem; width: min(22rem, 100%); box-sizing: border-box;
  border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem; text-align: left;
  vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; vertical-align: bottom; color: var(--muted); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:hover { color: CanvasText; }
th button:focus-visible, input:focus-visible { outline: 2px solid; }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
tbody tr:hover { background: color-mix(in srgb, CanvasText 4%, transparent); }
td[data-title=experiment] { font-weight: 600; overflow-wrap: break-word; }
td[data-title=revision] { white-space: nowrap; font-family: ui-monospace, monospace;
  font-size: .85em; }
td[data-title=changed], td[data-title=note] { min-width: 10rem; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number, td[data-title=when] { white-space: nowrap; }
td[data-title=who] { overflow-wrap: break-word; }
small, td[data-title=who], td[data-title=when] { color: var(--muted); }
@media screen and (max-width: 60rem) {
  body { margin: 1rem; }
  table, thead, tbody, tr, td { display: block; }
  thead tr { display: flex; flex-wrap: wrap; gap: .3rem .9rem; }
  th { position: static; border: 0; padding: 0; }
  tbody tr { border: 1px solid var(--line); border-radius: .6rem; margin: .8rem 0;
    padding: .5rem .4rem; }
  td, td.number { border: 0; padding: .1rem .4rem; text-align: left; white-space: normal; }
  td br { display: none; }
  td[data-title=changed] br { display: inline; }
  td[data-title=experiment] { font-size: 1.1em; }
  td:empty { display: none; }
  td:not([data-title=experiment])::before { content: attr(data-title) " "; color: var(--muted); }
  tr[hidden] { display: none; }
}
@media print {
  @page { size: landscape; margin: 1cm; }
  body { font-size: 9px; margin: 0; }
  .tools { display: none; }
  th { position: static; }
  tr { break-inside: avoid; }
}
</style>
</head>
<body>
<h1>Experiments</h1>
<p>{caption}</p>
<p class="tools">
<label>Filter <input type="search" placeholder="words that a row must have"></label>
<output></output></p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<script>
"use strict";
const body = document.querySelector("tbody");
const box = document.querySelector("input");
const rows = [...body.rows];

function filter() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
  }
  const left = rows.filter(row => !row.hidden).length;
  document.querySelector("output").textContent = `${left} of ${rows.length}`;
}

const heads = [...document.querySelectorAll("th")];
heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => {
  const number = head.classList.contains("number");
  const was = head.getAttribute("aria-sort");
  const down = was ? was === "ascending" : number;  // the best scores first
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = row => number ? row.cells[at].dataset.key ?? "" : row.cells[at].textContent;
  rows.sort((first, second) => {
    const a = key(first), b = key(second);
    if (a === "" || b === "") return (a === "") - (b === "");  // nothing stands last
    const order = number ? a - b : a.localeCompare(b, undefined, {numeric: true});
    return down ? -order : order;
  });
  body.append(...rows);
}));
box.addEventListener("input", filter);
filter();
</script>
</body>
</html>
"""
