"""Running many experiments: several at a time, failures told and survived, signals obeyed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import NamedTuple, Protocol

from gwangye.errors import GwangyeError
from gwangye.experiments.processes import signals_handled_by
from gwangye.experiments.workbench import Experiment, Outcome, StoppedError, Workbench

_POLL = 0.5  # seconds between two looks at whether to stop


class Trials(Protocol):
    """What is run: experiments, asked for one by one."""

    def ask(self) -> Experiment | None:
        """Return the next experiment to run; None where all have been begun."""

    def should_stop(self, experiment: Experiment, folder: Path) -> bool:
        """Return whether to give up a running experiment; asked every second, from any thread.

        Args:
            experiment: The experiment.
            folder: The project in its worktree.
        """

    def tell(self, experiment: Experiment, result: Outcome | GwangyeError) -> str:
        """Take in what became of an experiment; return it in a few words, or ""."""


class Listed:
    """Experiments that are known in advance."""

    def __init__(self, experiments: Iterable[Experiment]) -> None:
        self._left = iter(experiments)

    def ask(self) -> Experiment | None:
        """Return the next one."""
        return next(self._left, None)

    def should_stop(self, experiment: Experiment, folder: Path) -> bool:
        """Return False: all are run to their end."""
        return False

    def tell(self, experiment: Experiment, result: Outcome | GwangyeError) -> str:
        """Return "": the outcome says it all."""
        return ""


@dataclass
class Progress:
    """How far many experiments are.

    Args:
        total: How many there are.
        jobs: How many run at once.
        over: How many have ended.
        took: Seconds of those that have run, as far as they are known.
    """

    total: int
    jobs: int
    over: int = 0
    took: list[float] = field(default_factory=list)

    def left(self) -> str:
        """Return "2 to go, about 3 min 5 s"; without a time where nothing is known."""
        left = self.total - self.over
        if not left or not self.took:
            return f"{left} to go" if left else "all done"
        mean = sum(self.took) / len(self.took)
        return f"{left} to go, about {duration(math.ceil(left / self.jobs) * mean)}"


class Finished(NamedTuple):
    """The experiments that failed, and whether a signal has cut all short."""

    failed: list[str]
    interrupted: bool


def run_all(
    workbench: Workbench, trials: Trials, progress: Progress, write: Callable[[str], None]
) -> Finished:
    """Run experiments, as many at a time as there are workers; close the workbench.

    A failure does not stop the others. SIGINT, SIGTERM and SIGHUP stop what runs; what is finished
    is kept. To be called from the main thread.

    Args:
        workbench: Where they run.
        trials: What to run.
        progress: Is kept up to date.
        write: Is given a line for each experiment that ends.

    Raises:
        DataError: The workspace differs from HEAD.
        GwangyeError: Another process runs experiments here.
    """
    workbench.open()  # once, rather than a fault for each
    interrupted = Event()
    failed: list[str] = []
    running: dict[Future[Outcome], Experiment] = {}
    with (
        signals_handled_by(lambda *_: interrupted.set()),
        ThreadPoolExecutor(progress.jobs) as pool,
        workbench,
    ):
        while True:
            while len(running) < progress.jobs and not interrupted.is_set():
                if (experiment := trials.ask()) is None:
                    break
                future = pool.submit(_run, workbench, trials, experiment)
                running[future] = experiment
            if not running:
                return Finished(failed, interrupted.is_set())
            ended = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done
            if interrupted.is_set():
                workbench.close()  # checkpoints stay
            for future in ended:
                experiment = running.pop(future)
                if isinstance(fault := future.exception(), StoppedError):
                    continue
                if isinstance(fault, GwangyeError):
                    failed.append(experiment.name)
                write(_told(experiment, fault or future.result(), trials, progress))


def _run(workbench: Workbench, trials: Trials, experiment: Experiment) -> Outcome:
    return workbench.run(
        experiment, should_stop=lambda folder: trials.should_stop(experiment, folder)
    )


def _told(
    experiment: Experiment, result: Outcome | BaseException, trials: Trials, progress: Progress
) -> str:
    """Tell the trials what became of an experiment; return a line about it."""
    if not isinstance(result, Outcome | GwangyeError):
        raise result
    words = trials.tell(experiment, result)
    progress.over += 1
    if isinstance(result, GwangyeError):
        return f"ERROR: {result}"
    if result.new:
        progress.took.append(result.seconds)
    took = duration(result.seconds) if result.new else "saved already"
    told = ", ".join(filter(None, [words, took]))
    return f"[{progress.over}/{progress.total}] {experiment.name}: {told}; {progress.left()}"


def duration(seconds: float) -> str:
    """Return a time in words: "8 s", "3 min 5 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
