"""Processes that can be ended with all that they have started, and the signals that ask for it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from gwangye.errors import GwangyeError
from gwangye.experiments.workers import Share

# How processes are asked to stop, and how many seconds they have before they are asked more firmly.
# DVC and Python clean up after SIGINT; a shell's background job ignores it, so SIGTERM follows.
_STOPPING = ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))
_POLL = 1.0  # seconds
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not known everywhere


class StoppedError(GwangyeError):
    """What ran was ended from outside."""


class Processes:
    """Processes that run at the same time, and can be ended together with all they have started.

    Args:
        guard: Gives a context in which signals are sent.
    """

    def __init__(self, guard: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._guard = guard
        self._lock = threading.Lock()  # guards all below
        self._running: set[_Process] = set()
        self.closed = False

    def run(
        self,
        command: Sequence[str],
        share: Share,
        see: Callable[[str], object],
        *,
        folder: Path | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> int | None:
        """Run a command to its end; may be called from several threads.

        Args:
            command: The command and its arguments.
            share: The part of the machine that it may use.
            see: Called in a thread with each line of its output and errors, without the end.
            folder: Where it runs; here by default.
            should_stop: Asked every second; if true, the command is ended.

        Returns:
            The exit code; None where ``should_stop`` has ended it.

        Raises:
            StoppedError: :meth:`close` has ended it.
        """
        with self._lock:
            if self.closed:
                raise StoppedError("It was stopped before it began.")
            process = _Process(command, share, see, folder)
            self._running.add(process)
        stopped = False
        try:
            while not process.wait(_POLL) and not stopped:
                stopped = should_stop is not None and should_stop()
        finally:
            _end([process], self._guard)
            with self._lock:
                self._running.discard(process)
        code = process.returncode
        if code and self.closed:
            raise StoppedError("It was stopped.")
        return None if stopped else code

    def close(self) -> None:
        """End all that runs, first politely; nothing starts any more."""
        with self._lock:
            self.closed = True
            running = list(self._running)
        _end(running, self._guard)


class _Process:
    """A running command in a process group of its own, and the thread that reads its output."""

    def __init__(
        self,
        command: Sequence[str],
        share: Share,
        see: Callable[[str], object],
        folder: Path | None,
    ) -> None:
        self._see = see
        self._process = subprocess.Popen(
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
                os.sched_setaffinity(self._process.pid, share.cores)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def wait(self, seconds: float) -> bool:
        """Wait for it and the last of its output; return whether both have come."""
        self._reader.join(max(0.0, seconds))
        return not self._reader.is_alive()

    def send(self, number: signal.Signals) -> None:
        # macOS answers with EPERM where the group holds nothing but zombies
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        with self._process:  # its end is waited for
            for raw in self._process.stdout or ():
                line = final_text(raw.decode(errors="replace"))
                if line is not None:
                    self._see(line)


def _end(processes: Sequence[_Process], guard: Callable[[], AbstractContextManager[None]]) -> None:
    running = [process for process in processes if not process.wait(0)]
    for number, grace in _STOPPING if running else ():
        deadline = time.monotonic() + grace
        with guard():
            for process in running:
                process.send(number)
        if all(process.wait(deadline - time.monotonic()) for process in running):
            break
    for process in running:
        process.send(signal.SIGKILL)  # what a stage has left behind


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
