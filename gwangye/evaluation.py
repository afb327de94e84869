"""Evaluate one model's predictions: scores in three columns, and tables that show where it errs.

The columns are plain validation, validation re-weighted to the target
(:class:`gwangye.targets.Target`), and test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.analysis import confident_errors, confusions, kinds_of_error
from gwangye.calibration import expected_calibration_error, reliability, risk_coverage
from gwangye.dataset import Dataset
from gwangye.errors import DataError
from gwangye.exposure import seen_pairs
from gwangye.metrics import absent_relations, per_relation
from gwangye.predictions import PARTS, check_once
from gwangye.shift import Raking, score_intervals
from gwangye.shift.resampling import basic_limits
from gwangye.targets import Target

TABLES = ("per_relation", "confusions", "errors", "reliability", "risk_coverage")


@dataclass(frozen=True)
class PartEvaluation:
    """How well one part ("validation" or "test") is predicted."""

    scores: dict[str, Any]  # percent, with intervals; the same of slices of the rows
    reweighted: dict[str, Any] | None  # the same for rows weighted to the target
    counts: dict[str, int]  # rows, kinds of error, relations without a row
    per_relation: pd.DataFrame
    confusions: pd.DataFrame
    errors: pd.DataFrame
    reliability: pd.DataFrame
    risk_coverage: pd.DataFrame


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of one model, by part; a part without labels is not in it."""

    parts: dict[str, PartEvaluation]

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """Return the scores by column, as ``metrics.json`` holds them.

        Columns: validation, validation_reweighted, test. Scores are percent: micro_f1 and auprc,
        each with its 95 % interval (``_low``, ``_high``), accuracy and ece (expected calibration
        error). ``rows`` is their number, ``effective_rows`` what weighted rows are worth.
        ``seen_pair`` and ``unseen_pair`` are the rows whose entity pair training has, and has not.
        """
        columns = {}
        for part, evaluation in self.parts.items():
            columns[part] = evaluation.scores
            if evaluation.reweighted is not None:
                columns[f"{part}_reweighted"] = evaluation.reweighted
        return columns

    def write_tables(self, folder: Path, name: str) -> None:
        """Write ``<table>/<name>_<part>.csv`` below ``folder`` for each table and part."""
        for part, evaluation in self.parts.items():
            for table in TABLES:
                path = folder / table / f"{name}_{part}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                getattr(evaluation, table).to_csv(path, index=False)


@dataclass(frozen=True)
class Evaluator:
    """What all models of a split are judged by.

    Args:
        dataset: The split.
        target: What the re-weighted column should hold for; None leaves it out.
        num_errors: Rows at most in the list of the most confident errors.
        resamples: Bootstrap resamples of the intervals.
        seed: Seed of the resamples.
    """

    dataset: Dataset
    target: Target | None = None
    num_errors: int = 200
    resamples: int = 1000
    seed: int = 0

    def evaluate(self, table: pd.DataFrame) -> Evaluation:
        """Score a prediction table against the labels of the split.

        Raises:
            DataError: A predicted row is not in the split, a row is predicted twice, or a labelled
                test row is not predicted.
        """
        check_once(table, "the prediction table")
        parts = {}
        for part in PARTS:
            rows = table[table["part"] == part]
            _check_rows(rows["guid"], part, self.dataset)
            examples = self.dataset.labelled(part).set_index("guid", drop=False)
            rows = rows[rows["guid"].isin(examples.index)]
            if len(rows):
                probabilities = rows[list(self.dataset.task.labels)].to_numpy(dtype=np.float64)
                parts[part] = self._part(part, examples.loc[rows["guid"]], probabilities)
        return Evaluation(parts)

    def _part(
        self, part: str, examples: pd.DataFrame, probabilities: NDArray[np.float64]
    ) -> PartEvaluation:
        task = self.dataset.task
        true, predicted = task.label_ids(examples), probabilities.argmax(axis=1)
        everything = self._scores(true, probabilities)
        scores = dict(everything)
        seen = seen_pairs(examples, part, self.dataset)
        for name, rows in (("seen_pair", seen), ("unseen_pair", ~seen)):
            if rows.all():  # the default split: no validation pair is known to training
                scores[name] = everything
            elif rows.any():
                scores[name] = self._scores(true[rows], probabilities[rows])
        reweighted = None
        if part == "validation" and self.target is not None:
            raking = self.target.weigh(examples, self.dataset)
            if raking is not None:
                reweighted = self._scores(true, probabilities, raking)
        return PartEvaluation(
            scores=scores,
            reweighted=reweighted,
            counts={
                "rows": len(examples),
                "absent_relations": len(absent_relations(true, task.labels)),
                **kinds_of_error(true, predicted, task.labels, task.negative_label),
            },
            per_relation=per_relation(true, probabilities, task.labels).round(2),
            confusions=confusions(true, predicted, task.labels),
            errors=confident_errors(examples, probabilities, task.labels, self.num_errors),
            reliability=reliability(probabilities, true).round(2),
            risk_coverage=risk_coverage(
                probabilities, true, task.labels, task.negative_label
            ).round(4),
        )

    def _scores(
        self,
        true: NDArray[np.int64],
        probabilities: NDArray[np.float64],
        raking: Raking | None = None,
    ) -> dict[str, Any]:
        task = self.dataset.task
        found = score_intervals(
            true,
            probabilities,
            task.labels,
            task.negative_label,
            resamples=self.resamples,
            seed=self.seed,
            weights=raking,
        )
        weights = np.ones(len(true)) if raking is None else raking.weights
        # where weights make few rows count, percentiles of AUPRC lie too high
        area = found.auprc
        if raking is not None:
            limits = np.clip(basic_limits(area.value, found.replicates.auprc), 0, 100)
            area = area._replace(low=float(limits[0]), high=float(limits[1]))
        values = {"micro_f1": found.micro_f1, "auprc": area}
        scores: dict[str, Any] = {}
        for name, interval in values.items():
            scores[name] = round(interval.value, 2)
            scores[f"{name}_low"] = round(interval.low, 2)
            scores[f"{name}_high"] = round(interval.high, 2)
        correct = probabilities.argmax(axis=1) == true
        scores["accuracy"] = round(100 * float(np.average(correct, weights=weights)), 2)
        scores["ece"] = round(expected_calibration_error(probabilities, true, weights=weights), 2)
        scores["rows"] = len(true)
        if raking is not None:
            scores["effective_rows"] = round(raking.effective_rows, 1)
        return scores


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
