"""The trials of a sweep as they are now, and their learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gwangye.evaluation.scores import score_text
from gwangye.experiments.space import Range, decode

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

State = Literal["finished", "pruned", "failed", "unfinished", "waiting"]

_STATES: dict[str, State] = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "unfinished",
    "WAITING": "waiting",
}


class Trial(NamedTuple):
    """A trial as it is now.

    Attributes:
        name: Of its DVC experiment.
        values: By parameter of the plan's space.
        state: What has become of it.
        scores: The objective's metric by column, with its interval: (value, low, high).
        curve: The metric at each evaluation that was seen.
        seconds: How long it took; None if that is not known.
        revision: Hash of its DVC experiment, "" if there is none.
    """

    name: str
    values: Mapping[str, Any]
    state: State = "waiting"
    scores: Mapping[str, Sequence[Any]] = {}
    curve: Sequence[float] = ()
    seconds: float | None = None
    revision: str = ""

    def score(self, objective: str) -> str:
        """Return a score of a finished trial as tables show it, "" for the others."""
        found = self.scores.get(objective.partition(".")[0])
        return score_text(*found) if found else ""

    @property
    def ending(self) -> str:
        """The state in words: "given up after evaluation 2: 31.4"."""
        if self.state != "pruned" or not self.curve:
            return self.state
        return f"given up after evaluation {len(self.curve)}: {self.curve[-1]:.1f}"


def view(trial: FrozenTrial, space: Mapping[str, list[Any] | Range]) -> Trial:
    """Return what Optuna keeps of a trial."""
    known = trial.user_attrs
    return Trial(
        known["name"],
        known.get("values") or decode(space, trial.params),
        _STATES[trial.state.name],
        known.get("scores", {}),
        [value for _, value in sorted(trial.intermediate_values.items())],
        known.get("seconds"),
        known.get("revision", ""),
    )


def parse_curve(text: str) -> list[float]:
    """Return the values of a curve's table, without a last line that is still being written."""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [float(line.split("\t")[1]) for line in lines[1:]]


def read_running_curve(path: Path, since: float) -> list[float]:
    """Return what a training has recorded so far.

    Args:
        path: The curve's table.
        since: When the trial was started, in seconds since the epoch: an older file is that of the
            trial before, which stays until its stage begins.
    """
    try:
        if path.stat().st_mtime < since:
            return []
        return parse_curve(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
