"""An ablation's results, from the DVC experiments that a plan has made."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.experiments.effects import Trained
from gwangye.experiments.plan import Run
from gwangye.experiments.repository import git
from gwangye.experiments.revisions import fetch_output
from gwangye.experiments.stage_times import KEY, read_trailer
from gwangye.experiments.worktree import LOCK, PARAMS, Repository
from gwangye.params import read_values
from gwangye.prediction.tables import read_predictions

SPLIT = Path("data/split")
TARGET = Path("data/target")
PREDICTIONS = Path("data/predictions")


def read_trained(
    repository: Repository, revisions: Sequence[tuple[Run, str]], model: str
) -> list[Trained]:
    """Read what the experiments predicted, and how long their training took.

    Training that came from the cache took its time in another of these experiments: where the
    trained model is the same.

    Args:
        repository: The repository that has the experiments.
        revisions: Runs, each with the hash of its experiment.
        model: Whose predictions: "ensemble" or a variant.

    Raises:
        DataError: Something is not in the cache.
    """
    seconds: dict[str, float] = {}
    models: list[list[str]] = []
    for _, revision in revisions:
        hashes = _hashes(repository, revision)
        # dvc.lock keeps entries of variants that are no more
        variants = read_values(repository.read(PARAMS, revision), PARAMS)["variants"]
        trained = {name: hashes[f"models/{name}"] for name in variants}
        models.append(list(trained.values()))
        message = f"--format=%(trailers:key={KEY},valueonly)"
        text = git(repository.root, "log", "-1", message, revision).strip()
        seconds |= {trained[name]: took for name, took in read_trailer(text).items()}
    reader = _Reader(repository)
    found = []
    for (run, revision), hashes_of_models in zip(revisions, models, strict=True):
        took = [seconds.get(key) for key in hashes_of_models]
        known = [value for value in took if value is not None]
        dataset, target = reader.split(revision), reader.target(revision)
        found.append(
            Trained(
                factor=run.factor,
                alternative=run.alternative,
                seed=run.seed,
                predictions=reader.predictions(revision, model, dataset),
                dataset=dataset,
                target=target,
                train_seconds=sum(known) if known and len(known) == len(took) else None,
            )
        )
    return found


class _Reader:
    """Reads outputs of experiments, each content once."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._splits: dict[str, Dataset] = {}
        self._targets: dict[str, Target] = {}

    def split(self, revision: str) -> Dataset:
        key = _hashes(self.repository, revision)[SPLIT.as_posix()]
        if key not in self._splits:
            with tempfile.TemporaryDirectory() as folder:
                self._splits[key] = Dataset.read(self._fetch(SPLIT, revision, folder))
        return self._splits[key]

    def target(self, revision: str) -> Target:
        key = _hashes(self.repository, revision)[TARGET.as_posix()]
        if key not in self._targets:
            with tempfile.TemporaryDirectory() as folder:
                copy = self._fetch(TARGET, revision, folder)
                self._targets[key] = Target.read(copy / "target.json")
        return self._targets[key]

    def predictions(self, revision: str, model: str, dataset: Dataset) -> pd.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            copy = self._fetch(PREDICTIONS / f"{model}.parquet", revision, folder)
            return read_predictions(copy, dataset.task.labels)

    def _fetch(self, path: Path, revision: str, folder: str) -> Path:
        return fetch_output(path, revision, Path(folder), root=self.repository.root)


def _hashes(repository: Repository, revision: str) -> dict[str, str]:
    """Return the hash of every output in a revision's dvc.lock."""
    stages = yaml.safe_load(repository.read(LOCK, revision))["stages"]
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {out["path"]: out["md5"] for out in outs}
