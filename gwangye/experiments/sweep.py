"""A sweep: the trials of a plan's space, which Optuna draws, gives up and keeps.

Optuna's storage is all that is known of a sweep: a journal per plan in ``.dvc/tmp``, with a study
per commit. Each trial has the name of its DVC experiment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gwangye.errors import DataError, GwangyeError, ParameterError
from gwangye.evaluation.scores import read_scores, score_text
from gwangye.experiments.parameters import change_parameters
from gwangye.experiments.plan import Plan
from gwangye.experiments.plan_check import check_sweep
from gwangye.experiments.repository import PARAMS
from gwangye.experiments.search import SampledSearch
from gwangye.experiments.space import decode, distributions
from gwangye.experiments.workbench import FOLDER, Experiment, Outcome
from gwangye.experiments.worktree import SCORES, Repository
from gwangye.model.folders import runs
from gwangye.params import Params, read_values

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

State = Literal["finished", "pruned", "failed", "unfinished", "waiting"]

CURVE = "metrics/train/{variant}/{run}/plots/metrics/eval/{metric}.tsv"
_STATES: dict[str, State] = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "unfinished",
    "WAITING": "waiting",
}


class Trial(NamedTuple):
    """A trial as it is now.

    Attributes:
        name: Of its DVC experiment.
        values: By parameter of the plan's space.
        state: What has become of it.
        scores: The objective's metric by column, with its interval: (value, low, high).
        curve: The metric at each evaluation that was seen.
        seconds: How long it took; None if that is not known.
        revision: Hash of its DVC experiment, "" if there is none.
    """

    name: str
    values: Mapping[str, Any]
    state: State = "waiting"
    scores: Mapping[str, Sequence[Any]] = {}
    curve: Sequence[float] = ()
    seconds: float | None = None
    revision: str = ""

    def score(self, objective: str) -> str:
        """Return a score of a finished trial as tables show it, "" for the others."""
        found = self.scores.get(objective.partition(".")[0])
        return score_text(*found) if found else ""

    @property
    def ending(self) -> str:
        """The state in words: "given up after evaluation 2: 31.4"."""
        if self.state != "pruned" or not self.curve:
            return self.state
        return f"given up after evaluation {len(self.curve)}: {self.curve[-1]:.1f}"


@dataclass
class _Running:
    """A trial in a worker."""

    trial: OptunaTrial
    curve: Path
    begun: float  # seconds since the epoch, as files have them
    evaluations: int = 0


class Sweep:
    """The trials of a sweep, for :func:`gwangye.experiments.running.run_all`.

    Args:
        plan: The plan.
        repository: The project.
        write: Is given what happens, line by line, from any thread.

    Raises:
        ParameterError: The plan does not go with HEAD's parameters, or was begun otherwise.
    """

    def __init__(self, plan: Plan, repository: Repository, write: Callable[[str], None]) -> None:
        self.plan, self.repository, self.write = plan, repository, write
        self._params = repository.read(PARAMS)
        check_sweep(plan, self._params)
        search = plan.build_search()
        self._search = search if isinstance(search, SampledSearch) else None
        self._space = plan.space or {}
        self._grid = plan.grid()
        self._running: dict[str, _Running] = {}
        self._begun: set[str] = set()  # by this process
        file = repository.root / FOLDER / "sweeps" / f"{plan.name}.journal"
        self.study = self._open(file, repository.head)

    @property
    def total(self) -> int:
        """How many trials there will be."""
        return len({*self._names(), *self._known()})

    def trials(self) -> list[Trial]:
        """Return the trials in the order in which they were begun, then those of a grid to come."""
        known = self._known()
        coming = [Trial(name, values) for name, values in self._grid.items() if name not in known]
        return [*map(self._view, known.values()), *coming]

    def ask(self) -> Experiment | None:
        """Begin the next trial: one that was running or has failed, or a new one.

        A drawn trial depends on the plan's seed, its number and the scores before it. So one trial
        at a time, an interrupted search goes on as it would have gone.
        """
        from optuna.trial import TrialState

        known = self._known()
        for name, trial in known.items():
            if name in self._begun or trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                continue
            if trial.state == TrialState.RUNNING:  # of a process that was ended
                self.study.tell(trial.number, state=TrialState.FAIL)
            if trial.state != TrialState.WAITING:
                self.study.enqueue_trial(trial.params, user_attrs=_origin(trial))
            return self._begin(name)
        for name in self._names():
            if name not in known:
                attributes = {"name": name, **({"values": self._grid[name]} if self._grid else {})}
                self.study.enqueue_trial({}, user_attrs=attributes)
                return self._begin(name)
        return None

    def should_stop(self, experiment: Experiment, folder: Path) -> bool:
        """Report new evaluations of a running trial; return whether to give it up."""
        if not self.plan.prunes:
            return False
        running = self._running[experiment.name]
        curve = read_running_curve(folder / running.curve, running.begun)
        for value in curve[running.evaluations :]:
            running.evaluations += 1
            self.write(
                f"{experiment.name}: evaluation {running.evaluations}, {self.plan.metric} "
                f"{value:.1f}"
            )
            running.trial.report(value, running.evaluations)
            if running.trial.should_prune():
                return True
        return False

    def tell(self, experiment: Experiment, result: Outcome | GwangyeError) -> str:
        """Take in what became of a trial; return it in words.

        Raises:
            DataError: It has no such score.
        """
        from optuna.trial import TrialState

        running = self._running.pop(experiment.name)
        trial = running.trial
        if isinstance(result, GwangyeError):
            self.study.tell(trial, state=TrialState.FAIL)
            return ""
        if result.new:
            trial.set_user_attr("seconds", round(result.seconds, 1))
        if result.revision is None:
            return self._view(self.study.tell(trial, state=TrialState.PRUNED)).ending
        scores = self._scores(experiment.name, result.revision)
        trial.set_user_attr("scores", scores)
        trial.set_user_attr("revision", result.revision)
        for evaluation, value in enumerate(self._curve(running, result.revision), 1):
            if evaluation > running.evaluations:
                trial.report(value, evaluation)
        value = scores[self.plan.objective.partition(".")[0]][0]
        told = self._view(self.study.tell(trial, value)).score(self.plan.objective)
        return f"{self.plan.objective} {told}"

    def _open(self, file: Path, head: str) -> Study:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        file.parent.mkdir(parents=True, exist_ok=True)
        # a process that was killed may have left the lock: it is ours after three seconds
        lock = JournalFileOpenLock(str(file), grace_period=3)
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(file), lock)),
            study_name=head,
            direction=self.plan.direction,
            pruner=self.plan.build_pruning().pruner(),
            load_if_exists=True,
        )
        # more trials and longer lists go on with the same study
        free = {"search"} if self._search else {"search", "space"}
        plan = self.plan.model_dump(mode="json", exclude=free)
        before = study.user_attrs.get("plan", plan)
        if changed := [key for key in {**before, **plan} if before.get(key) != plan.get(key)]:
            raise ParameterError(
                f"The sweep '{self.plan.name}' of this commit was begun with another "
                f"{' and '.join(changed)}. Give the plan another name."
            )
        study.set_user_attr("plan", plan)
        return study

    def _names(self) -> list[str]:
        if self._search is None:
            return list(self._grid)
        return [f"{self.plan.name}-{number}" for number in range(self._search.trials)]

    def _known(self) -> dict[str, FrozenTrial]:
        """Return the trials by name: of those that were run again, the last."""
        trials = self.study.get_trials(deepcopy=False)
        return {trial.user_attrs["name"]: trial for trial in trials}

    def _begin(self, name: str) -> Experiment:
        """Begin the trial that waits."""
        self._begun.add(name)
        if self._search:
            self.study.sampler = self._search.sampler(int(name.rpartition("-")[2]))
        trial = self.study.ask(distributions(self._space) if self._search else {})
        values = self._view(self._known()[name]).values
        experiment = self.plan.trial(name, values, self._params)
        text = change_parameters(self._params, experiment.changes)
        params = Params.from_mapping(read_values(text, str(PARAMS)))
        # of several trainings in a trial, the first tells whether to give up
        run = runs(params.split.folds, params.variant(self.plan.variant).seeds)[0].folder
        curve = CURVE.format(variant=self.plan.variant, run=run, metric=self.plan.metric)
        self._running[name] = _Running(trial, Path(curve), time.time())
        self.write(f"{name}: started with {', '.join(f'{k}={v}' for k, v in values.items())}")
        return experiment

    def _scores(self, name: str, revision: str) -> dict[str, list[Any]]:
        """Return the metric's scores by column: value, low, high."""
        column, _, metric = self.plan.objective.partition(".")
        try:
            table = read_scores(self.repository.read(SCORES, revision), f"'{name}': {SCORES}")
        except DataError as error:
            raise DataError(f"The DVC experiment '{name}' has no {SCORES}: {error}") from error
        chosen = table[
            (table["model"] == self.plan.model)
            & (table["pairs"] == "all")
            & (table["metric"] == metric)
            & table["value"].notna()
        ].set_index("column")[["value", "low", "high"]]
        if column not in chosen.index:
            raise DataError(
                f"The DVC experiment '{name}' has no {self.plan.model} {self.plan.objective} in "
                f"{SCORES}. If the target has no re-weighted column (docs/scores.md), choose "
                "another objective."
            )
        found = chosen.astype(object).where(chosen.notna(), None)
        return {str(key): row.tolist() for key, row in found.iterrows()}

    def _curve(self, running: _Running, revision: str) -> list[float]:
        """Return the metric at each evaluation of a finished trial, where pruning asks for it."""
        if not self.plan.prunes:
            return []
        import dvc.api
        from dvc.exceptions import DvcException

        root = str(self.repository.root)
        try:
            return parse_curve(dvc.api.read(running.curve.as_posix(), repo=root, rev=revision))
        except (DvcException, OSError):  # no longer in the cache
            return []

    def _view(self, trial: FrozenTrial) -> Trial:
        known = trial.user_attrs
        return Trial(
            known["name"],
            known.get("values") or decode(self._space, trial.params),
            _STATES[trial.state.name],
            known.get("scores", {}),
            [value for _, value in sorted(trial.intermediate_values.items())],
            known.get("seconds"),
            known.get("revision", ""),
        )


def _origin(trial: FrozenTrial) -> dict[str, Any]:
    """Return what a trial that is run again takes over."""
    return {key: trial.user_attrs[key] for key in ("name", "values") if key in trial.user_attrs}


def parse_curve(text: str) -> list[float]:
    """Return the values of a curve's table, without a last line that is still being written."""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [float(line.split("\t")[1]) for line in lines[1:]]


def read_running_curve(path: Path, since: float) -> list[float]:
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
