"""Checking a sweep's plan against the parameters that it starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwangye.errors import ParameterError
from gwangye.experiments.parameters import change_parameters
from gwangye.experiments.plan import METRICS, Plan
from gwangye.experiments.search import SEARCHES, SampledSearch
from gwangye.experiments.space import Range
from gwangye.params import Params, read_values

# those of METRICS that training records at each evaluation
_CURVES = METRICS[:3]
# Sections that a variant reads with overrides of its own: a change of them may come to nothing.
_SHARED = {"train", "loss", "losses", "augment"}


def check_sweep(plan: Plan, params: str) -> None:
    """Check every value of a list and both bounds of a range.

    Args:
        plan: A plan with a space.
        params: The text of params.yaml.

    Raises:
        ParameterError: Something in the plan is unknown, not allowed, contradictory or without
            effect.
    """
    space = plan.space or {}
    ranges = [path for path, dimension in space.items() if isinstance(dimension, Range)]
    if ranges and not isinstance(plan.build_search(), SampledSearch):
        raise ParameterError(
            f"space.{ranges[0]}: a grid needs a list of values, not a range. List them, or use "
            f"another search: {', '.join(name for name in SEARCHES if name != 'grid')}."
        )
    if plan.prunes and plan.metric not in _CURVES:
        raise ParameterError(
            f"pruning: training does not evaluate {plan.metric}, so no trial can be given up by "
            f"it. Use an objective of {', '.join(_CURVES)}, or pruning `none`."
        )
    plan.variants(params)
    _check_overlaps(plan)
    for path in space:
        _check_dimension(plan, path, space, params)


def _check_overlaps(plan: Plan) -> None:
    given = [("base", key) for key in plan.base] + [("space", key) for key in plan.space or ()]
    paths = [(where, plan.path(key)) for where, key in given]
    for where, path in paths:
        for there, other in paths:
            if (where, path) != (there, other) and f"{other}.".startswith(f"{path}."):
                raise ParameterError(
                    f"{there}.{other} is set by {where}.{path} too. Keep one of them."
                )


def _check_dimension(
    plan: Plan, path: str, space: Mapping[str, list[Any] | Range], params: str
) -> None:
    """Check each value that can be told in advance, with the first of all others."""
    samples = {
        name: dimension.bounds() if isinstance(dimension, Range) else dimension
        for name, dimension in space.items()
    }
    first = {name: values[0] for name, values in samples.items()}
    resolved = []
    for value in samples[path]:
        trial = plan.trial("trial", {**first, path: value}, params)
        try:
            changed = change_parameters(params, trial.changes)
        except ParameterError as error:
            raise ParameterError(f"with {path}: {value}: {error}") from error
        found = Params.from_mapping(read_values(changed, "params.yaml"))
        resolved.append(found.variant(plan.variant).model_dump())
    shared = path.split(".")[0] in _SHARED
    if shared and resolved[1:] and all(found == resolved[0] for found in resolved[1:]):
        raise ParameterError(
            f"space.{path} changes nothing for variant '{plan.variant}', which has its own value. "
            f"Search below variants.{plan.variant}."
        )
