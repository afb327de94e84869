"""The ledger as a page that needs no other file: sorts, filters, prints."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from gwangye.ledger.rows import Row
from gwangye.ledger.scores import PARTS, SCORES
from gwangye.ledger.tables import caption, scored_parts


class Cell(NamedTuple):
    """A cell under its title; a number has the value that it is sorted by, or None."""

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
    table = [_cells(row, scores) for row in rows]
    head = "".join(
        f'<th scope="col"{_class(cell)}><button>{html.escape(cell.title)}</button></th>'
        for cell in table[0]
    )
    body = "\n".join(f"<tr>{''.join(_html(cell) for cell in cells)}</tr>" for cells in table)
    page = _PAGE.replace("{caption}", html.escape(caption(rows))).replace("{head}", head)
    # last: what people wrote is not searched for placeholders
    return page.replace("{rows}", body)


def _cells(row: Row, scores: Sequence[tuple[str, str]]) -> list[Cell]:
    changed = ["(unknown)"] if row.changes is None else row.changes
    return [
        Cell("experiment", [", ".join(row.names) + (f" ({row.state})" if row.state else "")]),
        Cell("revision", [row.revision]),
        Cell("parent", [row.parent]),
        Cell("changed", changed if row.parent else ["(first)"]),
        Cell("code", ["" if row.code_changed is None else "yes" if row.code_changed else "no"]),
        *(_score(row, part, metric) for part, metric in scores),
        Cell("model", [row.model]),
        Cell("who", [row.author]),
        Cell("when", [row.date]),
        Cell("note", [row.remark]),
    ]


def _score(row: Row, part: str, metric: str) -> Cell:
    score = row.scores.get((part, metric))
    title = f"{PARTS[part]} {SCORES[metric]}"
    return Cell(title, [str(score)], True, score.value) if score else Cell(title, [], True)


def _class(cell: Cell) -> str:
    return ' class="number"' if cell.number else ""


def _html(cell: Cell) -> str:
    key = "" if cell.value is None else f' data-key="{cell.value}"'
    text = "<br>".join(html.escape(line) for line in cell.lines)
    return f'<td data-title="{html.escape(cell.title)}"{_class(cell)}{key}>{text}</td>'


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Experiments</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; }
h1 { font-size: 1.3rem; margin: 0 0 .5rem; }
input { font: inherit; padding: .3rem .5rem; width: min(22rem, 100%); box-sizing: border-box; }
table { border-collapse: collapse; margin-top: 1rem; }
th, td { border-bottom: 1px solid #8885; padding: .35rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { position: sticky; top: 0; background: Canvas; }
th button { all: unset; cursor: pointer; font-weight: 600; white-space: nowrap; }
th button:focus-visible { outline: 2px solid; }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
td[data-title=changed], td[data-title=note] { min-width: 14rem; }
td[data-title=when] { white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
@media screen and (max-width: 45rem) {
  body { margin: 1rem; }
  table, thead, tbody, tr, td { display: block; }
  thead tr { display: flex; flex-wrap: wrap; gap: .3rem .9rem; }
  th { position: static; border: 0; padding: 0; }
  tbody tr { border: 1px solid #8885; border-radius: .4rem; margin: .8rem 0; padding: .3rem; }
  td, td.number { border: 0; padding: .15rem .4rem; text-align: left; white-space: normal; }
  td:empty { display: none; }
  td::before { content: attr(data-title) ": "; font-weight: 600; }
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
