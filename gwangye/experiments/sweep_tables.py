"""The trials of a sweep for the terminal, as Markdown and as CSV, and how to go on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gwangye.evaluation.scores import TITLES as PARTS
from gwangye.experiments.sweep_plan import SweepPlan
from gwangye.experiments.sweep_results import Result
from gwangye.experiments.sweep_study import Trial

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Summary:
    """What has become of a sweep.

    Args:
        plan: The plan.
        trials: All trials begun or waiting.
        results: The finished ones by name.
    """

    plan: SweepPlan
    trials: Sequence[Trial]
    results: Mapping[str, Result]

    def ranked(self) -> list[Trial]:
        """Return the trials: the finished ones from best to worst, then the others."""
        sign = -1 if self.plan.direction == "maximize" else 1
        finished = [trial for trial in self.trials if trial.state == "finished"]
        others = [trial for trial in self.trials if trial.state != "finished"]
        return [*sorted(finished, key=lambda trial: sign * self._value(trial)), *others]

    def best(self) -> Trial | None:
        """Return the best finished trial, if any is finished."""
        ranked = self.ranked()
        return ranked[0] if ranked and ranked[0].state == "finished" else None

    def table(self) -> Table:
        """Return the trials for the terminal."""
        from rich.table import Table
        from rich.text import Text

        titles, rows = self._cells()
        table = Table(*titles)
        for row in rows:
            table.add_row(*map(Text, row))  # values may hold [brackets]
        return table

    def markdown(self) -> str:
        """Return the trials as a Markdown table, and what the best one is."""
        titles, rows = self._cells()
        escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        lines = [titles, ["---"] * len(titles), *escaped]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n\n".join([table, *self.advice()]) + "\n"

    def csv(self) -> str:
        """Return the trials as CSV, unrounded."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        scores = [self.plan.objective + end for end in ("", "_low", "_high")]
        titles = ["trial", *self.plan.space, *scores, "evaluations", "seconds", "state", "revision"]
        writer.writerow(titles)
        for trial in self.ranked():
            result = self.results.get(trial.name) if trial.state == "finished" else None
            writer.writerow(
                [
                    trial.name,
                    *(_text(trial.values[path]) for path in self.plan.space),
                    *(result.score(self.plan.objective) if result else ("", "", "")),
                    len(trial.curve) or "",
                    "" if trial.seconds is None else round(trial.seconds, 1),
                    trial.state,
                    result.revision if result else "",
                ]
            )
        return file.getvalue()

    def advice(self) -> list[str]:
        """Return what is best, what its score is worth, and how to go on, in paragraphs."""
        best = self.best()
        if best is None:
            return ["No trial is finished."]
        result = self.results[best.name]
        count = sum(trial.state in ("finished", "pruned") for trial in self.trials)
        values = ", ".join(f"{path}={_text(best.values[path])}" for path in self.plan.space)
        paragraphs = [
            f"Best: {best.name} ({values}), {self.plan.variant} {self.plan.objective} "
            f"{result.score(self.plan.objective)}."
        ]
        if count > 1:
            paragraphs.append(
                f"The best of {count} by the same rows: its score is better than it will be on "
                "others. Judge it on other folds (docs/sweeps.md)."
            )
        if others := self._other_scores(result):
            paragraphs.append(f"For information, not for choosing: {'; '.join(others)}.")
        paragraphs.append(
            f"Go on with it:  dvc exp apply {best.name}\n"
            f"A branch of it: dvc exp branch {best.name} BRANCH"
        )
        return paragraphs

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        titles = ["trial", *self.plan.space, self.plan.objective, "time", "state"]
        rows = []
        for trial in self.ranked():
            values = [_text(trial.values[path]) for path in self.plan.space]
            took = "" if trial.seconds is None else duration(trial.seconds)
            rows.append([trial.name, *values, self._score(trial), took, trial.ending])
        return titles, rows

    def _score(self, trial: Trial) -> str:
        if trial.state != "finished":
            return ""
        return str(self.results[trial.name].score(self.plan.objective))

    def _value(self, trial: Trial) -> float:
        return self.results[trial.name].score(self.plan.objective).value

    def _other_scores(self, result: Result) -> list[str]:
        found = []
        for part, title in PARTS.items():
            objective = f"{part}.{self.plan.metric}"
            if objective != self.plan.objective and self.plan.metric in result.scores.get(part, {}):
                found.append(f"{title} {self.plan.metric} {result.score(objective)}")
        return found


def duration(seconds: float) -> str:
    """Return a time in words: "8 s", "3 min 5 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
