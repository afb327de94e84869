"""Several experiments at a time, signals that stop them, and how long the rest will take."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from gwangye.errors import DataError, GwangyeError
from gwangye.experiments.processes import StoppedError
from gwangye.experiments.running import Experiments, duration, run_all
from gwangye.experiments.workbench import Experiment, FailedError, Outcome


class Bench:
    """A workbench whose experiments end as they are told to."""

    def __init__(self, results: dict[str, Outcome | Exception]) -> None:
        self.results = results
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def run(self, experiment: Experiment, **_: Any) -> Any:
        result = self.results[experiment.name]
        if isinstance(result, Exception):
            raise result
        return result


class Interrupted(Bench):
    """One whose experiment is interrupted as soon as it runs, and again while it stops."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__({})
        self.number = number
        self.stopped = threading.Event()

    def run(self, experiment: Experiment, **_: Any) -> Any:
        os.kill(os.getpid(), self.number)
        assert self.stopped.wait(10)
        raise StoppedError("closed")

    def close(self) -> None:
        os.kill(os.getpid(), self.number)
        self.stopped.set()


def run(
    bench: Any, *names: str, kind: type[Experiments] = Experiments
) -> tuple[list[str], list[str], bool]:
    """Run experiments one at a time; return which failed, what was told, whether a signal came."""
    told: list[str] = []
    experiments = kind(bench, [Experiment(name, {}, "") for name in names], 1, told.append)
    run_all(experiments, 1, interrupted := threading.Event())
    return experiments.failed, told, interrupted.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_impatience_while_it_stops_does_no_harm(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    assert run(Interrupted(number), "a", "b") == ([], [], True)
    assert signal.getsignal(number) is before


def test_each_end_is_a_line_and_a_failure_stops_nothing() -> None:
    one = Experiment("a", {}, "")
    bench = Bench(
        {
            "a": Outcome(one, "1", 61.4, new=True),
            "b": FailedError("experiment 'b' failed"),
            "c": Outcome(one, "1", 0.0, new=False),
            "d": Outcome(one, "1", 120.6, new=True),
        }
    )
    assert run(bench, *"abcd") == (
        ["b"],
        [
            "[1/4] a: 1 min 1 s; 3 to go, about 3 min 4 s",
            "ERROR: experiment 'b' failed",
            "[3/4] c: saved already; 1 to go, about 1 min 1 s",
            "[4/4] d: 2 min 1 s; all done",
        ],
        False,
    )


def test_signal_while_it_asks_ends_all() -> None:
    """As where DVC's lock is waited for."""

    class Waiting(Experiments):
        def ask(self) -> Experiment | None:
            signal.raise_signal(signal.SIGTERM)
            raise StoppedError("It was stopped before it began.")

    assert run(Bench({}), "a", kind=Waiting) == ([], [], True)


def test_fault_of_the_code_is_not_hidden_and_ends_what_runs() -> None:
    bench = Bench({"a": ZeroDivisionError("a bug")})
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run(bench, "a", "b")
    assert bench.closed


def test_result_that_cannot_be_taken_in_ends_all() -> None:
    class Refusing(Experiments):
        def settle(self, experiment: Experiment, result: Outcome | GwangyeError) -> str:
            raise DataError("no such score")

    bench = Bench({"a": Outcome(Experiment("a", {}, ""), "1", 1.0, new=True)})
    with pytest.raises(DataError, match="no such score"):
        run(bench, "a", "b", kind=Refusing)
    assert bench.closed


@pytest.mark.parametrize(
    ("jobs", "over", "took", "left"),
    [
        (1, 0, [], "9 to go"),
        (1, 0, [100, 300], "9 to go, about 30 min 0 s"),
        (2, 0, [100, 300], "9 to go, about 16 min 40 s"),
        (1, 9, [100], "all done"),
    ],
)
def test_time_left_is_the_mean_times_what_is_left_by_worker(
    jobs: int, over: int, took: list[float], left: str
) -> None:
    experiments = Experiments(Bench({}), [Experiment("a", {}, "")] * 9, jobs, print)  # type: ignore[arg-type]
    experiments.over, experiments.took = over, took
    assert experiments.left() == left


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.4, "8 s"), (185, "3 min 5 s"), (7799.6, "2 h 10 min")]
)
def test_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
