"""Several experiments at a time, and signals that stop them."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from gwangye.experiments.processes import StoppedError
from gwangye.experiments.running import Finished, run_all
from gwangye.experiments.workbench import Experiment


class Bench:
    """A workbench whose experiment is interrupted as soon as it runs, and again while it stops."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number
        self.stopped = threading.Event()

    def run(self, experiment: Experiment) -> Any:
        os.kill(os.getpid(), self.number)
        assert self.stopped.wait(10)
        raise StoppedError("closed")

    def close(self) -> None:
        os.kill(os.getpid(), self.number)
        self.stopped.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_impatience_while_it_stops_does_no_harm(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    told: list[Any] = []
    finished = run_all(
        Bench(number),  # type: ignore[arg-type]
        [Experiment("a", {}, ""), Experiment("b", {}, "")],
        workers=1,
        report=lambda *what: told.append(what),
    )
    assert finished == Finished([], [], interrupted=True)
    assert told == []
    assert signal.getsignal(number) is before
