"""A revision's scores: those of its metrics.json, with the intervals of its scores.csv."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gwangye.errors import DataError, ParameterError, did_you_mean
from gwangye.evaluation.scores import METRICS as NAMES
from gwangye.evaluation.scores import TITLES, read_scores, score_text
from gwangye.experiments.ledger.history import printable
from gwangye.experiments.repository import METRICS, SCORES

BEST = "best"
"""In a model's stead: the one with the highest micro-F1 on plain validation."""

_SAME = 0.005  # points: files hold two decimals


class Score(NamedTuple):
    """A score in percent with its 95 % interval, if it was recorded."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return "48.7 (40.0–57.2)"."""
        return score_text(*self)


Intervals = Mapping[tuple[str, str, str], Score]  # by model, column and metric
Scored = tuple[dict[tuple[str, str], Score], str, str]  # from :func:`scores_of`


def read_intervals(text: str) -> Intervals:
    """Return the scores of a scores.csv by (model, column, metric); of a broken one, none.

    Args:
        text: CSV.
    """
    try:
        table = read_scores(text, str(SCORES))
    except DataError:
        return {}
    rows = table[(table["pairs"] == "all") & table["low"].notna()].to_dict(orient="records")
    return {
        (row["model"], row["column"], row["metric"]): Score(row["value"], row["low"], row["high"])
        for row in rows
    }


def scores_of(state: Any, model: str, intervals: Intervals) -> Scored:
    """Return a revision's scores, whatever the age of its metrics.json.

    Args:
        state: A state of ``dvc exp show --json``.
        model: "ensemble", a variant, or "best".
        intervals: Those of the revision's scores.csv; one of another value is left aside.

    Returns:
        Scores by (part, metric), the model that they are of, and, without scores, the reason.
    """
    models, reason = _models(state)
    if not reason and model != BEST and model not in models:
        reason = f"no model '{model}' in {METRICS}, only {', '.join(models) or 'an empty list'}"
    if reason:
        return {}, "", reason
    by_model = {name: _scores(name, parts, intervals) for name, parts in models.items()}
    if model == BEST:
        ranked = ("validation", "micro_f1")
        scored = [name for name, scores in by_model.items() if ranked in scores]
        if not scored:
            return {}, "", f"no validation micro_f1 in {METRICS}"
        model = max(scored, key=lambda name: by_model[name][ranked].value)
    if not by_model[model]:
        return {}, "", f"no scores of '{model}' in {METRICS}"
    return by_model[model], model, ""


def _models(state: Any) -> tuple[dict[str, Any], str]:
    """Return metrics.json's parts by model, or why there are none."""
    if not state["data"]:
        message = (state["error"] or {}).get("msg") or "it says nothing"
        return {}, f"DVC cannot read this revision: {printable(message)}"
    entry = state["data"]["metrics"].get(str(METRICS), {})
    error = entry.get("error")
    if not entry or (error and error["type"] == "FileNotFoundError"):
        return {}, f"no {METRICS}"
    if error:
        return {}, f"{METRICS} cannot be read: {error['type']}"
    models = entry["data"]
    if not isinstance(models, dict) or not all(isinstance(m, dict) for m in models.values()):
        return {}, f"{METRICS} does not hold scores by model"
    return models, ""


def _scores(
    model: str, parts: Mapping[str, Any], intervals: Intervals
) -> dict[tuple[str, str], Score]:
    found = {}
    for part, metric in ((part, metric) for part in TITLES for metric in NAMES):
        values = parts.get(part)
        if not isinstance(values, dict):
            continue
        # metrics.json held the intervals once
        value, low, high = (_number(values.get(metric + end)) for end in ("", "_low", "_high"))
        if value is None:
            continue
        recorded = intervals.get((model, part, metric))
        same = recorded is not None and abs(recorded.value - value) <= _SAME
        found[part, metric] = recorded if recorded and same else Score(value, low, high)
    return found


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) else None


def check_model(model: str, states: Sequence[Any]) -> None:
    """Check that the scores of some revision are the model's, if any has scores.

    Args:
        model: "ensemble", a variant, or "best".
        states: States of ``dvc exp show --json``.

    Raises:
        ParameterError: All scores are those of other models.
    """
    runs = [run["revs"][0] for state in states for run in state["experiments"] or []]
    known = {name for state in [*states, *runs] for name in _models(state)[0]}
    if known and model != BEST and model not in known:
        raise ParameterError(
            f"--model {model}: no revision has scores of it. {did_you_mean(model, {*known, BEST})}"
        )
