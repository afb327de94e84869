"""The plan of a sweep: what is searched, by which score, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from gwangye.errors import ParameterError, did_you_mean
from gwangye.experiments.parameters import REMOVED, change_parameters
from gwangye.experiments.search import PRUNINGS, SEARCHES, NoPruning, Pruning, SampledSearch, Search
from gwangye.experiments.space import Dimension, Range, grid
from gwangye.options import Section, explain
from gwangye.params import Params, read_values

PARTS = ("validation", "validation_reweighted")
METRICS = ("micro_f1", "auprc", "accuracy", "ece")
# those of METRICS that training records at each evaluation
_CURVES = METRICS[:3]
# Sections that a variant reads with overrides of its own: a change of them may come to nothing.
_SHARED = {"train", "loss", "losses", "augment"}


class SweepPlan(Section):
    """A sweep; see :func:`load_plan`.

    Args:
        name: The trials are the DVC experiments ``<name>-…``.
        variant: The only one that is trained.
        base: What differs from params.yaml in all trials, by dotted parameter.
        search: Name and options of a :class:`~gwangye.experiments.search.Search`.
        space: Lists and ranges by dotted parameter.
        objective: A part and a metric of metrics/metrics.json ("validation.micro_f1").
        direction: Whether the objective should be high or low.
        pruning: Name and options of a :class:`~gwangye.experiments.search.Pruning`.
    """

    name: str = Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")
    variant: str
    base: dict[str, Any] = Field(default_factory=dict)
    search: dict[str, Any]
    space: dict[str, Dimension] = Field(min_length=1)
    objective: str = "validation.micro_f1"
    direction: Literal["maximize", "minimize"] = "maximize"
    pruning: dict[str, Any] = Field(default_factory=lambda: {"name": "none"})

    @field_validator("objective")
    @classmethod
    def _is_a_score(cls, objective: str) -> str:
        part, _, metric = objective.partition(".")
        if part == "test":
            raise ValueError(
                "trials chosen by the test labels would make the test scores worthless; use "
                f"validation.{metric or METRICS[0]}"
            )
        allowed = [f"{part}.{metric}" for part in PARTS for metric in METRICS]
        if objective not in allowed:
            raise ValueError(f"there is no such score. {did_you_mean(objective, allowed)}")
        return objective

    @property
    def metric(self) -> str:
        """The objective without its part."""
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

    def grid(self) -> dict[str, dict[str, Any]]:
        """Return the trials of a grid by name, none for another search."""
        if isinstance(self.build_search(), SampledSearch):
            return {}
        lists = {path: values for path, values in self.space.items() if isinstance(values, list)}
        return {f"{self.name}-{name}": values for name, values in grid(lists).items()}

    def number(self, name: str) -> int | None:
        """Return the number in a drawn trial's name, None for a name that is none."""
        start, _, number = name.rpartition("-")
        return int(number) if start == self.name and number.isdigit() else None

    def changes(self, values: Mapping[str, Any], variants: Sequence[str]) -> dict[str, Any]:
        """Return what a trial changes in params.yaml, by dotted parameter.

        Args:
            values: The trial's.
            variants: All variants of params.yaml; all but the plan's are taken away.
        """
        others = {f"variants.{name}": REMOVED for name in variants if name != self.variant}
        # of one member, every ensemble is that member; some need several folds
        ensemble = {"name": "soft", "members": [self.variant]}
        return {**others, "ensemble": ensemble, **self.base, **values}

    def check(self, params: str) -> None:
        """Check the plan against the parameters that it starts from.

        Args:
            params: The text of params.yaml.

        Raises:
            ParameterError: Something in it is unknown, not allowed, contradictory or without
                effect.
        """
        if not isinstance(self.build_search(), SampledSearch):
            self._check_lists()
        if self.prunes and self.metric not in _CURVES:
            raise ParameterError(
                f"pruning: training does not evaluate {self.metric}, so no trial can be given up "
                f"by it. Use an objective of {', '.join(_CURVES)}, or pruning `none`."
            )
        variants = list(read_values(params, "params.yaml")["variants"])
        if self.variant not in variants:
            raise ParameterError(
                f"variant: params.yaml has no variant '{self.variant}'. "
                f"{did_you_mean(self.variant, variants)}"
            )
        self._check_overlaps()
        for path in self.space:
            self._check_dimension(path, params, variants)

    def _check_lists(self) -> None:
        for path, dimension in self.space.items():
            if isinstance(dimension, Range):
                raise ParameterError(
                    f"space.{path}: a grid needs a list of values, not a range. List them, or "
                    f"use another search: {', '.join(name for name in SEARCHES if name != 'grid')}."
                )

    def _check_overlaps(self) -> None:
        taken = ["variants", "ensemble"]
        if bad := [path for path in (*self.base, *self.space) if path in taken]:
            raise ParameterError(f"{bad[0]}: a sweep trains one variant. Change what is below it.")
        paths = [*((path, "base") for path in self.base), *((path, "space") for path in self.space)]
        for path, where in paths:
            for other, there in paths:
                if (path, where) != (other, there) and f"{other}.".startswith(f"{path}."):
                    raise ParameterError(
                        f"{there}.{other} is set by {where}.{path} too. Keep one of them."
                    )

    def _check_dimension(self, path: str, params: str, variants: Sequence[str]) -> None:
        """Check each value that can be told in advance, with the first of all others."""
        first = {name: _samples(dimension)[0] for name, dimension in self.space.items()}
        resolved = []
        for value in _samples(self.space[path]):
            changes = self.changes({**first, path: value}, variants)
            try:
                changed = change_parameters(params, changes)
            except ParameterError as error:
                raise ParameterError(f"with {path}: {value}: {error}") from error
            trial = Params.from_mapping(read_values(changed, "params.yaml"))
            resolved.append(trial.variant(self.variant).model_dump())
        shared = path.split(".")[0] in _SHARED
        if shared and resolved[1:] and all(found == resolved[0] for found in resolved[1:]):
            raise ParameterError(
                f"space.{path} changes nothing for variant '{self.variant}', which has its own "
                f"value. Search below variants.{self.variant}."
            )


def load_plan(path: Path) -> SweepPlan:
    """Read a plan.

    Raises:
        ParameterError: The file is missing, is not YAML, or holds a fault.
    """
    if not path.is_file():
        raise ParameterError(f"{path} does not exist. A plan is, e.g., experiments/*.yaml.")
    values = read_values(path.read_text(encoding="utf-8"), str(path))
    try:
        return SweepPlan(**values)
    except ValidationError as error:
        raise ParameterError(explain(error, str(path))) from error


def _samples(dimension: list[Any] | Range) -> list[Any]:
    return dimension.bounds() if isinstance(dimension, Range) else dimension
