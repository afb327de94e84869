"""Reading what the page shows: the split, all predictions, and the tables of earlier stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gwangye.errors import DataError
from gwangye.evaluation.scores import read_scores
from gwangye.examples import Dataset
from gwangye.prediction.tables import PARTS, read_predictions, stack
from gwangye.report.curves import read_curves
from gwangye.report.findings import findings
from gwangye.report.rows import example_columns, prediction_columns
from gwangye.report.sentences import with_spans
from gwangye.report.tables import (
    CHANGED,
    DISAGREEMENTS,
    LABEL_NOISE,
    RATES,
    Excerpt,
    read_model_tables,
    read_table,
)

LISTED = 500
"""Rows of a list (doubted labels, disagreements) that the page holds; the tables hold all."""
LISTED_CHANGES = 300
"""Rows of the changed predictions, per variant."""


def collect(
    split: Path,
    predictions: Path,
    metrics: Path,
    variants: Sequence[str],
    trained: Mapping[str, Any],
) -> dict[str, Any]:
    """Read everything that the page shows.

    Args:
        split: What the split stage wrote.
        predictions: Folder of ``ensemble.parquet`` and ``<variant>.parquet``.
        metrics: Folder of ``scores.csv`` and the tables beside it. A table that does not exist
            is left out.
        variants: The variants' names, in order.
        trained: What was trained, as :func:`gwangye.report.training.describe` gives it.

    Returns:
        Plain values, to be written as JSON.

    Raises:
        DataError: A file is missing or not what its stage writes, or the models do not predict the
            same rows.
    """
    dataset, models = Dataset.read(split), ["ensemble", *variants]
    tables = read_model_tables(metrics, models, PARTS)
    parts, found = _predicted_parts(dataset, predictions, models, tables)
    for part, values in parts.items():
        path = metrics / "disagreements" / f"{part}.csv"
        values["disagreements"] = _sentences(
            read_table(path, DISAGREEMENTS, LISTED), _frame(dataset, part)
        )
    scores = _read_scores(metrics / "scores.csv")
    noise = read_table(metrics / "label_noise.csv", LABEL_NOISE, LISTED)
    task = dataset.task
    return {
        "trained": dict(trained),
        "task": {
            "labels": list(task.labels),
            "negative": task.negative_label,
            "types": list(task.entity_types),
        },
        "models": models,
        "scores": _nested(scores),
        "notes": scores["note"].dropna().unique().tolist(),
        "parts": parts,
        "findings": found,
        "tables": tables,
        "curves": read_curves(metrics / "train", variants),
        "robustness": _robustness(metrics / "robustness", variants, dataset),
        "label_noise": _sentences(noise, dataset.train),
    }


def _predicted_parts(
    dataset: Dataset,
    predictions: Path,
    models: Sequence[str],
    tables: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of each part with all models' predictions, and the findings."""
    task = dataset.task
    read = {name: read_predictions(predictions / f"{name}.parquet", task.labels) for name in models}
    stacked = stack(read, task.labels)
    part_of = np.array(stacked.parts)
    parts: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for part in PARTS:
        rows = np.flatnonzero(part_of == part)
        if not len(rows):
            continue
        examples = dataset.rows(part, [stacked.guids[i] for i in rows])
        gold = task.label_ids(examples)
        parts[part] = example_columns(examples, task) | {"predictions": {}}
        for model, probabilities in zip(models, stacked.probabilities[:, rows], strict=True):
            parts[part]["predictions"][model] = prediction_columns(probabilities, gold)
            if (labelled := gold >= 0).any():
                key = f"{model}_{part}"
                found[key] = findings(
                    gold[labelled],
                    probabilities[labelled].argmax(axis=1),
                    task,
                    slices=tables["slices"].get(key),
                    per_relation=tables["per_relation"].get(key),
                )
    return parts, found


def _frame(dataset: Dataset, part: str) -> pd.DataFrame:
    return dataset.train if part == "validation" else dataset.test


def _read_scores(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(f"{path} does not exist. Run `dvc repro evaluate`, which writes it.")
    return read_scores(path.read_text(encoding="utf-8"), str(path))


def _nested(scores: pd.DataFrame) -> dict[str, Any]:
    """Return ``scores[model][column][pairs]``: metrics with their limits, rows, note."""
    found: dict[str, Any] = {}
    for row in scores.to_dict(orient="records"):
        columns = found.setdefault(row["model"], {}).setdefault(row["column"], {})
        values = columns.setdefault(row["pairs"], {"rows": row["rows"]})
        metric = row["metric"]
        values[metric] = row["value"]
        if not pd.isna(row["low"]):
            values |= {f"{metric}_low": row["low"], f"{metric}_high": row["high"]}
        if not pd.isna(row["note"]):
            values["note"] = row["note"]
        if row["effective_rows"] != row["rows"]:
            values["effective_rows"] = row["effective_rows"]
    return found


def _sentences(excerpt: Excerpt | None, examples: pd.DataFrame) -> dict[str, Any] | None:
    if excerpt is None:
        return None
    return {"columns": with_spans(excerpt.columns, examples), "total": excerpt.total}


def _robustness(folder: Path, variants: Sequence[str], dataset: Dataset) -> dict[str, Any]:
    rows = pd.concat([dataset.train, dataset.test]).drop_duplicates("guid")
    found = {}
    for variant in variants:
        rates = read_table(folder / variant / "rates.csv", RATES)
        changed = read_table(folder / variant / "changed.csv", CHANGED, LISTED_CHANGES)
        if rates is not None:
            found[variant] = {"rates": rates.columns, "changed": _sentences(changed, rows)}
    return found
