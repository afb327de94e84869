"""Two models of this project compared, each in the workspace or at a revision."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.experiments.comparison.flips import Flips, flips
from gwangye.experiments.comparison.paired_bootstrap import compare
from gwangye.experiments.comparison.pairs import Pair, align
from gwangye.experiments.comparison.results import Comparison
from gwangye.experiments.repository import DATA, SPLIT, TARGET
from gwangye.experiments.revisions import fetch_output
from gwangye.prediction.tables import predictions_file, read_predictions


def compare_models(
    first: str,
    second: str,
    part: str = "validation",
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[dict[str, Comparison], Flips]:
    """Compare two models of this project: on the rows as they are, and re-weighted to the target.

    Labels are those of the workspace.

    Args:
        first: A: ``<name>``, or ``<name>@<revision>``.
        second: B.
        part: "validation", or "test"; only validation rows are re-weighted.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        The comparisons by kind, "plain" first, and the rows that both predict differently.

    Raises:
        DataError: Predictions or rows are missing or do not go together.
    """
    dataset = Dataset.read(SPLIT)
    a, b = (predictions_of(name, dataset.task.labels) for name in (first, second))
    pair = align(a, b, dataset, part, names=(first, second))
    found = {"plain": compare(pair, resamples=resamples, seed=seed)}
    weights = _weights(pair, dataset)
    if weights is not None:
        found["re-weighted to the target"] = compare(
            pair, weights=weights, resamples=resamples, seed=seed
        )
    return found, flips(pair, dataset.rows(part, pair.guids))


def predictions_of(model: str, labels: Sequence[str]) -> pd.DataFrame:
    """Read a model's predictions, of the workspace or of a revision.

    Args:
        model: ``<name>``, or ``<name>@<revision>``.
        labels: Relation names in label order.

    Returns:
        A prediction table; the mean over seeds where there are several.

    Raises:
        DataError: There are no such predictions, they are not at hand, or of other relations.
    """
    name, _, revision = model.partition("@")
    path = predictions_file(DATA, name)
    if not revision:
        return read_predictions(path, labels)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            local = fetch_output(path, revision, Path(temporary))
        except DataError as error:
            raise DataError(f"{model}: {error}") from error
        return read_predictions(local, labels)


def _weights(pair: Pair, dataset: Dataset) -> NDArray[Any] | None:
    """Return the (rows,) weights of validation rows to the target, if there is one."""
    target = TARGET / "target.json"
    if pair.part != "validation" or not target.is_file():
        return None
    rows = dataset.labelled("validation").set_index("guid", drop=False).loc[list(pair.guids)]
    raking = Target.read(target).weigh(rows, dataset)
    return None if raking is None else raking.weights
