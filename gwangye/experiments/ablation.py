"""An ablation's results, from the DVC experiments that a plan has made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import yaml

from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.experiments.effects import Trained
from gwangye.experiments.plan import Run
from gwangye.experiments.repository import DATA, LOCK, SPLIT, TARGET
from gwangye.experiments.revisions import fetch_output
from gwangye.experiments.worktree import Repository
from gwangye.prediction.tables import predictions_file, read_predictions

T = TypeVar("T")


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
    hashes = {revision: _hashes(repository, revision) for _, revision in revisions}
    models: dict[str, list[str]] = {}  # by revision, the hashes of what it trains
    seconds: dict[str, float] = {}  # by such a hash
    for revision, outputs in hashes.items():
        # dvc.lock keeps entries of variants that are no more
        variants = repository.params(revision)["variants"]
        models[revision] = [outputs[f"models/{name}"] for name in variants]
        for name, value in repository.train_seconds(revision).items():
            seconds[outputs[f"models/{name}"]] = value
    datasets: dict[str, Dataset] = {}  # each content is read once
    targets: dict[str, Target] = {}
    found = []
    for run, revision in revisions:
        fetch = partial(_fetched, repository, revision)
        key = hashes[revision][SPLIT.as_posix()]
        dataset = datasets.get(key) or fetch(SPLIT, Dataset.read)
        target_key = hashes[revision][TARGET.as_posix()]
        target = targets.get(target_key) or fetch(TARGET, _read_target)
        datasets[key], targets[target_key] = dataset, target
        read = partial(read_predictions, labels=dataset.task.labels)
        trained = models[revision]
        known = all(model in seconds for model in trained)
        found.append(
            Trained(
                factor=run.factor,
                alternative=run.alternative,
                seed=run.seed,
                predictions=fetch(predictions_file(DATA, model), read),
                dataset=dataset,
                target=target,
                train_seconds=sum(seconds[model] for model in trained) if known else None,
            )
        )
    return found


def _fetched(repository: Repository, revision: str, path: Path, read: Callable[[Path], T]) -> T:
    with tempfile.TemporaryDirectory() as folder:
        return read(fetch_output(path, revision, Path(folder), root=repository.root))


def _read_target(folder: Path) -> Target:
    return Target.read(folder / "target.json")


def _hashes(repository: Repository, revision: str) -> dict[str, str]:
    """Return the hash of every output in a revision's dvc.lock."""
    stages = yaml.safe_load(repository.read(LOCK, revision))["stages"]
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {out["path"]: out["md5"] for out in outs}
