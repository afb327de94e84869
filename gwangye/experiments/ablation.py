"""An ablation's results, from the DVC experiments that a plan has made."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import yaml

from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.experiments.comparison.models import predictions_of
from gwangye.experiments.effects import Trained
from gwangye.experiments.plan import Run
from gwangye.experiments.repository import LOCK, SPLIT, TARGET
from gwangye.experiments.revisions import fetch_output
from gwangye.experiments.worktree import Repository


def read_trained(
    repository: Repository, revisions: Sequence[tuple[Run, str]], model: str
) -> list[Trained]:
    """Read what the experiments of this project predicted, and how long their training took.

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
        split, target = (hashes[revision][path.as_posix()] for path in (SPLIT, TARGET))
        with tempfile.TemporaryDirectory() as folder:
            fetch = partial(fetch_output, revision=revision, target=Path(folder))
            if split not in datasets:
                datasets[split] = Dataset.read(fetch(SPLIT))
            if target not in targets:
                targets[target] = Target.read(fetch(TARGET) / "target.json")
        took = [seconds.get(trained) for trained in models[revision]]
        found.append(
            Trained(
                factor=run.factor,
                alternative=run.alternative,
                seed=run.seed,
                predictions=predictions_of(f"{model}@{revision}", datasets[split].task.labels),
                dataset=datasets[split],
                target=targets[target],
                train_seconds=None if None in took else sum(filter(None, took)),
            )
        )
    return found


def _hashes(repository: Repository, revision: str) -> dict[str, str]:
    """Return the hash of every output in a revision's dvc.lock."""
    stages = yaml.safe_load(repository.read(LOCK, revision))["stages"]
    outs = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {out["path"]: out["md5"] for out in outs}
