"""What a reviewer of an experiment asks, answered in Markdown for a pull request.

Which parameters differ from the base, were the stages run with them, what happened to the scores,
and is that more than chance? Parameters, scores and states come from DVC; what DVC cannot get here
is named, with what to do about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwangye.errors import DataError
from gwangye.experiments.repository import dvc

COLUMNS = {"validation": "validation", "validation_reweighted": "re-weighted", "test": "test"}
METRICS = {"micro_f1": "micro-F1", "auprc": "AUPRC"}

Difference = Mapping[str, Any]  # of a parameter or a metric: its "old" and its "new" value


@dataclass(frozen=True)
class Review:
    """How the workspace differs from a base.

    Args:
        base: The revision that it is compared with.
        parameters: Parameters that differ, by name.
        metrics: All metrics of both, by name.
        stale: Stages that were not run as they are now, each with what has changed.
        comparisons: Sentences by model: what the paired test of both found.
        not_compared: Models that could not be compared, each with the reason.
        plots: Where the plots of both can be seen; empty: the command that draws them is named.
    """

    base: str
    parameters: Mapping[str, Difference]
    metrics: Mapping[str, Difference]
    stale: Mapping[str, Sequence[str]]
    comparisons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    not_compared: Mapping[str, str] = field(default_factory=dict)
    plots: str = ""

    def changed_models(self) -> list[str]:
        """Return the models of both revisions that have another score, the ensemble first."""
        old, new, changed = set(), set(), set()
        for name, values in self.metrics.items():
            model = name.split(".")[0]
            if values.get("old") is not None:
                old.add(model)
            if values.get("new") is not None:
                new.add(model)
            if values.get("old") != values.get("new"):
                changed.add(model)
        return _in_order(old & new & changed)

    def to_markdown(self) -> str:
        """Return the review as Markdown, as GitHub shows it."""
        sections = [f"## This experiment against `{self.base}`", *self._stale()]
        sections += ["### Parameters", *self._parameters(), "### Scores", *self._scores()]
        if self.comparisons or self.not_compared:
            sections += ["### More than chance?", *self._comparisons()]
        see = self.plots or f"`dvc plots diff {self.base}` draws them."
        sections += ["### Plots", f"Learning curves, confusion matrix, slices of both: {see}"]
        return "\n\n".join(sections) + "\n"

    def _stale(self) -> Iterator[str]:
        if self.stale:
            listed = "\n".join(f"- `{s}`: {', '.join(why)}" for s, why in self.stale.items())
            yield (
                "> [!WARNING]\n> **Not run as it stands**: the scores below are older than the "
                "change. Run `dvc repro`, commit `dvc.lock` and `metrics/metrics.json`."
            )
            yield listed

    def _parameters(self) -> Iterator[str]:
        if not self.parameters:
            yield "None differs."
            return
        lines = [f"| parameter | {self.base} | here |", "|---|---|---|"]
        for name, values in sorted(self.parameters.items()):
            cells = (_cell(values.get(side)) for side in ("old", "new"))
            lines.append(f"| {_cell(name)} | {' | '.join(cells)} |")
        yield "\n".join(lines)

    def _scores(self) -> Iterator[str]:
        models = _in_order({name.split(".")[0] for name in self.metrics})
        if not models:
            yield "There are none, neither here nor there. Run `dvc repro`."
            return
        columns = [
            column for column in COLUMNS if any(f".{column}.micro_f1" in m for m in self.metrics)
        ]
        titles = [f"{COLUMNS[c]} {title}" for c in columns for title in METRICS.values()]
        lines = [f"| model | {' | '.join(titles)} |", f"|---|{'---:|' * len(titles)}"]
        for model in models:
            scores = (
                _score(self.metrics.get(f"{model}.{column}.{metric}", {}))
                for column in columns
                for metric in METRICS
            )
            lines.append(f"| {model} | {' | '.join(scores)} |")
        yield "\n".join(lines)
        yield f"Percent. All others: `dvc metrics diff {self.base} --md`."

    def _comparisons(self) -> Iterator[str]:
        for model, sentences in self.comparisons.items():
            yield f"**{model}**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences)
        if self.not_compared:
            # the same reason for all, as a rule
            model, reason = next(iter(self.not_compared.items()))
            yield (
                f"Not compared: {', '.join(self.not_compared)}. That takes the split and the "
                "predictions of both: from DVC's cache or its remote (`dvc remote add -d`, then "
                f"`dvc push` after each run). {model}: {reason}"
            )


def read_review(folder: Path, base: str) -> Review:
    """Read from DVC how the workspace differs from a base; nothing is compared yet.

    Args:
        folder: The project: where dvc.yaml is.
        base: A branch, tag or commit.

    Raises:
        DataError: The folder is no project.
        GwangyeError: DVC failed, for example as there is no such revision.
    """
    if not (folder / "dvc.yaml").is_file():
        raise DataError(f"{folder.resolve()} has no dvc.yaml. Run this in the project's folder.")
    if base.startswith("-"):
        raise DataError(f"{base} is no revision. Give a branch, a tag or a commit.")
    parameters = dvc(folder, "params", "diff", base)
    metrics = dvc(folder, "metrics", "diff", base, "--all")
    return Review(
        base=base,
        parameters={name: v for of_file in parameters.values() for name, v in of_file.items()},
        metrics={name: v for of_file in metrics.values() for name, v in of_file.items()},
        stale=stale_stages(dvc(folder, "status")),
    )


def stale_stages(status: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Return the stages whose code, parameters, data or command is not that of dvc.lock.

    What is only not here (a model that was not pulled) is as it was, so it is left out.

    Args:
        status: What ``dvc status --json`` gives.

    Returns:
        What has changed, by stage: paths, ``params.yaml: <section>``, ``command``.
    """
    stale = {}
    for stage, entries in status.items():
        reasons: list[str] = []
        for entry in entries:
            if entry == "changed command":
                reasons.append("its command")
            elif isinstance(entry, Mapping):
                reasons += _modified(entry.get("changed deps", {}))
        if reasons:
            stale[stage] = reasons
    return stale


def _modified(dependencies: Mapping[str, Any]) -> Iterator[str]:
    for path, state in dependencies.items():
        if isinstance(state, Mapping):
            yield from (f"{path}: {name}" for name in state)
        elif state != "deleted":
            yield f"{path} is {state}"


def _in_order(models: set[str]) -> list[str]:
    return sorted(models, key=lambda name: (name != "ensemble", name))


def _score(values: Difference) -> str:
    old, new = values.get("old"), values.get("new")
    if old is None or new is None:
        return "" if old is new else f"{old:.1f} → –" if new is None else f"– → {new:.1f}"
    change = round(new, 1) - round(old, 1)
    return f"{old:.1f} → {new:.1f} ({change:+.1f})" if round(change, 1) else f"{new:.1f}"


def _cell(value: Any) -> str:
    """Return a value as a table's cell: what people wrote must not end the cell."""
    text = "–" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text.replace("|", "\\|").replace("\n", " ")
