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
from gwangye.evaluation.analysis.confusions import confusions
from gwangye.evaluation.analysis.disagreements import disagreements
from gwangye.evaluation.analysis.label_noise import suspected_labels
from gwangye.evaluation.analysis.relations import relation_scores
from gwangye.evaluation.analysis.rows import confident_errors
from gwangye.evaluation.analysis.slices import slice_scores, slice_values
from gwangye.evaluation.calibration import expected_calibration_error, reliability, risk_coverage
from gwangye.evaluation.scores import FIELDS
from gwangye.evaluation.shift.reweighting import Raking
from gwangye.evaluation.shift.score_intervals import ScoreIntervals, score_intervals
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.files import write_csv
from gwangye.prediction.tables import PARTS, check_once, stack


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of one model; a part ("validation", "test") without labels is not in it.

    Args:
        lines: Of the table of scores, without the model.
        tables: By name ("per_relation", "slices", ...) and part.
    """

    lines: list[dict[str, Any]]
    tables: dict[tuple[str, str], pd.DataFrame]

    def scores(self, name: str) -> pd.DataFrame:
        """Return all scores of the model, as :data:`gwangye.evaluation.scores.FIELDS` says.

        Args:
            name: The model's name.
        """
        lines = [{"model": name, **line} for line in self.lines]
        return pd.DataFrame(lines, columns=list(FIELDS)).astype(FIELDS)

    def write_tables(self, folder: Path, name: str) -> None:
        """Write ``<table>/<name>_<part>.csv`` below ``folder`` for each table and part."""
        for (table, part), rows in self.tables.items():
            write_csv(rows, folder / table / f"{name}_{part}.csv")


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
    _rows_of: dict[tuple[str, ...], _Rows] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def evaluate(self, table: pd.DataFrame) -> Evaluation:
        """Score a prediction table against the labels of the split.

        Raises:
            DataError: A predicted row is not in the split, a row is predicted twice, or a labelled
                test row is not predicted.
        """
        check_once(table, "the prediction table")
        lines: list[dict[str, Any]] = []
        tables: dict[tuple[str, str], pd.DataFrame] = {}
        for part in PARTS:
            rows, probabilities = self._labelled(table, part)
            if rows is not None:
                found = self._intervals(rows.true, probabilities)
                lines += self._scores(part, rows, probabilities, found)
                own = self._tables(rows, probabilities, found)
                tables |= {(name, part): of_part for name, of_part in own.items()}
        return Evaluation(lines, tables)

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

    def suspected_labels(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the validation rows whose label the model doubts that did not train on them.

        Raises:
            DataError: A predicted row is not in the split.
        """
        rows, probabilities = self._labelled(table, "validation")
        examples = self.dataset.train.head(0) if rows is None else rows.examples
        return suspected_labels(examples, probabilities, self.dataset.task.labels)

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
            if key not in self._rows_of:  # all variants of a run predict the same rows
                self._rows_of[key] = self._rows(part, examples[labelled])
            rows = self._rows_of[key]
        return rows, probabilities[labelled]

    def _rows(self, part: str, examples: pd.DataFrame) -> _Rows:
        raking = None
        if part == "validation" and self.target is not None:
            raking = self.target.weigh(examples, self.dataset)
        true = self.dataset.task.label_ids(examples)
        return _Rows(examples, true, slice_values(examples, part, self.dataset), raking)

    def _scores(
        self, part: str, rows: _Rows, probabilities: NDArray[np.float64], found: ScoreIntervals
    ) -> list[dict[str, Any]]:
        """Return the lines of the table of scores for one part."""
        lines = _lines(part, "all", rows.true, probabilities, found)
        seen = (rows.slices["pair"] == "seen").to_numpy()
        for pairs, chosen in (("seen", seen), ("unseen", ~seen)):
            if chosen.any():
                some = (rows.true[chosen], probabilities[chosen])
                # the default split: no validation pair is in the training rows
                own = found if chosen.all() else self._intervals(*some)
                lines += _lines(part, pairs, *some, own)
        if rows.raking is not None:
            same = (rows.true, probabilities)
            weighted = self._intervals(*same, rows.raking)
            lines += _lines(f"{part}_reweighted", "all", *same, weighted, rows.raking)
        return lines

    def _tables(
        self, rows: _Rows, probabilities: NDArray[np.float64], found: ScoreIntervals
    ) -> dict[str, pd.DataFrame]:
        """Return the tables of one part by name."""
        task, true, predicted = self.dataset.task, rows.true, probabilities.argmax(axis=1)
        labels, negative = task.labels, task.negative_label
        options: dict[str, Any] = {"resamples": self.resamples, "seed": self.seed}
        return {
            "per_relation": relation_scores(true, probabilities, labels, negative, found),
            "slices": slice_scores(rows.slices, true, predicted, task, **options),
            "confusions": confusions(true, predicted, labels),
            "errors": confident_errors(rows.examples, probabilities, labels, self.num_errors),
            "reliability": reliability(probabilities, true).round(2),
            "risk_coverage": risk_coverage(probabilities, true, labels, negative).round(4),
        }

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


def _lines(
    column: str,
    pairs: str,
    true: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    found: ScoreIntervals,
    raking: Raking | None = None,
) -> list[dict[str, Any]]:
    """Return the lines of the table of scores for some rows in one column."""
    weights = None if raking is None else raking.weights
    accuracy = 100 * float(np.average(probabilities.argmax(axis=1) == true, weights=weights))
    ece = expected_calibration_error(probabilities, true, weights=weights)
    values: dict[str, tuple[float, ...]] = {
        "micro_f1": found.micro_f1,
        "auprc": found.auprc,
        "accuracy": (accuracy,),
        "ece": (ece,),
    }
    same = {
        "column": column,
        "pairs": pairs,
        "rows": len(true),
        "effective_rows": round(found.effective_rows, 1),
        "note": None if raking is None else raking.note,
    }
    fields = ("value", "low", "high")
    return [
        {**same, "metric": metric}
        | dict(zip(fields, (round(number, 2) for number in numbers), strict=False))
        for metric, numbers in values.items()
    ]


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
