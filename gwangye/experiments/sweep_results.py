"""What HEAD's DVC experiments hold of a sweep: the finished trials."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwangye.errors import DataError, ParameterError
from gwangye.experiments.ledger.scores import Score
from gwangye.experiments.parameters import change_parameters
from gwangye.experiments.repository import git
from gwangye.experiments.space import contains
from gwangye.experiments.stage_times import KEY, read_trailer
from gwangye.experiments.sweep_plan import SweepPlan
from gwangye.experiments.worktree import PARAMS, Repository
from gwangye.model.folders import runs
from gwangye.params import Params, read_values

METRICS = "metrics/metrics.json"
CURVE = "metrics/train/{variant}/{run}/plots/metrics/eval/{metric}.tsv"


@dataclass(frozen=True)
class Result:
    """A finished trial.

    Args:
        revision: Hash of the DVC experiment.
        values: The trial's, by dotted parameter.
        scores: The variant's in metrics.json: by part, by metric.
        train_seconds: How long the training took; None if it came from the cache, or went on after
            an interruption.
    """

    revision: str
    values: Mapping[str, Any]
    scores: Mapping[str, Mapping[str, Any]]
    train_seconds: float | None

    def score(self, objective: str) -> Score:
        """Return a score ("validation.micro_f1") with its interval, if it has one."""
        part, _, metric = objective.partition(".")
        found = self.scores[part]
        return Score(found[metric], found.get(f"{metric}_low"), found.get(f"{metric}_high"))


class Results:
    """Reads finished trials.

    Args:
        plan: The sweep's plan.
        repository: Where the experiments are.

    Raises:
        ParameterError: The plan does not go with HEAD's parameters.
    """

    def __init__(self, plan: SweepPlan, repository: Repository) -> None:
        self.plan, self.repository = plan, repository
        self._params = repository.read(PARAMS)
        plan.check(self._params)
        self.variants: list[str] = list(read_values(self._params, PARAMS)["variants"])
        params = self._trial_params({path: _first(plan, path) for path in plan.space})
        seeds = Params.from_mapping(params).variant(plan.variant).seeds
        # of several trainings in a trial, the first tells whether to give up
        run = runs(params["split"]["folds"], seeds)[0].folder.as_posix()
        self.curve_path = CURVE.format(variant=plan.variant, run=run, metric=plan.metric)

    def saved(self) -> dict[str, Result]:
        """Return HEAD's finished trials of the plan by name.

        Raises:
            ParameterError: An experiment has the name of a trial and other parameters.
            DataError: An experiment has no such score.
        """
        prefix = f"refs/exps/{self.repository.head[:2]}/{self.repository.head[2:]}/"
        listed = git(
            self.repository.root, "for-each-ref", "--format=%(refname) %(objectname)", prefix
        )
        revisions = dict(line.removeprefix(prefix).split(" ") for line in listed.splitlines())
        grid = self.plan.grid()
        return {
            name: self.read(name, revision)
            for name, revision in revisions.items()
            if (name in grid if grid else self.plan.number(name) is not None)
        }

    def read(self, name: str, revision: str) -> Result:
        """Return a finished trial.

        Raises:
            ParameterError: It has other parameters than the plan gives it.
            DataError: It has no such score.
        """
        there = read_values(self.repository.read(PARAMS, revision), PARAMS)
        values = self._values(there)
        grid = self.plan.grid()
        if values is None or (grid and values != grid[name]) or there != self._trial_params(values):
            raise ParameterError(
                f"The DVC experiment '{name}' has other parameters than this plan: the plan was "
                "changed, or has the name of another one. Give it a new name, or remove the old "
                f"experiments: `dvc exp remove {name}`."
            )
        try:
            scores = json.loads(self.repository.read(METRICS, revision))[self.plan.variant]
            result = Result(revision, values, scores, self._train_seconds(revision))
            if not math.isfinite(result.score(self.plan.objective).value):
                raise ValueError("not a number")
        except (DataError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"The DVC experiment '{name}' has no {self.plan.variant} {self.plan.objective} in "
                f"{METRICS}. If the target has no re-weighted column (docs/scores.md), choose "
                f"another objective; otherwise remove it: `dvc exp remove {name}`."
            ) from error
        return result

    def curve(self, result: Result) -> list[float]:
        """Return the objective's metric at each evaluation of a finished trial's training.

        Nothing where no trial may be given up: then nobody asks for it.
        """
        if not self.plan.prunes:
            return []
        import dvc.api
        from dvc.exceptions import DvcException

        try:
            text = dvc.api.read(
                self.curve_path, repo=str(self.repository.root), rev=result.revision
            )
        except (DvcException, OSError):  # no longer in the cache
            return []
        return parse_curve(text)

    def _train_seconds(self, revision: str) -> float | None:
        form = f"--format=%(trailers:key={KEY},valueonly)"
        return read_trailer(git(self.repository.root, "log", "-1", form, revision, "--")).get(
            self.plan.variant
        )

    def _values(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        for path, dimension in self.plan.space.items():
            node: Any = params
            for key in path.split("."):
                if not isinstance(node, dict) or key not in node:
                    return None
                node = node[key]
            if not contains(dimension, node):
                return None
            values[path] = node
        return values

    def _trial_params(self, values: Mapping[str, Any]) -> dict[str, Any]:
        changes = self.plan.changes(values, self.variants)
        return read_values(change_parameters(self._params, changes), PARAMS)


def parse_curve(text: str) -> list[float]:
    """Return the values of a curve's table, without a last line that is still being written."""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [float(line.split("\t")[1]) for line in lines[1:]]


def read_running_curve(path: Path, since: float) -> Sequence[float]:
    """Return what a training has recorded so far.

    Args:
        path: The curve's table.
        since: When the trial was started, in seconds since the epoch: an older file is that of the
            trial before, which stays until its stage begins.
    """
    try:
        if path.stat().st_mtime < since:
            return []
        return parse_curve(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []


def _first(plan: SweepPlan, path: str) -> Any:
    dimension = plan.space[path]
    return dimension[0] if isinstance(dimension, list) else dimension.bounds()[0]
