"""Running a sweep: trials side by side, until all are finished or somebody interrupts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from gwangye.errors import GwangyeError
from gwangye.experiments.sweep_plan import SweepPlan
from gwangye.experiments.sweep_results import Result, Results, read_running_curve
from gwangye.experiments.sweep_study import SweepStudy, Trial, journal_path
from gwangye.experiments.sweep_tables import Summary, duration
from gwangye.experiments.workbench import FOLDER, Experiment, Outcome, StoppedError, Workbench

if TYPE_CHECKING:
    from optuna.trial import Trial as OptunaTrial

_POLL = 0.5  # seconds between two looks at whether to stop


@dataclass
class _Running:
    """A trial in a worker."""

    trial: OptunaTrial
    begun: float  # seconds since the epoch, as files have them
    evaluations: int = 0
    pruned: bool = False

    @property
    def name(self) -> str:
        return str(self.trial.user_attrs["name"])

    @property
    def seconds(self) -> float:
        return time.time() - self.begun


@contextmanager
def open_sweep(
    plan: SweepPlan, root: Path, jobs: int, write: Callable[[str], None]
) -> Iterator[Sweep]:
    """Read what there is of a sweep; leaving the context ends what runs.

    Args:
        plan: The plan.
        root: The project: where dvc.yaml is.
        jobs: Trials at once.
        write: Is given what happens, line by line, from any thread.

    Raises:
        DataError: There is no project, no Git repository or no commit, or an experiment of a trial
            has no score.
        ParameterError: The plan does not go with HEAD's parameters, or with the experiments that
            have its name.
        GwangyeError: Another process runs a sweep of the same name.
    """
    with Workbench(root, workers=jobs) as bench:
        repository = bench.repository
        results = Results(plan, repository)
        journal = journal_path(repository.root / FOLDER / "sweeps", plan, repository.head)
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(journal.with_name(f"{plan.name}.lock"), blocking=False):
                found = results.saved()
                study = SweepStudy(plan, journal, found, results.curve)
                yield Sweep(study, results, found, bench, jobs, write)
        except Timeout as error:
            raise GwangyeError(
                f"Another `gwangye sweep` of '{plan.name}' is running. Wait for it, or end it; "
                "what it has finished is kept."
            ) from error


class Sweep:
    """Runs the trials of a study; made by :func:`open_sweep`."""

    def __init__(
        self,
        study: SweepStudy,
        results: Results,
        found: Mapping[str, Result],
        bench: Workbench,
        jobs: int,
        write: Callable[[str], None],
    ) -> None:
        self.study, self.results, self.bench, self.write = study, results, bench, write
        self.plan, self.jobs, self.found = results.plan, jobs, dict(found)
        # the times of this start's trials that say how long the next will take
        self._took: list[float] = []

    def run(self, stop: Event) -> None:
        """Run what is not finished yet; return when all is over or ``stop`` has been set.

        A trial that fails leaves the others alone.

        Args:
            stop: Set from outside, it ends what runs; the next start goes on there.

        Raises:
            DataError: The workspace differs from HEAD.
            GwangyeError: Another process runs experiments here.
        """
        if self._over() == self.study.total:
            return
        self.bench.open()
        running: dict[Future[Outcome], _Running] = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                while self._start(pool, running, stop) or running:
                    ended = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done
                    if stop.is_set():
                        self.bench.close()  # checkpoints stay
                    for future in ended:
                        self._settle(running.pop(future), future)
            finally:
                self.bench.close()  # after a fault; the pool waits for its threads

    def summary(self) -> Summary:
        """Return what has become of the sweep so far."""
        return Summary(self.plan, self.study.trials(), self.found)

    def remaining(self) -> str:
        """Return what is left to do and, once a trial has ended, how long it will take."""
        left = self.study.total - self._over()
        before = [result.train_seconds for result in self.found.values()]
        known = self._took or [seconds for seconds in before if seconds is not None]
        if not left or not known:
            return f"{left} to go" if left else "all done"
        seconds = math.ceil(left / self.jobs) * sum(known) / len(known)
        return f"{left} to go, about {duration(seconds)}"

    def _over(self) -> int:
        ended = ("finished", "pruned", "failed")
        return sum(trial.state in ended for trial in self.study.trials())

    def _start(
        self, pool: ThreadPoolExecutor, running: dict[Future[Outcome], _Running], stop: Event
    ) -> bool:
        """Start a trial where a worker is free and one is left; return whether it did."""
        if len(running) == self.jobs or stop.is_set():
            return False
        trial = self.study.ask()
        if trial is None:
            return False
        place = _Running(trial, time.time())
        running[pool.submit(self._run, place)] = place
        return True

    def _run(self, place: _Running) -> Outcome:
        trial = self.study.view(place.trial)
        changes = self.plan.changes(trial.values, self.results.variants)
        told = ", ".join(f"{path}={value}" for path, value in trial.values.items())
        experiment = Experiment(trial.name, changes, f"sweep {self.plan.name}: {told}")
        self.write(f"{trial.name}: started with {told}")
        watch = (lambda folder: self._watch(place, folder)) if self.plan.prunes else None
        return self.bench.run(experiment, should_stop=watch)

    def _watch(self, place: _Running, folder: Path) -> bool:
        """Report new evaluations of a running trial; return whether to give it up."""
        curve = read_running_curve(folder / self.results.curve_path, place.begun)
        for value in curve[place.evaluations :]:
            place.evaluations += 1
            self.write(
                f"{place.name}: evaluation {place.evaluations}, {self.plan.metric} {value:.1f}"
            )
            place.pruned = self.study.report(place.trial, place.evaluations, value)
            if place.pruned:
                return True
        return False

    def _settle(self, place: _Running, future: Future[Outcome]) -> None:
        try:
            outcome = future.result()
        except StoppedError:
            return  # it stays a running one, and the next start runs it again
        except GwangyeError as error:
            self.study.fail(place.trial, place.seconds)
            self.write(f"{place.name}: failed. {error}")
            return
        if outcome.revision is None:
            self.study.prune(place.trial, outcome.seconds)
            self._took.append(outcome.seconds)
        else:
            result = self.results.read(place.name, outcome.revision)
            self.found[place.name] = result
            self.study.finish(place.trial, result, outcome.seconds)
            if result.train_seconds is not None:  # otherwise it came from the cache
                self._took.append(outcome.seconds)
        self.write(self._told(self.study.view(place.trial)))

    def _told(self, trial: Trial) -> str:
        reached = trial.ending
        if trial.state == "finished":
            reached = f"{self.plan.objective} {self.found[trial.name].score(self.plan.objective)}"
        took = duration(trial.seconds or 0)
        count = f"[{self._over()}/{self.study.total}]"
        return f"{count} {trial.name}: {reached}, {took}; {self.remaining()}"
