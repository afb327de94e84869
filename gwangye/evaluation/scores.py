"""The scores of a run as one table, and the headline of them that ``metrics.json`` holds.

``metrics/scores.csv`` is in Git beside ``metrics/metrics.json``: DVC compares the few numbers of
the one (``dvc metrics diff``), and people read intervals and effective rows in the other.
"""

from __future__ import annotations

import io
from typing import Any

import pandas as pd

from gwangye.errors import DataError

TITLES = {"validation": "validation", "validation_reweighted": "re-weighted", "test": "test"}
"""The columns of a score, and what they are called in tables."""

METRICS = {"micro_f1": "micro-F1", "auprc": "AUPRC"}
"""The metrics that have an interval, and what they are called in tables."""

HEADLINE = ("micro_f1", "auprc", "accuracy")
FIELDS = {
    "model": "string",
    "column": "string",  # a key of TITLES
    "pairs": "string",  # all; or the rows whose entity pair training has seen, or has not (unseen)
    "metric": "string",  # micro_f1, auprc, accuracy, ece: percent
    "value": "float64",
    "low": "float64",  # the 95 % interval, where there is one
    "high": "float64",
    "rows": "int64",
    "effective_rows": "float64",  # what weighted rows are worth; the rows where they are not
    "note": "string",  # what a re-weighted score leaves out of its target; missing where nothing
}


def headline(scores: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return what ``metrics.json`` holds: model → column → metric → percent.

    Args:
        scores: A table with :data:`FIELDS`.
    """
    chosen = scores[(scores["pairs"] == "all") & scores["metric"].isin(HEADLINE)]
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in chosen.itertuples():
        columns = found.setdefault(str(row.model), {})
        columns.setdefault(str(row.column), {})[str(row.metric)] = float(row.value)  # type: ignore[arg-type]
    return found


def read_scores(text: str, where: str) -> pd.DataFrame:
    """Return the table of scores.

    Args:
        text: CSV.
        where: What the file is called in messages.

    Raises:
        DataError: The text is no such table.
    """
    try:
        table = pd.read_csv(io.StringIO(text))
        return table[list(FIELDS)].astype(FIELDS)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{where}: this is no table of scores: {reason}. Run `dvc repro evaluate`."
        ) from error


def score_text(value: float, low: Any = None, high: Any = None) -> str:
    """Return a score as tables show it: "48.7 (40.0–57.2)", or without an interval "48.7"."""
    if pd.isna(low) or pd.isna(high):
        return f"{value:.1f}"
    return f"{value:.1f} ({low:.1f}–{high:.1f})"
