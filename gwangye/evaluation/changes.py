"""How many predictions change, and which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from gwangye.evaluation.shift.labelling import wilson

CASE_COLUMNS = (
    "guid",
    "perturbation",
    "actual",
    "before",
    "after",
    "confidence_before",
    "confidence_after",
    "subject",
    "object",
    "sentence",
)
"""A perturbed row: its actual relation, the predictions for the sentence as it was and as it is
now, their probabilities (0 to 1), and the names and the sentence as they are now."""
RATE_COLUMNS = (
    "perturbation",
    "relation",
    "rows",
    "changed",
    "changed_low",
    "changed_high",
    "correct_before",
    "correct_after",
    "to_negative",
)
ALL = "all"


def changed_rates(
    cases: pd.DataFrame, labels: Sequence[str], negative_label: str | None
) -> pd.DataFrame:
    """Return how many predictions change, by perturbation and actual relation.

    Args:
        cases: Perturbed rows with ``CASE_COLUMNS``.
        labels: Relation names in label order.
        negative_label: The label that means "none of the relations", or None.

    Returns:
        ``RATE_COLUMNS``: perturbations as they come, each first with all its rows ("all"), then by
        relation. Percent (0 to 100, 2 decimals) of the rows: predictions that differ from those of
        the unchanged sentence, with the limits of the 95 % Wilson interval; correct before and
        after; predictions that became the negative label (missing where there is none).
    """
    lines = [
        _rates(rows, perturbation, relation, negative_label)
        for perturbation, of_one in cases.groupby("perturbation", sort=False)
        for relation, rows in _by_relation(of_one, labels)
    ]
    return pd.DataFrame(lines, columns=list(RATE_COLUMNS))


def changed_rows(cases: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return the cases whose prediction changed, those first that the model is surest of now.

    Args:
        cases: Perturbed rows with ``CASE_COLUMNS``.
        limit: Rows at most.
    """
    changed = cases[cases["before"] != cases["after"]]
    order = ["confidence_after", "guid", "perturbation"]
    ordered = changed.sort_values(order, ascending=[False, True, True], kind="stable")
    return ordered[list(CASE_COLUMNS)].head(limit)


def _by_relation(cases: pd.DataFrame, labels: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, cases
    for label in labels:
        rows = cases[cases["actual"] == label]
        if len(rows):
            yield label, rows


def _rates(
    rows: pd.DataFrame, perturbation: Any, relation: str, negative_label: str | None
) -> dict[str, Any]:
    changed = rows["before"] != rows["after"]
    interval = wilson(int(changed.sum()), len(rows))
    to_negative = changed & (rows["after"] == negative_label)
    shares = {
        **dict(zip(("changed", "changed_low", "changed_high"), interval, strict=True)),
        "correct_before": (rows["before"] == rows["actual"]).mean(),
        "correct_after": (rows["after"] == rows["actual"]).mean(),
        "to_negative": None if negative_label is None else to_negative.mean(),
    }
    percent = {key: None if s is None else round(100 * float(s), 2) for key, s in shares.items()}
    return {"perturbation": perturbation, "relation": relation, "rows": len(rows), **percent}
