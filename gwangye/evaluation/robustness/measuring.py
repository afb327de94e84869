"""Perturb validation rows, and predict them by the models that did not train on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.evaluation.robustness.base import PERTURBATIONS, RobustnessOptions, generator_of
from gwangye.evaluation.robustness.pool import Folds, NamePool, validating_folds
from gwangye.examples import Dataset, Example, to_examples
from gwangye.model.folders import fold_folder
from gwangye.prediction.predictor import Predictor

CASES = {
    "guid": "object",
    "perturbation": "object",
    "actual": "object",  # the row's relation
    "before": "object",  # what is predicted for the sentence as it was
    "after": "object",  # and as it is now
    "confidence_before": "float64",  # the probabilities of both, 0 to 1
    "confidence_after": "float64",
    "sentence": "object",  # as it is now
    "subject_start": "int64",  # where its entities are, half-open
    "subject_end": "int64",
    "object_start": "int64",
    "object_end": "int64",
}
"""The columns of a table of perturbed rows."""


class Perturbed(NamedTuple):
    """A changed row: the number of the row that it was, the perturbation's name, the result."""

    row: int
    perturbation: str
    example: Example


def measure_robustness(
    dataset: Dataset,
    models: Path,
    *,
    folds: Sequence[int],
    options: RobustnessOptions,
    seed: int,
    progress: bool = False,
) -> pd.DataFrame:
    """Predict a variant's validation rows as they are, and perturbed.

    Every fold's rows are predicted by the models (one per seed) that did not train on them; a row
    of several folds has the mean of theirs, before and after.

    Args:
        dataset: The split.
        models: The variant's folder.
        folds: The folds that were trained.
        options: How many rows, and which perturbations.
        seed: Seed of the rows that are drawn and of the perturbations.
        progress: Whether to show a progress bar.

    Returns:
        One row per perturbed row, with :data:`CASES`.

    Raises:
        DataError: The folder holds no models, or models of other relations.
    """
    frame = sample_rows(dataset.labelled("validation"), folds, options.rows, seed)
    examples = list(to_examples(frame))
    names = NamePool(dataset.labelled("validation"), folds, options.names)
    perturbed = perturb(examples, options.perturbations, names, seed)
    rows = [*range(len(examples)), *(case.row for case in perturbed)]
    own = validating_folds(frame, folds)
    probabilities = _predict(
        models,
        [*examples, *(case.example for case in perturbed)],
        [own[row] for row in rows],
        folds,
        dataset.task.labels,
        progress=progress,
    )
    return _cases(examples, perturbed, probabilities, dataset.task.labels)


def sample_rows(frame: pd.DataFrame, folds: Sequence[int], rows: int, seed: int) -> pd.DataFrame:
    """Draw validation rows of these folds, in the table's order.

    Whether a row is drawn before another depends on the seed and the two guids alone: of more
    rows, all that were drawn of fewer are drawn again.
    """
    validated = frame[[bool(own) for own in validating_folds(frame, folds)]]
    draws = [generator_of(seed, guid).random() for guid in validated["guid"]]
    return validated.iloc[np.sort(np.argsort(draws, kind="stable")[:rows])]


def perturb(
    examples: Sequence[Example], perturbations: Sequence[str], names: NamePool, seed: int
) -> list[Perturbed]:
    """Change every row in every way that changes it, one perturbation after the other.

    What becomes of a row depends on the seed, its guid, the perturbation and the names.
    """
    perturbed = []
    for name in perturbations:
        piece = PERTURBATIONS[name]()
        for row, example in enumerate(examples):
            changed = piece.apply(example, generator_of(seed, example.guid, name), names)
            if changed is not None and changed.sentence != example.sentence:
                perturbed.append(Perturbed(row, name, changed))
    return perturbed


def _predict(
    models: Path,
    examples: Sequence[Example],
    validated_by: Sequence[Folds],
    folds: Sequence[int],
    labels: Sequence[str],
    *,
    progress: bool,
) -> NDArray[np.float64]:
    """Return (examples, relations) probabilities, the mean over the folds that validate a row."""
    total = np.zeros((len(examples), len(labels)))
    for fold in folds:
        rows = [i for i, own in enumerate(validated_by) if fold in own]
        folder = fold_folder(models, fold, folds)
        predictor = Predictor([folder])
        if list(predictor.labels) != list(labels):
            raise DataError(
                f"{folder} was trained on other relations than the split has. Run `dvc repro`, so "
                "that both are of the same split."
            )
        total[rows] += predictor.probabilities([examples[i] for i in rows], progress=progress)
    counts = np.array([len(own) for own in validated_by], dtype=np.float64)
    return total / counts[:, None]


def _cases(
    examples: Sequence[Example],
    perturbed: Sequence[Perturbed],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Return one row per perturbed row; its unchanged one is among the first probabilities."""
    predicted = [labels[i] for i in probabilities.argmax(axis=1)]
    confidence = probabilities.max(axis=1).round(4)
    lines = [
        (
            case.example.guid,
            case.perturbation,
            case.example.label,
            predicted[case.row],
            predicted[after],
            confidence[case.row],
            confidence[after],
            case.example.sentence,
            case.example.subject_entity.start,
            case.example.subject_entity.end,
            case.example.object_entity.start,
            case.example.object_entity.end,
        )
        for after, case in enumerate(perturbed, start=len(examples))
    ]
    return pd.DataFrame(lines, columns=list(CASES)).astype(CASES)
