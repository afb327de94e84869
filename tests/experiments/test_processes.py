"""Real processes, and how they end."""

from __future__ import annotations

import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from gwangye.experiments.processes import Processes, StoppedError, signals_handled_by
from gwangye.experiments.workers import Share

SHARE = Share({"GREETING": "hello"})
# writes its own and its child's number, and sleeps
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_environment_folder_and_exit_code(tmp_path: Path) -> None:
    lines: list[str] = []
    code = (
        "import os, sys; print(os.environ['GREETING'], os.getcwd());"
        "print('10%\\r100%'); print('trouble', file=sys.stderr); sys.exit(3)"
    )
    assert Processes().run(python(code), SHARE, lines.append, folder=tmp_path) == 3
    assert lines == [f"hello {tmp_path}", "100%", "trouble"]


@pytest.mark.slow
@pytest.mark.parametrize("ignored", ["", "SIGINT", "SIGINT SIGTERM"])
def test_command_is_ended_with_its_children_however_stubborn(
    ignored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gwangye.experiments import processes

    quick = tuple((number, 1.0) for number, _ in processes._STOPPING)
    monkeypatch.setattr(processes, "_STOPPING", quick)
    deaf = "".join(
        f"import signal; signal.signal(signal.{name}, signal.SIG_IGN)\n" for name in ignored.split()
    )
    family: list[psutil.Process] = []

    def see(line: str) -> None:
        if not family:  # later lines are tracebacks
            family.extend(psutil.Process(int(number)) for number in line.split())

    found = Processes().run(python(deaf + FAMILY), SHARE, see, should_stop=lambda: bool(family))

    assert found is None
    assert len(family) == 2
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def test_close_ends_what_runs_and_lets_nothing_start() -> None:
    processes, begun = Processes(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(processes.run, python(FAMILY), SHARE, lambda _: begun.set())
        assert begun.wait(60)
        processes.close()
        with pytest.raises(StoppedError, match="It was stopped"):
            future.result()
    with pytest.raises(StoppedError, match="It was stopped before it began"):
        processes.run(python("print()"), SHARE, print)


def test_signal_is_handled_within_the_context_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[int] = []
    with signals_handled_by(lambda number, _: seen.append(number)):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        time.sleep(0)
    assert seen == [signal.SIGTERM, signal.SIGINT]
    assert signal.getsignal(signal.SIGTERM) is before
