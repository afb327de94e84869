"""How long the rest will take."""

from __future__ import annotations

import pytest

from gwangye.errors import GwangyeError
from gwangye.experiments.progress import show_progress, time_left
from gwangye.experiments.workbench import Experiment, Outcome


def test_time_left_is_the_mean_times_what_is_left_by_worker() -> None:
    assert time_left([100, 300], 9, 1) == "about 0:30:00 left"
    assert time_left([100, 300], 9, 2) == "about 0:15:00 left"
    assert time_left([], 9, 1) == ""
    assert time_left([100], 0, 1) == ""


def test_each_end_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    one = Experiment("one", {}, "")
    with show_progress(4, 1) as report:
        report(one, Outcome(one, "abc", 61.4, new=True))
        report(one, Outcome(one, None, 5.0, new=True))
        report(one, Outcome(one, "abc", 0.0, new=False))
        report(one, GwangyeError("experiment 'one' [x] failed"))
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert lines[:3] == [
        "one: 0:01:01",
        "one: 0:00:05, stopped",
        "ERROR: experiment 'one' [x] failed",
    ]
    assert "4/4" in lines[-1]
