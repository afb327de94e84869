"""Evaluate one model's predictions: scores, and tables that show where it errs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.analysis import confident_errors, confusions, kinds_of_error
from gwangye.dataset import Dataset
from gwangye.errors import DataError
from gwangye.metrics import absent_relations, per_relation, score
from gwangye.predictions import PARTS, check_once


@dataclass(frozen=True)
class PartEvaluation:
    """How well one part ("validation" or "test") is predicted."""

    scores: dict[str, float]  # percent
    counts: dict[str, int]  # rows, kinds of error, relations without a row
    per_relation: pd.DataFrame
    confusions: pd.DataFrame
    errors: pd.DataFrame


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of one model, by part; a part without labels is not in it."""

    parts: dict[str, PartEvaluation]

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Return the scores by part, percent, as ``metrics.json`` holds them."""
        return {part: evaluation.scores for part, evaluation in self.parts.items()}

    def write_tables(self, folder: Path, name: str) -> None:
        """Write ``<table>/<name>_<part>.csv`` below ``folder`` for each table and part."""
        for part, evaluation in self.parts.items():
            for table in ("per_relation", "confusions", "errors"):
                path = folder / table / f"{name}_{part}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                getattr(evaluation, table).to_csv(path, index=False)


def evaluate(table: pd.DataFrame, dataset: Dataset, *, num_errors: int) -> Evaluation:
    """Score a prediction table against the labels of its split.

    Args:
        table: Prediction table.
        dataset: The split.
        num_errors: Rows at most in the list of the most confident errors.

    Raises:
        DataError: A predicted row is not in the split, a row is predicted twice, or a labelled test
            row is not predicted.
    """
    check_once(table, "the prediction table")
    parts = {}
    for part in PARTS:
        rows = table[table["part"] == part]
        _check_rows(rows["guid"], part, dataset)
        examples = dataset.labelled(part).set_index("guid", drop=False)
        rows = rows[rows["guid"].isin(examples.index)]
        if len(rows):
            probabilities = rows[list(dataset.task.labels)].to_numpy(dtype=np.float64)
            parts[part] = _evaluate_part(
                examples.loc[rows["guid"]], probabilities, dataset, num_errors
            )
    return Evaluation(parts)


def _check_rows(guids: pd.Series[str], part: str, dataset: Dataset) -> None:
    frame = dataset.train if part == "validation" else dataset.test
    unknown = guids[~guids.isin(frame["guid"])]
    if len(unknown):
        raise DataError(
            f"{len(unknown)} predicted {part} rows are not in the split, first "
            f"'{unknown.iloc[0]}'. Run `dvc repro` so that both are of the same split."
        )
    labelled = dataset.labelled(part)["guid"]
    missing = labelled[~labelled.isin(guids)]
    # Of the validation rows, only those of the trained folds are predicted.
    if part == "test" and len(missing):
        raise DataError(
            f"{len(missing)} of {len(labelled)} labelled test rows are not predicted, first "
            f"'{missing.iloc[0]}': a score of the others would be another one. Run `dvc repro`."
        )


def _evaluate_part(
    examples: pd.DataFrame, probabilities: NDArray[np.float64], dataset: Dataset, num_errors: int
) -> PartEvaluation:
    task = dataset.task
    true, predicted = task.label_ids(examples), probabilities.argmax(axis=1)
    scores = score(true, probabilities, task.labels, task.negative_label)
    return PartEvaluation(
        scores={name: round(value, 2) for name, value in scores._asdict().items()},
        counts={
            "rows": len(examples),
            "absent_relations": len(absent_relations(true, task.labels)),
            **kinds_of_error(true, predicted, task.labels, task.negative_label),
        },
        per_relation=per_relation(true, probabilities, task.labels).round(2),
        confusions=confusions(true, predicted, task.labels),
        errors=confident_errors(examples, probabilities, task.labels, num_errors),
    )
