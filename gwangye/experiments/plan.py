"""Plans: a base, and what is tried of it, by `factors` (an ablation) or in a `space` (a sweep)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError, field_validator

from gwangye.errors import ParameterError, did_you_mean
from gwangye.evaluation.scores import TITLES
from gwangye.experiments.parameters import REMOVED
from gwangye.experiments.search import PRUNINGS, SEARCHES, NoPruning, Pruning, SampledSearch, Search
from gwangye.experiments.space import Dimension, grid
from gwangye.experiments.workbench import Experiment
from gwangye.options import Section, Seed, explain
from gwangye.params import read_values

Changes = dict[str, Any]
BASE = "base"
COLUMNS = tuple(name for name in TITLES if name != "test")
METRICS = ("micro_f1", "auprc", "accuracy", "ece")
# The command that runs a plan with this key, and the keys that are for it alone.
COMMANDS = {"factors": "gwangye ablate", "space": "gwangye sweep"}
_SWEEP = ("space", "search", "objective", "direction", "pruning")


class Run(NamedTuple):
    """One run of an ablation: an alternative (of the base, the factor is "") with a seed."""

    factor: str
    alternative: str
    seed: int
    experiment: Experiment


class Plan(Section):
    """What is tried.

    A parameter is dotted, as for `dvc exp run -S`; one that begins with a dot is the variant's:
    ``.head.name`` is ``variants.<variant>.head.name``.

    Example:
        {name: heads, variant: entity_start, seeds: [1, 2, 3],
        factors: {head: {bilstm: {.head.name: bilstm}}}}
    """

    name: str = Field(
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$", description="the experiments are <name>-…"
    )
    variant: str = Field(description="what is changed; the other variants are left out")
    model: str = Field("ensemble", description="whose scores count")
    seeds: Annotated[list[Seed], Field(min_length=1)] | None = Field(
        None, description="the variant's `seeds`: one at a time (factors), or all in each trial"
    )
    base: Changes = Field({}, description="changes that hold for all")

    factors: Annotated[dict[str, dict[str, Changes]], Field(min_length=1)] | None = Field(
        None, description="{factor: {alternative: {parameter: value}}}, one change at a time"
    )

    space: Annotated[dict[str, Dimension], Field(min_length=1)] | None = Field(
        None, description="{parameter: [value, …] or {low: …, high: …}}"
    )
    search: dict[str, Any] = Field({"name": "grid"}, description="one of SEARCHES")
    objective: str = Field("validation.micro_f1", description="a column and a metric")
    direction: Literal["maximize", "minimize"] = "maximize"
    pruning: dict[str, Any] = Field({"name": "none"}, description="one of PRUNINGS")

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: list[int] | None) -> list[int] | None:
        if seeds and len(set(seeds)) < len(seeds):
            raise ValueError("a seed appears twice")
        return seeds

    @field_validator("factors")
    @classmethod
    def _each_alternative_changes_something(
        cls, factors: dict[str, dict[str, Changes]] | None
    ) -> dict[str, dict[str, Changes]] | None:
        seen: dict[str, str] = {BASE: "the base"}
        for factor, alternatives in (factors or {}).items():
            for alternative, changes in alternatives.items():
                title, short = f"'{factor}: {alternative}'", slug(f"{factor} {alternative}")
                if not changes:
                    raise ValueError(f"{title} changes nothing")
                if short in seen:
                    raise ValueError(
                        f"{title} and {seen[short]} are both called '{short}' in an experiment's "
                        "name. Give them other names"
                    )
                seen[short] = title
        return factors

    @field_validator("objective")
    @classmethod
    def _is_a_score(cls, objective: str) -> str:
        column, _, metric = objective.partition(".")
        if column == "test":
            raise ValueError(
                "trials chosen by the test labels would make the test scores worthless; use "
                f"validation.{metric or METRICS[0]}"
            )
        allowed = [f"{column}.{metric}" for column in COLUMNS for metric in METRICS]
        if objective not in allowed:
            raise ValueError(f"there is no such score. {did_you_mean(objective, allowed)}")
        return objective

    @classmethod
    def read(cls, path: Path, kind: Literal["factors", "space"]) -> Plan:
        """Read a plan from YAML.

        Args:
            path: The file.
            kind: What has to be in it: factors for an ablation, a space for a sweep.

        Raises:
            ParameterError: The file is missing, is not YAML, holds a fault, or is of the other
                kind.
        """
        if not path.is_file():
            raise ParameterError(f"{path} does not exist. experiments/ has plans to start from.")
        try:
            plan = cls(**read_values(path.read_text(encoding="utf-8"), str(path)))
        except ValidationError as error:
            raise ParameterError(explain(error, str(path))) from error
        given = plan.model_fields_set
        if "factors" in given and (wrong := [key for key in _SWEEP if key in given]):
            raise ParameterError(
                f"{path}: `factors` and `{wrong[0]}` do not go together. An ablation has factors, "
                "a sweep a space and a search: make two plans."
            )
        if kind not in given:
            other = [f" `{COMMANDS[key]}` runs this plan." for key in COMMANDS if key in given]
            raise ParameterError(f"{path} has no `{kind}`.{''.join(other)}")
        if kind == "factors" and plan.seeds is None:
            raise ParameterError(
                f"{path}.seeds is missing: every change is trained with each, e.g. [1, 2, 3]."
            )
        return plan

    @property
    def metric(self) -> str:
        """The objective without its column."""
        return self.objective.partition(".")[2]

    def build_search(self) -> Search:
        """Return how to search."""
        return SEARCHES.build(self.search, "search")

    def build_pruning(self) -> Pruning:
        """Return which trials to give up."""
        return PRUNINGS.build(self.pruning, "pruning")

    @property
    def prunes(self) -> bool:
        """Whether trials may be given up."""
        return not isinstance(self.build_pruning(), NoPruning)

    def runs(self, params: str) -> list[Run]:
        """Return all runs of an ablation, in an order that soon says something of everything.

        The first seed comes first: its base, then every alternative.

        Args:
            params: The text of params.yaml.

        Raises:
            ParameterError: ``variant`` is no variant, or a change is of a whole section.
        """
        variants = self.variants(params)
        choices: list[tuple[str, str, Changes]] = [("", BASE, {})]
        choices += [
            (factor, alternative, changes)
            for factor, alternatives in (self.factors or {}).items()
            for alternative, changes in alternatives.items()
        ]
        runs = []
        for seed in self.seeds or ():
            for factor, alternative, changes in choices:
                title = f"{factor} {alternative}".strip()
                name, message = slug(f"{self.name} {title} seed {seed}"), f"{title}, seed {seed}"
                experiment = self._experiment(name, message, changes, [seed], variants)
                runs.append(Run(factor, alternative, seed, experiment))
        return runs

    def grid(self) -> dict[str, Changes]:
        """Return the trials of a grid by name, none for another search."""
        if isinstance(self.build_search(), SampledSearch):
            return {}
        space = self.space or {}
        lists = {path: values for path, values in space.items() if isinstance(values, list)}
        return {f"{self.name}-{name}": values for name, values in grid(lists).items()}

    def trial(self, name: str, values: Mapping[str, Any], params: str) -> Experiment:
        """Return a trial of a sweep as an experiment.

        Args:
            name: The experiment's.
            values: The trial's, by parameter.
            params: The text of params.yaml.
        """
        told = ", ".join(f"{path}={value}" for path, value in values.items())
        return self._experiment(name, told, values, self.seeds, self.variants(params))

    def _experiment(
        self,
        name: str,
        message: str,
        own: Mapping[str, Any],
        seeds: list[int] | None,
        variants: Sequence[str],
    ) -> Experiment:
        # of one member, every ensemble is that member; some need several folds
        changes: Changes = {"ensemble.name": "soft", "ensemble.members": [self.variant]}
        for part in (self.base, own):
            changes |= {self.path(key): value for key, value in part.items()}
        if whole := {"variants", "ensemble"} & changes.keys():
            raise ParameterError(
                f"{min(whole)}: a plan trains one variant. Change what is below it, such as "
                "ensemble.members."
            )
        members = changes["ensemble.members"]
        trained = {self.variant, *(str(member).partition("/")[0] for member in members)}
        trained |= {path.split(".")[1] for path in changes if path.startswith("variants.")}
        cut = {f"variants.{variant}": REMOVED for variant in variants if variant not in trained}
        for variant in sorted(trained) if seeds else ():
            changes[f"variants.{variant}.seeds"] = seeds
        return Experiment(name, {**cut, **changes}, f"{self.name}: {message}")

    def path(self, key: str) -> str:
        """Return the dotted parameter that a key of the plan means."""
        return f"variants.{self.variant}{key}" if key.startswith(".") else key

    def variants(self, params: str) -> list[str]:
        """Return the variants of params.yaml, of which the plan's has to be one."""
        variants = list(read_values(params, "params.yaml")["variants"])
        if self.variant not in variants:
            raise ParameterError(
                f"variant: params.yaml has no variant '{self.variant}'. "
                f"{did_you_mean(self.variant, variants)}"
            )
        return variants


def slug(text: str) -> str:
    """Return a text as a DVC experiment's name: lower-case letters, digits and '-'."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
