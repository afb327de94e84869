"""The trials of a sweep as Optuna's study, kept in a journal beside DVC's experiments.

DVC's experiments are the finished trials; the journal adds what DVC does not hold: trials that were
given up, and the values of those that were running when the sweep was interrupted. Each start
writes it anew from both, so that no trial is lost or there twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gwangye.experiments.search import SampledSearch
from gwangye.experiments.space import decode, distributions, encode
from gwangye.experiments.sweep_plan import SweepPlan
from gwangye.experiments.sweep_results import Result

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

State = Literal["finished", "pruned", "failed", "unfinished", "waiting"]


class Trial(NamedTuple):
    """A trial as it stands.

    Attributes:
        name: Of its DVC experiment.
        values: By dotted parameter.
        state: What has become of it.
        curve: The objective's metric at each evaluation that was seen.
        seconds: How long it took; None if that is not known.
    """

    name: str
    values: Mapping[str, Any]
    state: State
    curve: Sequence[float] = ()
    seconds: float | None = None

    @property
    def ending(self) -> str:
        """The state in words: "given up after evaluation 2: 31.4"."""
        if self.state != "pruned":
            return self.state
        return f"given up after evaluation {len(self.curve)}: {self.curve[-1]:.1f}"


def journal_path(folder: Path, plan: SweepPlan, head: str) -> Path:
    """Return the journal of a plan: another one for another commit, space or score.

    Args:
        folder: Where journals are.
        plan: The plan; another search, or another number of trials, goes on with the same journal.
        head: Hash of HEAD.
    """
    content = plan.model_dump(mode="json", exclude={"search"})
    text = json.dumps([head, content], sort_keys=True, default=str)
    return folder / f"{plan.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.journal"


class SweepStudy:
    """The study. One process at a time; :meth:`report` may be called from any thread.

    Args:
        plan: The sweep's plan.
        journal: The journal's file, see :func:`journal_path`.
        results: The finished trials by name.
        curve: Gives a finished trial's curve.
    """

    def __init__(
        self,
        plan: SweepPlan,
        journal: Path,
        results: Mapping[str, Result],
        curve: Callable[[Result], Sequence[float]],
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.plan, self._curve = plan, curve
        search = plan.build_search()
        self._sampled = search if isinstance(search, SampledSearch) else None
        self._distributions = distributions(plan.space)
        journal.parent.mkdir(parents=True, exist_ok=True)
        old = {}
        if journal.is_file():
            known = self._open(journal).get_trials(deepcopy=False)
            old = {trial.user_attrs["name"]: trial for trial in known}
        fresh = journal.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        self._study = self._open(fresh)
        self._fill(old, results)
        fresh.replace(journal)
        self._study = self._open(journal)

    def trials(self) -> list[Trial]:
        """Return all trials that there are so far, in the order in which they were begun."""
        return [self._view(trial) for trial in self._study.get_trials(deepcopy=False)]

    @property
    def total(self) -> int:
        """How many trials there will be."""
        asked = len(self._study.get_trials(deepcopy=False))
        return max(asked, self._sampled.trials) if self._sampled else asked

    def ask(self) -> OptunaTrial | None:
        """Return the next trial to run, or None where all have been begun.

        A drawn trial depends on the plan's seed, its number and the trials before it, and not on
        what this process has drawn. So one trial at a time, an interrupted search goes on as it
        would have gone.
        """
        from optuna.trial import TrialState

        trials = self._study.get_trials(deepcopy=False)
        if not any(trial.state == TrialState.WAITING for trial in trials):
            if self._sampled is None or len(trials) >= self._sampled.trials:
                return None
            taken = {self.plan.number(trial.user_attrs["name"]) for trial in trials}
            number = next(n for n in range(len(trials) + 1) if n not in taken)
            values = self._draw(self._sampled, number, trials)
            self._enqueue(f"{self.plan.name}-{number}", values)
        return self._study.ask(self._distributions)

    def report(self, trial: OptunaTrial, evaluation: int, value: float) -> bool:
        """Take in a running trial's evaluation; return whether to give the trial up.

        Args:
            trial: The trial.
            evaluation: Its number, from 1; each is reported once.
            value: The objective's metric.
        """
        trial.report(value, evaluation)
        return bool(trial.should_prune())

    def finish(self, trial: OptunaTrial, result: Result, seconds: float) -> None:
        """Take in a trial's result."""
        seen = self._study.get_trials(deepcopy=False)[trial.number].intermediate_values
        for evaluation, value in enumerate(self._curve(result), 1):
            if evaluation not in seen:
                trial.report(value, evaluation)
        trial.set_user_attr("seconds", seconds)
        self._study.tell(trial, result.score(self.plan.objective).value)

    def prune(self, trial: OptunaTrial, seconds: float) -> None:
        """Take in that a trial was given up."""
        from optuna.trial import TrialState

        trial.set_user_attr("seconds", seconds)
        self._study.tell(trial, state=TrialState.PRUNED)

    def fail(self, trial: OptunaTrial, seconds: float) -> None:
        """Take in that a trial has failed."""
        from optuna.trial import TrialState

        trial.set_user_attr("seconds", seconds)
        self._study.tell(trial, state=TrialState.FAIL)

    def view(self, trial: OptunaTrial) -> Trial:
        """Return a trial as it stands."""
        return self._view(self._study.get_trials(deepcopy=False)[trial.number])

    def _open(self, path: Path) -> Study:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        # of a process that was killed; only one at a time is here
        Path(f"{path}.lock").unlink(missing_ok=True)
        backend = JournalFileBackend(str(path), JournalFileOpenLock(str(path)))
        return optuna.create_study(
            storage=JournalStorage(backend),
            study_name=self.plan.name,
            direction=self.plan.direction,
            sampler=optuna.samplers.RandomSampler(),  # draws nothing: all trials are enqueued
            pruner=self.plan.build_pruning().pruner(),
            load_if_exists=True,
        )

    def _fill(self, old: Mapping[str, FrozenTrial], results: Mapping[str, Result]) -> None:
        """Put the trials of a start into an empty study."""
        from optuna.trial import TrialState

        grid = self.plan.grid()
        names = grid or sorted({*old, *results}, key=lambda name: self.plan.number(name) or 0)
        for name in names:
            known = old.get(name)
            if name in results:
                self._add_finished(name, results[name], known)
            elif known is not None and known.state == TrialState.PRUNED:
                self._study.add_trial(known)
            else:
                values = grid[name] if grid else self._view(old[name]).values
                self._enqueue(name, values)

    def _add_finished(self, name: str, result: Result, known: FrozenTrial | None) -> None:
        from optuna.trial import TrialState, create_trial

        complete = known is not None and known.state == TrialState.COMPLETE
        if known is not None and complete:
            curve, seconds = known.intermediate_values, known.user_attrs.get("seconds")
        else:
            curve, seconds = dict(enumerate(self._curve(result), 1)), result.train_seconds
        self._study.add_trial(
            create_trial(
                value=result.score(self.plan.objective).value,
                params=encode(self.plan.space, result.values),
                distributions=self._distributions,
                intermediate_values=curve,
                user_attrs={"name": name, "values": dict(result.values), "seconds": seconds},
            )
        )

    def _enqueue(self, name: str, values: Mapping[str, Any]) -> None:
        attributes = {"name": name, "values": dict(values)}
        self._study.enqueue_trial(encode(self.plan.space, values), user_attrs=attributes)

    def _draw(
        self, search: SampledSearch, number: int, trials: Sequence[FrozenTrial]
    ) -> dict[str, Any]:
        """Draw a trial in a study of its own, as the values get few digits before they are kept."""
        import numpy as np
        import optuna

        seed = np.random.SeedSequence([search.seed, number]).generate_state(1)[0]
        study = optuna.create_study(
            study_name=self.plan.name,
            direction=self.plan.direction,
            sampler=search.sampler(int(seed)),
            pruner=self.plan.build_pruning().pruner(),
        )
        study.add_trials(trials)
        return decode(self.plan.space, study.ask(self._distributions).params)

    def _view(self, trial: FrozenTrial) -> Trial:
        from optuna.trial import TrialState

        states: dict[TrialState, State] = {
            TrialState.COMPLETE: "finished",
            TrialState.PRUNED: "pruned",
            TrialState.FAIL: "failed",
            TrialState.RUNNING: "unfinished",
            TrialState.WAITING: "waiting",
        }
        known = trial.user_attrs
        curve = [value for _, value in sorted(trial.intermediate_values.items())]
        return Trial(
            known["name"], known["values"], states[trial.state], curve, known.get("seconds")
        )
