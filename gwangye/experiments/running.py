"""Running many things: several at a time, failures told and survived, signals obeyed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from typing import Protocol, TypeVar

from gwangye.errors import GwangyeError
from gwangye.experiments.processes import StoppedError, signals_handled_by
from gwangye.experiments.workbench import Experiment, Outcome, Workbench

_POLL = 0.5  # seconds between two looks at whether to stop

J = TypeVar("J")
R = TypeVar("R")


class Source(Protocol[J, R]):
    """What is run."""

    def ask(self) -> J | None:
        """Return what can be begun now; None if there is nothing until something ends.

        Raises:
            StoppedError: A signal came meanwhile.
        """

    def run(self, job: J) -> R:
        """Run it to its end; called in a thread."""

    def tell(self, job: J, result: R | GwangyeError) -> None:
        """Take in what became of it, unless it was stopped."""

    def close(self) -> None:
        """End what runs, which then raises :class:`StoppedError`."""


def run_all(source: Source[J, R], jobs: int, interrupted: Event) -> None:
    """Run what there is, and close it. To be called from the main thread.

    Args:
        source: What is run.
        jobs: How many at once.
        interrupted: Set by SIGINT, SIGTERM and SIGHUP, upon which what runs is ended.
    """
    running: dict[Future[R], J] = {}
    handled = signals_handled_by(lambda *_: interrupted.set())
    with handled, ThreadPoolExecutor(jobs) as pool, closing(source):
        while True:
            while len(running) < jobs and (job := _next(source, interrupted)) is not None:
                running[pool.submit(source.run, job)] = job
            if not running:
                return
            ended = wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done
            if interrupted.is_set():
                source.close()
            for future in ended:
                _tell(source, running.pop(future), future)


def _next(source: Source[J, R], interrupted: Event) -> J | None:
    with suppress(StoppedError):
        return None if interrupted.is_set() else source.ask()
    return None


def _tell(source: Source[J, R], job: J, future: Future[R]) -> None:
    fault = future.exception()
    if not isinstance(fault, GwangyeError):
        source.tell(job, future.result())
    elif not isinstance(fault, StoppedError):
        source.tell(job, fault)


class Experiments:
    """Experiments in a workbench, for :func:`run_all`; each that ends is told in a line.

    Args:
        workbench: Where they run.
        experiments: What is run, in order.
        jobs: How many run at once.
        write: Is given what happens, line by line, from any thread.
    """

    def __init__(
        self,
        workbench: Workbench,
        experiments: Sequence[Experiment],
        jobs: int,
        write: Callable[[str], None],
    ) -> None:
        self.workbench, self.jobs, self.write = workbench, jobs, write
        self.failed: list[str] = []
        self.total, self.over = len(experiments), 0
        self.took: list[float] = []  # seconds of those that have run
        self._left = iter(experiments)

    def ask(self) -> Experiment | None:
        """Return the next experiment; None where all have been begun."""
        return next(self._left, None)

    def should_stop(self, experiment: Experiment, folder: Path) -> bool:
        """Return whether to give up a running experiment; asked every second, from any thread.

        Args:
            experiment: The experiment.
            folder: The project in its worktree.
        """
        return False

    def run(self, experiment: Experiment) -> Outcome:
        """Run an experiment."""
        return self.workbench.run(
            experiment, should_stop=lambda folder: self.should_stop(experiment, folder)
        )

    def tell(self, experiment: Experiment, result: Outcome | GwangyeError) -> None:
        """Tell what became of an experiment."""
        words = self.settle(experiment, result)
        self.over += 1
        if isinstance(result, GwangyeError):
            self.failed.append(experiment.name)
            self.write(f"ERROR: {result}")
            return
        if result.new:
            self.took.append(result.seconds)
        took = duration(result.seconds) if result.new else "saved already"
        told = ", ".join(filter(None, [words, took]))
        self.write(f"[{self.over}/{self.total}] {experiment.name}: {told}; {self.left()}")

    def settle(self, experiment: Experiment, result: Outcome | GwangyeError) -> str:
        """Take in what became of an experiment; return its result in a few words, or ""."""
        return ""

    def left(self) -> str:
        """Return "2 to go, about 3 min 5 s"; without a time where nothing is known."""
        left = self.total - self.over
        if not left or not self.took:
            return f"{left} to go" if left else "all done"
        mean = sum(self.took) / len(self.took)
        return f"{left} to go, about {duration(math.ceil(left / self.jobs) * mean)}"

    def close(self) -> None:
        """End what runs; checkpoints stay."""
        self.workbench.close()


def duration(seconds: float) -> str:
    """Return a time in words: "8 s", "3 min 5 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
