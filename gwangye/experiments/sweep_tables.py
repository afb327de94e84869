"""The trials of a sweep as tables, and how to go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gwangye.evaluation.scores import TITLES
from gwangye.experiments.plan import Plan
from gwangye.experiments.running import duration
from gwangye.experiments.sweep_trials import Trial


def ranked(plan: Plan, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials: the finished ones from best to worst, then the others."""
    sign = -1 if plan.direction == "maximize" else 1
    column = plan.objective.partition(".")[0]
    finished = [trial for trial in trials if trial.state == "finished"]
    others = [trial for trial in trials if trial.state != "finished"]
    return [*sorted(finished, key=lambda trial: sign * trial.scores[column][0]), *others]


def overview(plan: Plan, trials: Sequence[Trial]) -> pd.DataFrame:
    """Return a row per trial, as people read it."""
    rows = [
        {
            "trial": trial.name,
            **{path: _text(trial.values.get(path, "")) for path in plan.space or ()},
            plan.objective: trial.score(plan.objective),
            "time": "" if trial.seconds is None else duration(trial.seconds),
            "state": trial.ending,
        }
        for trial in ranked(plan, trials)
    ]
    return pd.DataFrame(rows, dtype=object)


def details(plan: Plan, trials: Sequence[Trial]) -> pd.DataFrame:
    """Return a row per trial, for programs: unrounded."""
    column = plan.objective.partition(".")[0]
    scores = [f"{plan.objective}{end}" for end in ("", "_low", "_high")]
    rows = [
        {
            "trial": trial.name,
            **{path: _text(trial.values.get(path, "")) for path in plan.space or ()},
            **dict(zip(scores, trial.scores.get(column, (None,) * 3), strict=True)),
            "evaluations": len(trial.curve) or None,
            "seconds": trial.seconds,
            "state": trial.state,
            "revision": trial.revision,
        }
        for trial in ranked(plan, trials)
    ]
    return pd.DataFrame(rows, dtype=object)


def advice(plan: Plan, trials: Sequence[Trial]) -> list[str]:
    """Return what is best, what its score is worth, and how to go on, in paragraphs."""
    best = next(iter(ranked(plan, trials)), None)
    if best is None or best.state != "finished":
        return ["No trial is finished."]
    count = sum(trial.state in ("finished", "pruned") for trial in trials)
    values = ", ".join(f"{path}={_text(best.values[path])}" for path in plan.space or ())
    paragraphs = [
        f"Best: {best.name} ({values}), {plan.model} {plan.objective} {best.score(plan.objective)}."
    ]
    if count > 1:
        paragraphs.append(
            f"The best of {count} by the same rows: its score is better than it will be on "
            "others. Judge it on other folds (docs/sweeps.md)."
        )
    others = [
        f"{title} {plan.metric} {best.score(column)}"
        for column, title in TITLES.items()
        if column in best.scores and not plan.objective.startswith(f"{column}.")
    ]
    if others:
        paragraphs.append(f"For information, not for choosing: {'; '.join(others)}.")
    paragraphs.append(
        f"Go on with it:  dvc exp apply {best.name}\n"
        f"A branch of it: dvc exp branch {best.name} BRANCH"
    )
    return paragraphs


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
