"""What a reviewer of an experiment asks, answered in Markdown for a pull request.

Which parameters differ from the base, were the stages run with them, what happened to the scores,
and is that more than chance? Parameters, scores and states come from DVC; what DVC cannot get here
is named, with what to do about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gwangye.errors import DataError, GwangyeError
from gwangye.evaluation.scores import METRICS, TITLES
from gwangye.experiments.repository import check_repository, dvc, git
from gwangye.experiments.staleness import stale_stages
from gwangye.experiments.tables import to_markdown

Difference = Mapping[str, Any]  # of a parameter or a metric: its "old" and its "new" value


@dataclass(frozen=True)
class Review:
    """How the workspace differs from where it left a base.

    Args:
        base: The branch, tag or commit that was named.
        revision: The last commit that HEAD and the base have in common: what is compared with.
        parameters: Parameters that differ, by name.
        metrics: All metrics of both, by name.
        stale: Stages that were not run as they are now, each with what has changed.
        comparisons: Sentences by model: what the paired test of both found.
        not_compared: Models that could not be compared, each with the reason.
        plots: Where the plots of both can be seen; empty: the command that draws them is named.
    """

    base: str
    revision: str
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
        title = f"## This experiment against {self.revision}, its merge base with `{self.base}`"
        sections = [title, *self._stale(), "### Parameters", self._parameters()]
        sections += ["### Scores", *self._scores()]
        if self.comparisons or self.not_compared:
            sections += ["### More than chance?", *self._comparisons()]
        see = self.plots or f"`dvc plots diff {self.revision}` draws them."
        sections += ["### Plots", f"Learning curves, confusion matrix, slices of both: {see}"]
        return "\n\n".join(sections) + "\n"

    def _stale(self) -> Iterator[str]:
        if self.stale:
            yield (
                "> [!WARNING]\n> **Not run as it stands**: the scores below are older than the "
                "change. Run `dvc repro`, commit `dvc.lock` and `metrics`."
            )
            yield "\n".join(f"- `{stage}`: {', '.join(why)}" for stage, why in self.stale.items())

    def _parameters(self) -> str:
        rows = [
            {"parameter": name, self.revision: _value(of.get("old")), "here": _value(of.get("new"))}
            for name, of in sorted(self.parameters.items())
        ]
        return to_markdown(pd.DataFrame(rows)) if rows else "None differs."

    def _scores(self) -> Iterator[str]:
        models = _in_order({name.split(".")[0] for name in self.metrics})
        if not models:
            yield "There are none, neither here nor there. Run `dvc repro`."
            return
        rows = [
            {"model": model}
            | {
                f"{title} {name}": _score(self.metrics.get(f"{model}.{column}.{metric}", {}))
                for column, title in TITLES.items()
                if any(f".{column}.micro_f1" in name for name in self.metrics)
                for metric, name in METRICS.items()
            }
            for model in models
        ]
        yield to_markdown(pd.DataFrame(rows))
        yield f"Percent. All others: `dvc metrics diff {self.revision} --md`."

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
    """Read from Git and DVC how the workspace differs from a base; nothing is compared yet.

    What the base has become since HEAD left it is no part of this experiment, so the workspace is
    compared with their merge base.

    Args:
        folder: The project: where dvc.yaml is.
        base: A branch, tag or commit.

    Raises:
        DataError: The folder is no project, or there is no such revision, or none in common.
        GwangyeError: DVC failed.
    """
    check_repository(folder)
    revision = _merge_base(folder, base)
    parameters = dvc(folder, "params", "diff", revision)
    metrics = dvc(folder, "metrics", "diff", revision, "--all")
    return Review(
        base=base,
        revision=revision,
        parameters={name: v for of_file in parameters.values() for name, v in of_file.items()},
        metrics={name: v for of_file in metrics.values() for name, v in of_file.items()},
        stale=stale_stages(dvc(folder, "status")),
    )


def compare_changed(review: Review) -> Review:
    """Test the difference of each model of this project that has other scores.

    Args:
        review: From :func:`read_review`.
    """
    from gwangye.experiments.comparison import compare_models

    comparisons, not_compared = {}, {}
    for model in review.changed_models():
        try:
            tests, flipped = compare_models(f"{model}@{review.revision}", model)
        except GwangyeError as error:
            not_compared[model] = str(error)
            continue
        comparisons[model] = [
            sentence if name == "plain" else f"{name}: {sentence}"
            for name, test in tests.items()
            for sentence in test.describe()
        ]
        comparisons[model].append(flipped.sentence())
    return replace(review, comparisons=comparisons, not_compared=not_compared)


def _merge_base(folder: Path, base: str) -> str:
    """Return the short hash of the last commit that HEAD and the base have in common."""
    unknown = f"no revision '{base}'. Give a branch (origin/main, too), a tag or a commit."
    if base.startswith("-"):
        raise DataError(unknown)
    git(folder, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}", fault=unknown)
    apart = (
        f"HEAD and '{base}' have no commit in common here. Name another base; in a shallow clone, "
        "`git fetch --unshallow` first."
    )
    common = git(folder, "merge-base", "HEAD", base, fault=apart).split()[0]
    return git(folder, "rev-parse", "--short", common).strip()


def _in_order(models: set[str]) -> list[str]:
    return sorted(models, key=lambda name: (name != "ensemble", name))


def _score(values: Difference) -> str:
    old, new = values.get("old"), values.get("new")
    if old is None or new is None:
        return "" if old is new else f"{old:.1f} → –" if new is None else f"– → {new:.1f}"
    change = round(new, 1) - round(old, 1)
    return f"{old:.1f} → {new:.1f} ({change:+.1f})" if round(change, 1) else f"{new:.1f}"


def _value(value: Any) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value)
