"""How long stages took, from what `dvc repro` prints."""

from __future__ import annotations

import re
from collections.abc import Mapping

KEY = "Train-seconds"
"""The Git trailer in an experiment's message that holds the times of training."""

_STARTS = re.compile(r"Running stage '(?P<stage>[^']+)':$")
# what DVC prints when a stage is over, or another one is looked at
_ENDS = re.compile(r"(Running stage|Stage|Updating lock file|Generating lock file|ERROR:)( |$)")
_TRAIN = "train@"


class StageTimes:
    """Times of the stages that ran; those from the cache are not among them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: tuple[str, float] | None = None

    def see(self, line: str, now: float) -> None:
        """Take in a line of output.

        Args:
            line: The line, without its end.
            now: When it was printed, in seconds from any start.
        """
        if self._running and _ENDS.match(line):
            stage, begun = self._running
            self.seconds[stage] = now - begun
            self._running = None
        if match := _STARTS.match(line):
            self._running = (match["stage"], now)

    def trailer(self) -> str:
        """Return "Train-seconds: bilstm=193 bigru=201", or "" where nothing was trained."""
        trained = {
            stage.removeprefix(_TRAIN): seconds
            for stage, seconds in self.seconds.items()
            if stage.startswith(_TRAIN)
        }
        found = " ".join(f"{name}={seconds:.0f}" for name, seconds in trained.items())
        return f"{KEY}: {found}" if found else ""


def read_trailer(text: str) -> Mapping[str, float]:
    """Return the seconds of training by variant from a trailer's value ("bilstm=193")."""
    pairs = (part.split("=") for part in text.split())
    return {name: float(seconds) for name, seconds in pairs}
