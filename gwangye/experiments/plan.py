"""An ablation's plan: a base, single changes to it, and the seeds with which each is trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError, field_validator

from gwangye.errors import ParameterError, did_you_mean
from gwangye.experiments.workbench import REMOVED, Experiment
from gwangye.options import Section, Seed, explain
from gwangye.params import read_values

Changes = dict[str, Any]
BASE = "base"


class Run(NamedTuple):
    """One run of a plan: an alternative (of the base, the factor is "") with a seed."""

    factor: str
    alternative: str
    seed: int
    experiment: Experiment


class Plan(Section):
    """What is tried, one change at a time.

    A parameter is dotted, as for `dvc exp run -S`; one that begins with a dot is the base
    variant's: ``.head.name`` is ``variants.<variant>.head.name``.

    Example:
        {name: heads, variant: entity_start, seeds: [1, 2, 3],
        factors: {head: {bilstm: {.head.name: bilstm}}}}
    """

    name: str = Field(description="the experiments' names begin with it")
    variant: str = Field(description="what is changed; the other variants are left out")
    model: str = Field("ensemble", description="whose scores are compared")
    seeds: Annotated[list[Seed], Field(min_length=1)] = Field(
        description="the variant's `seeds`, one at a time: the same for every change"
    )
    base: Changes = Field({}, description="changes that hold for all, the base included")
    factors: Annotated[dict[str, dict[str, Changes]], Field(min_length=1)] = Field(
        description="{factor: {alternative: {parameter: value}}}"
    )

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed stands there twice")
        return seeds

    @field_validator("factors")
    @classmethod
    def _each_alternative_changes_something(
        cls, factors: dict[str, dict[str, Changes]]
    ) -> dict[str, dict[str, Changes]]:
        seen: dict[str, str] = {BASE: "the base"}
        for factor, alternatives in factors.items():
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

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read a plan from YAML.

        Raises:
            ParameterError: The file is missing, is not YAML, or holds a fault.
        """
        if not path.is_file():
            raise ParameterError(f"{path} does not exist. experiments/ has plans to start from.")
        try:
            return cls(**read_values(path.read_text(encoding="utf-8"), str(path)))
        except ValidationError as error:
            raise ParameterError(f"{path}: {explain(error, '')}") from error

    def runs(self, params: Mapping[str, Any]) -> list[Run]:
        """Return all runs, in an order in which the first part says something of everything.

        The first seed comes first: its base, then every alternative.

        Args:
            params: The values of params.yaml.

        Raises:
            ParameterError: ``variant``, or a member of the ensemble, is no variant.
        """
        if self.variant not in params["variants"]:
            raise ParameterError(
                f"variant: there is no variant '{self.variant}'. "
                f"{did_you_mean(self.variant, params['variants'])}"
            )
        choices: list[tuple[str, str, Changes]] = [("", BASE, {})]
        choices += [
            (factor, alternative, changes)
            for factor, alternatives in self.factors.items()
            for alternative, changes in alternatives.items()
        ]
        return [
            Run(factor, alternative, seed, self._experiment(params, seed, choice))
            for seed in self.seeds
            for choice in choices
            for factor, alternative, _ in [choice]
        ]

    def _experiment(
        self, params: Mapping[str, Any], seed: int, choice: tuple[str, str, Changes]
    ) -> Experiment:
        factor, alternative, own = choice
        changes: Changes = {"ensemble.members": [self.variant]}
        for name, value in {**self.base, **own}.items():
            changes[f"variants.{self.variant}{name}" if name.startswith(".") else name] = value
        members = changes["ensemble.members"]
        trained = {self.variant, *(str(member).partition("/")[0] for member in members)}
        trained |= {name.split(".")[1] for name in changes if name.startswith("variants.")}
        cut = {f"variants.{name}": REMOVED for name in params["variants"] if name not in trained}
        seeds = {f"variants.{name}.seeds": [seed] for name in sorted(trained)}
        title = f"{factor} {alternative}".strip()
        return Experiment(
            name=slug(f"{self.name} {title} seed {seed}"),
            changes={**cut, **changes, **seeds},
            message=f"{self.name}: {title}, seed {seed}",
        )


def slug(text: str) -> str:
    """Return a text as a DVC experiment's name: lower-case letters, digits and '-'."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
