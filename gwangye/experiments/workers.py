"""Workers that run one stage each: their share of the machine, their processes, their output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gwangye.errors import ParameterError

# One of these is there where NVIDIA's driver is: on Linux, in containers, in WSL.
_DRIVER_FILES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")
# How workers are asked to stop, and how many seconds they have before they are asked more firmly.
# DVC and Python clean up after SIGINT; a shell's background job ignores it, so SIGTERM follows.
STOPPING = ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))


class Share(NamedTuple):
    """A worker's part of the machine.

    Attributes:
        environment: Variables that its processes get.
        cores: The cores that they may run on; all of them if empty.
    """

    environment: Mapping[str, str]
    cores: Sequence[int] = ()


def visible_gpus() -> list[str]:
    """Return what CUDA_VISIBLE_DEVICES may name: the visible GPUs' numbers or identifiers.

    Torch, slow to import, is asked only where there is a driver.
    """
    if not any(Path(file).exists() for file in _DRIVER_FILES):
        return []
    import torch

    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(count)] if named is None else named.split(",")
    return [name.strip() for name in names[:count]]


def usable_cores() -> list[int]:
    """Return the numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def worker_shares(jobs: int, *, gpus: Sequence[str], cores: Sequence[int]) -> list[Share]:
    """Divide the machine among workers: one GPU each, or without GPUs a group of cores each.

    The division depends on the number of workers alone, never on how many stages happen to run at
    a time, so that a stage computes with the same number of threads each time. OMP_NUM_THREADS
    stands where the user has set it; the cores are then not divided.

    Args:
        jobs: The number of workers; those beyond the number of GPUs or cores share.
        gpus: The visible GPUs, see :func:`visible_gpus`.
        cores: The usable cores, see :func:`usable_cores`.

    Returns:
        One share per worker.

    Raises:
        ParameterError: ``jobs`` is less than 1.
    """
    if jobs < 1:
        raise ParameterError(
            f"--jobs {jobs}: allowed is 1 or more. Leave it out for one worker per GPU."
        )
    if gpus:
        return [Share({"CUDA_VISIBLE_DEVICES": gpus[k % len(gpus)]}) for k in range(jobs)]
    # Two processes whose idle OpenMP threads spin slow each other ten-fold where cores are few.
    environment = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")}
    if "OMP_NUM_THREADS" in os.environ:
        return [Share(environment)] * jobs
    count = len(cores)
    environment["OMP_NUM_THREADS"] = str(max(1, count // jobs))
    groups = (cores[k * count // jobs : (k + 1) * count // jobs] for k in range(jobs))
    return [Share(environment, group or [cores[k % count]]) for k, group in enumerate(groups)]


def final_text(line: str) -> str | None:
    """Return what a terminal shows in the end of a line in which progress was redrawn.

    Args:
        line: The line; each carriage return in it starts it anew.

    Returns:
        The last text that is not blank; None if the line was only ever redrawn as blank.
    """
    drawn = line.rstrip("\r\n").split("\r")
    texts = [text for text in drawn if text.strip()]
    if texts:
        return texts[-1].rstrip()
    return "" if len(drawn) == 1 else None


def start(
    command: Sequence[str], share: Share, *, folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a command on a share of the machine, in a process group of its own.

    Args:
        command: The command and its arguments.
        share: The part of the machine that it may use.
        folder: Where it runs; here by default.

    Returns:
        The process; its output and errors come through one pipe.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **share.environment, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )
    if share.cores and hasattr(os, "sched_setaffinity"):
        # before the stage's command exists; what is started later inherits it
        with suppress(ProcessLookupError):
            os.sched_setaffinity(process.pid, share.cores)
    return process


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process from :func:`start` and to everything that it has started."""
    # macOS answers with EPERM where the group holds nothing but zombies
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class Worker:
    """A running `dvc repro --single-item`, with all that it starts in a process group of its own.

    Args:
        stage: The stage.
        slot: The share's number.
        share: The worker's part of the machine.
        post: Called in a thread with a pair, the worker and a line of its output; the line is None
            when the worker has ended.
    """

    def __init__(
        self,
        stage: str,
        slot: int,
        share: Share,
        post: Callable[[tuple[Worker, str | None]], None],
    ) -> None:
        self.stage, self.slot, self._post = stage, slot, post
        self._started = time.monotonic()
        command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", stage]
        self.process = start(command, share)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._post((self, line.decode(errors="replace")))
        self.process.wait()
        self._post((self, None))

    def wait(self, seconds: float) -> bool:
        """Wait for the worker and the last of its output; return whether both have come."""
        self._reader.join(max(0.0, seconds))
        return not self._reader.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to everything that the worker has started."""
        signal_group(self.process, number)
