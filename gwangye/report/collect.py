"""Reading what the page shows: the split, all predictions, and the tables of earlier stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gwangye.errors import DataError
from gwangye.evaluation.changes import changed_rates, changed_rows
from gwangye.evaluation.curves import CURVES, FIELDS
from gwangye.evaluation.scores import read_scores
from gwangye.examples import Dataset, Task
from gwangye.prediction.tables import PARTS, predictions_file, read_predictions, stack
from gwangye.report.findings import findings
from gwangye.report.rows import SPANS, example_columns, prediction_columns, utf16_spans
from gwangye.report.tables import (
    DISAGREEMENTS,
    LABEL_NOISE,
    Excerpt,
    as_lists,
    read_model_tables,
    read_table,
)

LISTED = 500
"""Rows of label errors or disagreements that the page holds; the tables hold all."""


def collect(
    data: Path,
    metrics: Path,
    variants: Sequence[str],
    *,
    trained: Mapping[str, Any],
    cases: Mapping[str, pd.DataFrame],
    num_changed: int,
) -> dict[str, Any]:
    """Bring together everything that the page shows.

    Args:
        data: Folder of the split, the predictions and the ensemble.
        metrics: Folder of ``scores.csv`` and ``tables``. A table that does not exist is left out.
        variants: The variants' names, in order.
        trained: What was trained, as :func:`gwangye.report.training.describe` gives it.
        cases: Perturbed rows by variant, from :func:`gwangye.evaluation.changes.read_cases`.
        num_changed: Changed predictions at most that are listed of a variant.

    Returns:
        Plain values, to be written as JSON.

    Raises:
        DataError: A file is missing or not what its stage writes, or the models do not predict the
            same rows.
    """
    dataset, models = Dataset.read(data / "split"), ["ensemble", *variants]
    folder = metrics / "tables"
    tables = read_model_tables(folder, models, PARTS)
    parts, found = _predicted_parts(dataset, data, models, tables)
    for part, values in parts.items():
        path = folder / "disagreements" / f"{part}.csv"
        values["disagreements"] = _listed(read_table(path, DISAGREEMENTS, LISTED), dataset, part)
    scores = _read_scores(metrics / "scores.csv")
    noise = read_table(folder / "label_noise.csv", LABEL_NOISE, LISTED)
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
        "curves": _curves(folder / "curves"),
        "robustness": {v: _robustness(rows, task, num_changed) for v, rows in cases.items()},
        "label_noise": _listed(noise, dataset, "validation"),
    }


def _predicted_parts(
    dataset: Dataset,
    data: Path,
    models: Sequence[str],
    tables: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of each part with all models' predictions, and the findings."""
    task = dataset.task
    read = {name: read_predictions(predictions_file(data, name), task.labels) for name in models}
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


def _listed(excerpt: Excerpt | None, dataset: Dataset, part: str) -> dict[str, Any] | None:
    """Return a table of rows of the split with their sentences and entity positions."""
    if excerpt is None:
        return None
    rows = dataset.rows(part, excerpt.columns["guid"])
    words = ("subject", "object")  # the positions tell them
    columns = {name: of for name, of in excerpt.columns.items() if name not in words}
    columns |= {"sentence": rows["sentence"].tolist(), "spans": utf16_spans(rows)}
    return {"columns": columns, "total": excerpt.total}


def _curves(folder: Path) -> list[dict[str, Any]]:
    """Return the curves that any run has: title and lines, each with its variant and points."""
    shown = []
    for name, (_, title) in CURVES.items():
        found = read_table(folder / f"{name}.csv", FIELDS)
        if found is not None and found.total:
            table = pd.DataFrame(found.columns).astype({"value": "float64"})  # text in other tables
            lines = [
                {"name": line, "variant": variant, **as_lists(rows[["step", "value"]])}
                for (line, variant), rows in table.groupby(["line", "variant"], sort=False)
            ]
            shown.append({"title": title, "lines": lines})
    return shown


def _robustness(cases: pd.DataFrame, task: Task, num_changed: int) -> dict[str, Any]:
    """Return how many of a variant's predictions change, and the rows where the model is surest."""
    changed = changed_rows(cases, num_changed)
    columns = as_lists(changed.drop(columns=list(SPANS))) | {"spans": utf16_spans(changed)}
    return {
        "rates": as_lists(changed_rates(cases, task.labels, task.negative_label)),
        "changed": {"columns": columns, "total": int((cases["before"] != cases["after"]).sum())},
    }
