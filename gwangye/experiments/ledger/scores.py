"""A revision's scores, from its metrics.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gwangye.errors import ParameterError, did_you_mean
from gwangye.experiments.ledger.history import METRICS, printable

PARTS = {"validation": "validation", "validation_reweighted": "re-weighted", "test": "test"}
"""The columns of a score in metrics.json, and what they are called in the table."""

SCORES = {"micro_f1": "F1", "auprc": "AUPRC"}
"""The metrics of the table, and what they are called in it."""

BEST = "best"
"""In a model's stead: the one with the highest micro-F1 on plain validation."""


class Score(NamedTuple):
    """A score in percent with its 95 % interval; older files have no interval."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return "48.7 (40.0–57.2)"."""
        if self.low is None or self.high is None:
            return f"{self.value:.1f}"
        return f"{self.value:.1f} ({self.low:.1f}–{self.high:.1f})"


def read_scores(state: Any, model: str) -> tuple[dict[tuple[str, str], Score], str, str]:
    """Return a revision's scores, whatever the age of its metrics.json.

    Args:
        state: A state of ``dvc exp show --json``.
        model: "ensemble", a variant, or "best".

    Returns:
        Scores by (part, metric), the model that they are of, and, without scores, the reason.
    """
    models, reason = _models(state)
    if not reason and model != BEST and model not in models:
        reason = f"no model '{model}' in {METRICS}, only {', '.join(models) or 'an empty list'}"
    if reason:
        return {}, "", reason
    by_model = {name: _scores(parts) for name, parts in models.items()}
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
    entry = state["data"]["metrics"].get(METRICS, {})
    error = entry.get("error")
    if not entry or (error and error["type"] == "FileNotFoundError"):
        return {}, f"no {METRICS}"
    if error:
        return {}, f"{METRICS} cannot be read: {error['type']}"
    models = entry["data"]
    if not isinstance(models, dict) or not all(isinstance(m, dict) for m in models.values()):
        return {}, f"{METRICS} does not hold scores by model"
    return models, ""


def _scores(parts: Mapping[str, Any]) -> dict[tuple[str, str], Score]:
    found = {}
    for part in PARTS:
        values = parts.get(part)
        if not isinstance(values, dict):
            continue
        for metric in SCORES:
            value, low, high = (_number(values.get(metric + end)) for end in ("", "_low", "_high"))
            if value is not None:
                found[part, metric] = Score(value, low, high)
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
