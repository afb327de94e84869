"""The tables that stages wrote beside the scores, as lists by column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gwangye.errors import DataError

Columns = dict[str, list[Any]]

PER_RELATION = (
    *("relation", "precision", "recall", "f1", "auprc", "support"),
    *("f1_low", "f1_high", "auprc_low", "auprc_high"),
)
SLICES = (
    *("slice", "value", "rows", "share", "micro_f1", "micro_f1_low", "micro_f1_high", "accuracy"),
    *("relation_for_none", "none_for_relation", "wrong_relation"),
)
RELIABILITY = ("lower", "upper", "rows", "share", "confidence", "accuracy")
RISK_COVERAGE = ("coverage", "rows", "threshold", "micro_f1", "accuracy")
OF_MODEL = {
    "per_relation": PER_RELATION,
    "slices": SLICES,
    "reliability": RELIABILITY,
    "risk_coverage": RISK_COVERAGE,
}
"""Tables of one model and part: ``<table>/<model>_<part>.csv``."""
LABEL_NOISE = (
    *("guid", "label", "suggested", "quality"),
    *("probability_of_label", "probability_of_suggested"),
)
DISAGREEMENTS = ("guid", "actual", "ensemble", "divergence")
TEXT = {
    *("guid", "subject", "object", "sentence", "relation", "label", "suggested", "actual"),
    *("ensemble", "slice", "value"),
}


class Excerpt(NamedTuple):
    """The first rows of a table."""

    columns: Columns
    total: int
    """Rows of the whole table."""


def read_table(path: Path, expected: Sequence[str], limit: int | None = None) -> Excerpt | None:
    """Read a table as lists by column; None where a cell is empty.

    Args:
        path: A CSV or TSV file with a header.
        expected: Columns that it must have; further ones are read too.
        limit: Rows at most.

    Returns:
        None if there is no such file.

    Raises:
        DataError: The file cannot be read as a table, or a column is missing.
    """
    if not path.is_file():
        return None
    try:
        # "nan" and "null" may be somebody's words; only an empty cell is empty
        table = pd.read_csv(
            path,
            sep="\t" if path.suffix == ".tsv" else ",",
            dtype=dict.fromkeys(TEXT, "str"),
            keep_default_na=False,
            na_values=[""],
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no table: {error}. Run `dvc repro`, which writes it anew."
        ) from error
    missing = [name for name in expected if name not in table.columns]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}; it has {', '.join(table.columns)}. "
            "Run `dvc repro`, which writes it anew."
        )
    return Excerpt(as_lists(table if limit is None else table.head(limit)), len(table))


def as_lists(table: pd.DataFrame) -> Columns:
    """Return a table as lists by column; None where a value is missing."""
    columns = table.astype("object").where(table.notna(), None).to_dict(orient="list")
    return {str(name): values for name, values in columns.items()}


def read_model_tables(
    metrics: Path, models: Sequence[str], parts: Sequence[str]
) -> dict[str, dict[str, Columns]]:
    """Read the tables of :data:`OF_MODEL` that exist.

    Returns:
        ``tables[table]["<model>_<part>"]``.
    """
    tables: dict[str, dict[str, Columns]] = {name: {} for name in OF_MODEL}
    for name, expected in OF_MODEL.items():
        for model in models:
            for part in parts:
                found = read_table(metrics / name / f"{model}_{part}.csv", expected)
                if found is not None:
                    tables[name][f"{model}_{part}"] = found.columns
    return tables
