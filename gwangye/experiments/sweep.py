"""A sweep: the trials of a plan's space, which Optuna draws, gives up and keeps.

Optuna's storage is all that is known of a sweep: a journal per plan in ``.dvc/tmp``, with a study
per commit. Each trial has the name of its DVC experiment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gwangye.errors import DataError, GwangyeError, ParameterError
from gwangye.evaluation.scores import read_scores
from gwangye.experiments.plan import Plan
from gwangye.experiments.plan_check import check_sweep
from gwangye.experiments.repository import PARAMS, SCORES
from gwangye.experiments.running import Experiments
from gwangye.experiments.search import SampledSearch
from gwangye.experiments.space import distributions
from gwangye.experiments.sweep_trials import Trial, parse_curve, read_running_curve, view
from gwangye.experiments.workbench import FOLDER, Experiment, Outcome, Workbench
from gwangye.model.folders import runs
from gwangye.params import Params, load_params

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

CURVE = "metrics/train/{variant}/{run}/plots/metrics/eval/{metric}.tsv"


@dataclass
class _Running:
    """A trial in a worker."""

    trial: OptunaTrial
    begun: float  # seconds since the epoch, as files have them
    evaluations: int = 0


class Sweep(Experiments):
    """The trials of a sweep.

    Args:
        plan: The plan.
        workbench: Where they run.
        jobs: How many run at once.
        write: Is given what happens, line by line, from any thread.

    Raises:
        ParameterError: The plan does not go with HEAD's parameters, or was begun otherwise.
    """

    def __init__(
        self, plan: Plan, workbench: Workbench, jobs: int, write: Callable[[str], None]
    ) -> None:
        super().__init__(workbench, [], jobs, write)
        self.plan, self.repository = plan, workbench.repository
        self._params = self.repository.read(PARAMS)
        check_sweep(plan, self._params)
        search = plan.build_search()
        self._search = search if isinstance(search, SampledSearch) else None
        self._space, self._grid = plan.space or {}, plan.grid()
        self._running: dict[str, _Running] = {}
        self._begun: set[str] = set()  # by this process
        self.study = self._open()
        over = [trial for trial in self.trials() if trial.state in ("finished", "pruned")]
        self.total, self.over = len({*self._names(), *self._known()}), len(over)
        self.took = [trial.seconds for trial in over if trial.seconds is not None]

    def trials(self) -> list[Trial]:
        """Return the trials in the order in which they were begun, then those of a grid to come."""
        known = self._known()
        coming = [Trial(name, values) for name, values in self._grid.items() if name not in known]
        return [*(view(trial, self._space) for trial in known.values()), *coming]

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
        path = folder / self._curve_path(load_params(folder / PARAMS))
        curve = read_running_curve(path, running.begun)
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

    def settle(self, experiment: Experiment, result: Outcome | GwangyeError) -> str:
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
            return view(self.study.tell(trial, state=TrialState.PRUNED), self._space).ending
        scores = self._scores(experiment.name, result.revision)
        trial.set_user_attr("scores", scores)
        trial.set_user_attr("revision", result.revision)
        for evaluation, value in enumerate(self._curve(result.revision), 1):
            if evaluation > running.evaluations:
                trial.report(value, evaluation)
        value = scores[self.plan.objective.partition(".")[0]][0]
        told = view(self.study.tell(trial, value), self._space).score(self.plan.objective)
        return f"{self.plan.objective} {told}"

    def _open(self) -> Study:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        file = self.repository.root / FOLDER / "sweeps" / f"{self.plan.name}.journal"
        file.parent.mkdir(parents=True, exist_ok=True)
        # a process that was killed may have left the lock: it is ours after three seconds
        lock = JournalFileOpenLock(str(file), grace_period=3)
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(file), lock)),
            study_name=self.repository.head,
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
        values = view(self._known()[name], self._space).values
        self._running[name] = _Running(trial, time.time())
        self.write(f"{name}: started with {', '.join(f'{k}={v}' for k, v in values.items())}")
        return self.plan.trial(name, values, self._params)

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

    def _curve_path(self, params: Params) -> Path:
        # of several trainings in a trial, the first tells whether to give up
        run = runs(params.split.folds, params.variant(self.plan.variant).seeds)[0].folder
        return Path(CURVE.format(variant=self.plan.variant, run=run, metric=self.plan.metric))

    def _curve(self, revision: str) -> list[float]:
        """Return the metric at each evaluation of a finished trial, where pruning asks for it."""
        if not self.plan.prunes:
            return []
        import dvc.api
        from dvc.exceptions import DvcException

        path = self._curve_path(Params.from_mapping(self.repository.params(revision)))
        root = str(self.repository.root)
        try:
            return parse_curve(dvc.api.read(path.as_posix(), repo=root, rev=revision))
        except (DvcException, OSError):  # no longer in the cache
            return []


def _origin(trial: FrozenTrial) -> dict[str, Any]:
    """Return what a trial that is run again takes over."""
    return {key: trial.user_attrs[key] for key in ("name", "values") if key in trial.user_attrs}
