"""Running many experiments: several at a time, failures told and survived, signals obeyed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import NamedTuple

from gwangye.errors import GwangyeError
from gwangye.experiments.workbench import Experiment, Outcome, Workbench

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not known everywhere


class Finished(NamedTuple):
    """What became of all experiments."""

    outcomes: list[Outcome]
    failed: list[Experiment]
    interrupted: bool


def run_all(
    workbench: Workbench,
    experiments: Sequence[Experiment],
    *,
    workers: int,
    report: Callable[[Experiment, Outcome | GwangyeError], None],
) -> Finished:
    """Run experiments in order, as many at a time as there are workers.

    A failure does not stop the others. SIGINT, SIGTERM and SIGHUP stop what runs; what is finished
    is kept. To be called from the main thread.

    Args:
        workbench: Where they run; closed where a signal comes.
        experiments: What to run.
        workers: How many run at once.
        report: Called, from this thread, with each experiment and what became of it.
    """
    outcomes, failed = [], []
    # signals are ignored while it stops, which takes a few seconds at most
    with signals_handled_by(_ignore), ThreadPoolExecutor(workers) as pool:
        try:
            with signals_handled_by(_interrupt):
                futures: dict[Future[Outcome], Experiment] = {
                    pool.submit(workbench.run, experiment): experiment for experiment in experiments
                }
                for future in as_completed(futures):
                    try:
                        outcome = future.result()
                    except GwangyeError as error:
                        failed.append(futures[future])
                        report(futures[future], error)
                    else:
                        outcomes.append(outcome)
                        report(futures[future], outcome)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            workbench.close()
            return Finished(outcomes, failed, interrupted=True)
    return Finished(outcomes, failed, interrupted=False)


@contextmanager
def signals_handled_by(handler: Callable[..., object]) -> Iterator[None]:
    """Have a function called at every signal that asks to stop, instead of what it does otherwise.

    Args:
        handler: Called with the signal's number and the frame.
    """
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _ignore(*_: object) -> None:
    pass
