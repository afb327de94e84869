"""How many predictions change when sentences are perturbed, and which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gwangye.evaluation.shift.labelling import wilson
from gwangye.examples import Task

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


def read_cases(folder: Path, variants: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read the perturbed rows of those variants for which the robustness stage wrote them.

    Args:
        folder: Holds ``<variant>/cases.parquet``, with the columns of
            :data:`gwangye.evaluation.robustness.measuring.CASES`.
        variants: The variants' names.
    """
    paths = {variant: folder / variant / "cases.parquet" for variant in variants}
    return {variant: pd.read_parquet(path) for variant, path in paths.items() if path.is_file()}


def changed_rates(
    cases: pd.DataFrame, labels: Sequence[str], negative_label: str | None
) -> pd.DataFrame:
    """Return how many predictions change, by perturbation and actual relation.

    Args:
        cases: Perturbed rows, as the robustness stage writes them
            (:data:`gwangye.evaluation.robustness.measuring.CASES`).
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


def rates_by_variant(cases: Mapping[str, pd.DataFrame], task: Task) -> pd.DataFrame:
    """Return :func:`changed_rates` of every variant, with a first column ``variant``."""
    tables = [
        changed_rates(rows, task.labels, task.negative_label).assign(variant=variant)
        for variant, rows in cases.items()
    ]
    columns = ["variant", *RATE_COLUMNS]
    return pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)


def changed_rows(cases: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return the cases whose prediction changed, those first that the model is surest of now.

    Args:
        cases: As for :func:`changed_rates`.
        limit: Rows at most.
    """
    changed = cases[cases["before"] != cases["after"]]
    order = ["confidence_after", "guid", "perturbation"]
    ordered = changed.sort_values(order, ascending=[False, True, True], kind="stable")
    return ordered.head(limit)


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
