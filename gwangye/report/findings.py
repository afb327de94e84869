"""What a reader in a hurry should know, in words: kinds of error, confusions, weak spots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwangye.evaluation.analysis.confusions import confusion_matrix, kinds_of_error
from gwangye.evaluation.scores import score_text
from gwangye.examples import Task
from gwangye.report.tables import Columns

MINIMUM_ROWS = 20
"""Slices of fewer rows are not called weak: their scores are mostly chance."""
MINIMUM_SUPPORT = 5
"""The same for relations."""
LINES = 3


class Finding(NamedTuple):
    """A line of text, and the rows that it is about."""

    text: str
    show: dict[str, str]
    """What to set in the page's row browser; empty where it cannot show these rows."""


def findings(
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    task: Task,
    *,
    slices: Columns | None = None,
    per_relation: Columns | None = None,
) -> dict[str, list[Finding]]:
    """Say where a model errs.

    Args:
        true: (rows,) label ids of labelled rows.
        predicted: (rows,) label ids.
        task: The relations.
        slices: The part's table of slices, if there is one.
        per_relation: The part's scores per relation, if there are any.

    Returns:
        Lines by heading; a heading without lines is left out.
    """
    found = {
        "Errors": _errors(true, predicted, task),
        "Most often confused": _confusions(true, predicted, task.labels),
        "Weakest relations": _weak_relations(per_relation, task.negative_label),
        "Weakest slices": _weak_slices(slices, len(true)),
    }
    return {heading: lines for heading, lines in found.items() if lines}


def _errors(true: NDArray[np.int64], predicted: NDArray[np.int64], task: Task) -> list[Finding]:
    counts = kinds_of_error(true, predicted, task.labels, task.negative_label)
    wrong = len(true) - counts["correct"]
    if not wrong:
        return [Finding(f"None in {_rows(len(true))}.", {})]
    lines = [Finding(f"{wrong:,} of {_rows(len(true))} are wrong.", {"kind": "errors"})]
    if task.negative_label is None:
        return lines
    words = {
        "relation_for_none": f"a relation is predicted where there is {task.negative_label}",
        "none_for_relation": f"{task.negative_label} is predicted where there is a relation",
        "wrong_relation": "another relation is predicted",
    }
    kinds = sorted(words, key=lambda kind: -counts[kind])
    return lines + [
        Finding(f"{_times(counts[kind])} {words[kind]}.", {"kind": kind})
        for kind in kinds
        if counts[kind]
    ]


def _confusions(
    true: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[str]
) -> list[Finding]:
    counts = confusion_matrix(true, predicted, len(labels))
    support = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    # stable: pairs that are equally frequent keep the order of the labels
    order = np.argsort(-counts, axis=None, kind="stable")[:LINES]
    pairs = [divmod(int(place), len(labels)) for place in order]
    return [
        Finding(
            f"{labels[actual]} is taken for {labels[other]} in {counts[actual, other]:,} of its "
            f"{_rows(support[actual])}.",
            {"actual": labels[actual], "predicted": labels[other]},
        )
        for actual, other in pairs
        if counts[actual, other]
    ]


def _weak_relations(table: Columns | None, negative_label: str | None) -> list[Finding]:
    rows = [
        row
        for row in _rows_of(table)
        if row["relation"] != negative_label and row["support"] >= MINIMUM_SUPPORT
    ]
    return [
        Finding(
            f"{row['relation']}: F1 {_interval(row, 'f1')}, {_rows(row['support'])}.",
            {"actual": row["relation"]},
        )
        for row in _lowest(rows, "f1")
    ]


def _weak_slices(table: Columns | None, rows_of_part: int) -> list[Finding]:
    # a slice of all rows is no weak spot
    rows = [row for row in _rows_of(table) if MINIMUM_ROWS <= row["rows"] < rows_of_part]
    return [
        Finding(
            f"{_words(row['slice'])}, {_words(row['value'])}: micro-F1 "
            f"{_interval(row, 'micro_f1')}, {_rows(row['rows'])}.",
            slice_filter(row["slice"], row["value"]),
        )
        for row in _lowest(rows, "micro_f1")
    ]


def _rows_of(table: Columns | None) -> list[dict[str, Any]]:
    columns = table or {}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _lowest(rows: list[dict[str, Any]], score: str) -> list[dict[str, Any]]:
    known = [row for row in rows if row[score] is not None]
    return sorted(known, key=lambda row: row[score])[:LINES]


def slice_filter(name: str, value: str) -> dict[str, str]:
    """Return what to set in the row browser for a slice; empty for one it cannot filter by."""
    return {name: value} if name in ("type_pair", "source") else {}


def _interval(row: dict[str, Any], score: str) -> str:
    return score_text(row[score], row[f"{score}_low"], row[f"{score}_high"])


def _times(count: int) -> str:
    return "Once" if count == 1 else f"{count:,} times"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
