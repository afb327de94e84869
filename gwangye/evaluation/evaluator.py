"""Evaluate one model's predictions: scores in three columns, and tables that show where it errs.

The columns are plain validation, validation re-weighted to the target
(:class:`gwangye.evaluation.targets.Target`), and test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.evaluation.analysis import (
    confident_errors,
    confusions,
    disagreements,
    doubted_labels,
    kinds_of_error,
    relation_scores,
    slice_scores,
    slice_values,
)
from gwangye.evaluation.calibration import expected_calibration_error, reliability, risk_coverage
from gwangye.evaluation.shift import Raking, ScoreIntervals, score_intervals
from gwangye.evaluation.shift.resampling import basic_limits
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.files import write_csv
from gwangye.metrics import absent_relations
from gwangye.prediction.tables import PARTS, check_once, stack

TABLES = ("per_relation", "slices", "confusions", "errors", "reliability", "risk_coverage")


@dataclass(frozen=True)
class PartEvaluation:
    """How well one part ("validation" or "test") is predicted."""

    scores: dict[str, Any]  # percent, with intervals; the same of slices of the rows
    reweighted: dict[str, Any] | None  # the same for rows weighted to the target
    counts: dict[str, int]  # rows, kinds of error, relations without a row
    per_relation: pd.DataFrame
    slices: pd.DataFrame
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
                write_csv(getattr(evaluation, table), folder / table / f"{name}_{part}.csv")


class _Rows(NamedTuple):
    """Labelled rows, and what is the same for all models that predict them."""

    examples: pd.DataFrame
    true: NDArray[np.int64]
    slices: pd.DataFrame
    raking: Raking | None


@dataclass(frozen=True)
class Evaluator:
    """What all models of a split are judged by.

    Args:
        dataset: The split.
        target: What the re-weighted column should hold for; None leaves it out.
        num_errors: Rows at most in the lists of the most confident errors and of disagreements.
        resamples: Bootstrap resamples of the intervals.
        seed: Seed of the resamples.
    """

    dataset: Dataset
    target: Target | None = None
    num_errors: int = 200
    resamples: int = 1000
    seed: int = 0
    _known: dict[tuple[str, ...], _Rows] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def evaluate(self, table: pd.DataFrame) -> Evaluation:
        """Score a prediction table against the labels of the split.

        Raises:
            DataError: A predicted row is not in the split, a row is predicted twice, or a labelled
                test row is not predicted.
        """
        check_once(table, "the prediction table")
        parts = {}
        for part in PARTS:
            rows, probabilities = self._labelled(table, part)
            if rows is not None:
                parts[part] = self._part(part, rows, probabilities)
        return Evaluation(parts)

    def disagreements(
        self, table: pd.DataFrame, members: Mapping[str, pd.DataFrame]
    ) -> dict[str, pd.DataFrame]:
        """Return by part the rows on which the members disagree most, labelled or not.

        Args:
            table: The ensemble's prediction table.
            members: The members' prediction tables of the same rows.

        Returns:
            :func:`gwangye.evaluation.analysis.disagreements` of each part that has rows.

        Raises:
            DataError: A row is not in the split, or the tables do not predict the same rows.
        """
        labels = list(self.dataset.task.labels)
        stacked = stack({"the ensemble": table, **members}, labels)
        found = {}
        for part in PARTS:
            rows = np.array(stacked.parts) == part
            if rows.any():
                examples = self.dataset.rows(part, np.array(stacked.guids)[rows].tolist())
                ensemble, *each = stacked.probabilities[:, rows]
                found[part] = disagreements(
                    examples, ensemble, np.array(each), list(members), labels, self.num_errors
                )
        return found

    def doubted_labels(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the validation rows whose label the model doubts that did not train on them.

        Raises:
            DataError: A predicted row is not in the split.
        """
        rows, probabilities = self._labelled(table, "validation")
        examples = self.dataset.train.head(0) if rows is None else rows.examples
        return doubted_labels(examples, probabilities, self.dataset.task.labels)

    def _labelled(self, table: pd.DataFrame, part: str) -> tuple[_Rows | None, NDArray[np.float64]]:
        """Return the labelled rows of a part, if any, and their (rows, relations) probabilities."""
        predicted = table[table["part"] == part]
        guids = predicted["guid"].tolist()
        examples = self.dataset.rows(part, guids)
        if part == "test":
            _check_complete(guids, self.dataset)
        labelled = examples["label"].notna().to_numpy()
        probabilities = predicted[list(self.dataset.task.labels)].to_numpy(dtype=np.float64)
        rows = None
        if labelled.any():
            key = (part, *guids)
            if key not in self._known:  # all variants of a run predict the same rows
                self._known[key] = self._rows(part, examples[labelled])
            rows = self._known[key]
        return rows, probabilities[labelled]

    def _rows(self, part: str, examples: pd.DataFrame) -> _Rows:
        raking = None
        if part == "validation" and self.target is not None:
            raking = self.target.weigh(examples, self.dataset)
        true = self.dataset.task.label_ids(examples)
        return _Rows(examples, true, slice_values(examples, part, self.dataset), raking)

    def _part(self, part: str, rows: _Rows, probabilities: NDArray[np.float64]) -> PartEvaluation:
        task, true = self.dataset.task, rows.true
        predicted = probabilities.argmax(axis=1)
        found = self._intervals(true, probabilities)
        everything = self._scores(true, probabilities, found)
        scores = dict(everything)
        seen = (rows.slices["pair"] == "seen").to_numpy()
        for name, chosen in (("seen_pair", seen), ("unseen_pair", ~seen)):
            if chosen.all():  # the default split: no validation pair is known to training
                scores[name] = everything
            elif chosen.any():
                some = (true[chosen], probabilities[chosen])
                scores[name] = self._scores(*some, self._intervals(*some))
        reweighted = None
        if rows.raking is not None:
            weighted = self._intervals(true, probabilities, rows.raking)
            reweighted = self._scores(true, probabilities, weighted, rows.raking)
        kinds = (true, predicted, task.labels, task.negative_label)
        return PartEvaluation(
            scores=scores,
            reweighted=reweighted,
            counts={
                "rows": len(true),
                "absent_relations": len(absent_relations(true, task.labels)),
                **kinds_of_error(*kinds),
            },
            per_relation=relation_scores(
                true, probabilities, task.labels, task.negative_label, found
            ),
            slices=slice_scores(
                rows.slices, true, predicted, task, resamples=self.resamples, seed=self.seed
            ),
            confusions=confusions(true, predicted, task.labels),
            errors=confident_errors(rows.examples, probabilities, task.labels, self.num_errors),
            reliability=reliability(probabilities, true).round(2),
            risk_coverage=risk_coverage(
                probabilities, true, task.labels, task.negative_label
            ).round(4),
        )

    def _intervals(
        self,
        true: NDArray[np.int64],
        probabilities: NDArray[np.float64],
        raking: Raking | None = None,
    ) -> ScoreIntervals:
        return score_intervals(
            true,
            probabilities,
            self.dataset.task.labels,
            self.dataset.task.negative_label,
            resamples=self.resamples,
            seed=self.seed,
            weights=raking,
        )

    def _scores(
        self,
        true: NDArray[np.int64],
        probabilities: NDArray[np.float64],
        found: ScoreIntervals,
        raking: Raking | None = None,
    ) -> dict[str, Any]:
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


def _check_complete(guids: list[str], dataset: Dataset) -> None:
    """Check that all labelled test rows are predicted.

    Of the validation rows, only those of the trained folds are.
    """
    labelled = dataset.labelled("test")["guid"]
    missing = labelled[~labelled.isin(guids)]
    if len(missing):
        raise DataError(
            f"{len(missing)} of {len(labelled)} labelled test rows are not predicted, first "
            f"'{missing.iloc[0]}': a score of the others would be another one. Run `dvc repro`."
        )
