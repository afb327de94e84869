"""The processes of experiments: their output, and their end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

from gwangye.errors import GwangyeError
from gwangye.experiments.stage_times import StageTimes
from gwangye.experiments.workers import STOPPING, final_text, signal_group


class StoppedError(GwangyeError):
    """The workbench was closed while the experiment ran."""


class FailedError(GwangyeError):
    """A stage of the experiment failed."""


def read_output(process: Popen[bytes], log: Path, tail: deque[str], times: StageTimes) -> None:
    """Write a process's output to its log as it comes."""
    assert process.stdout is not None
    with process.stdout as stream, log.open("a", encoding="utf-8") as file:
        for raw in stream:
            line = final_text(raw.decode(errors="replace"))
            if line is not None:
                times.see(line, time.monotonic())
                tail.append(line)
                file.write(f"{line}\n")
                file.flush()
    process.wait()


def stop(processes: Sequence[Popen[bytes]]) -> None:
    """End processes and what they have started, if they still run: first politely."""
    for number, grace in STOPPING:
        running = [process for process in processes if process.poll() is None]
        if not running:
            return
        for process in running:
            signal_group(process, number)
        deadline = time.monotonic() + grace
        while any(p.poll() is None for p in running) and time.monotonic() < deadline:
            time.sleep(0.05)


def end_leftovers(worktrees: Path) -> None:
    """End stages that outlived a killed command: they would write into the worktrees."""
    import psutil

    leftovers = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        command = process.info["cmdline"] or []
        ours = any(part == "dvc" or part.startswith("stages.") for part in command)
        if ours and Path(process.info["cwd"] or "/").is_relative_to(worktrees):
            leftovers.append(process)
            process.kill()
    psutil.wait_procs(leftovers, timeout=10)
