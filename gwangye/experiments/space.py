"""The values that a sweep tries: lists and ranges by dotted parameter."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from gwangye.options import Section

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# of a number that is drawn: enough to search by, and readable in params.yaml
_SIGNIFICANT_DIGITS = 3
# what a trial's values make of its name
_READABLE = re.compile(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*")


class Range(Section):
    """Numbers between two bounds, both included.

    Args:
        low: The lower bound.
        high: The upper bound.
        log: Whether each order of magnitude is as likely as the next.
        step: Only low, low + step, …
        int: Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    step: Annotated[float, Field(gt=0)] | None = None
    int: bool = False

    @model_validator(mode="after")
    def _goes_together(self) -> Range:
        if self.low >= self.high:
            raise ValueError(
                f"low {self.low:g} is not below high {self.high:g}. A single value is for `base`"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"with log, low must be above 0, not {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("log and step do not go together: leave one out")
        bounds = [n for n in (self.low, self.high, self.step) if n is not None]
        if self.int and any(n != round(n) for n in bounds):
            raise ValueError("with int, low, high and step are whole numbers")
        return self

    def bounds(self) -> list[Any]:
        """Return the lowest and the highest value."""
        return [round(n) if self.int else n for n in (self.low, self.high)]

    def rounded(self, drawn: Any) -> Any:
        """Return a drawn number with few digits, inside the range."""
        if self.int:
            return drawn
        digits = _SIGNIFICANT_DIGITS if self.step is None else 12
        return min(max(float(f"{drawn:.{digits}g}"), self.low), self.high)

    def distribution(self) -> BaseDistribution:
        """Return the range as Optuna's."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.int:
            low, high = self.bounds()
            return IntDistribution(low, high, log=self.log, step=round(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)


Values = Annotated[list[Any], Field(min_length=1)]
# the tags are part of a fault's path: space.train.seed.range.low
Dimension = Annotated[
    Annotated[Values, Tag("values")] | Annotated[Range, Tag("range")],
    Discriminator(lambda given: "range" if isinstance(given, Mapping | Range) else "values"),
]


def distributions(space: Mapping[str, Values | Range]) -> dict[str, BaseDistribution]:
    """Return the space as Optuna's; a list's values are choices, written as JSON."""
    from optuna.distributions import CategoricalDistribution

    return {
        path: dimension.distribution()
        if isinstance(dimension, Range)
        else CategoricalDistribution([_text(value) for value in dimension])
        for path, dimension in space.items()
    }


def decode(space: Mapping[str, Values | Range], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Optuna has drawn as values of parameters, with few digits."""
    return {
        path: dimension.rounded(parameters[path])
        if isinstance(dimension, Range)
        else next(value for value in dimension if _text(value) == parameters[path])
        for path, dimension in space.items()
        if path in parameters  # a process may end while it draws
    }


def grid(space: Mapping[str, Values]) -> dict[str, dict[str, Any]]:
    """Return every combination of lists by name: the values where these are short.

    A combination has its name from its values and not from its place, so that a list may be
    extended.

    Example:
        >>> list(grid({"train.learning_rate": [0.0005, 0.00005], "seed": [1, 2]}))
        ['5e-4-1', '5e-4-2', '5e-5-1', '5e-5-2']
    """
    points = [
        dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())
    ]
    names = ["-".join(map(_slug, point.values())) for point in points]
    # [0.3, 1] and [0, 3.1] are both 0-3-1
    if len(set(names)) < len(points) or not all(map(_READABLE.fullmatch, names)):
        names = [hashlib.sha256(_text(point).encode()).hexdigest()[:8] for point in points]
    return dict(zip(names, points, strict=True))


def _slug(value: Any) -> str:
    """Return a value as part of an experiment's name, which has no dots: 0.0005 is 5e-4."""
    text = value if isinstance(value, str) else _text(value)
    if isinstance(value, float) and 0 < abs(value) < 0.1:
        digits, exponent = f"{value:.15e}".split("e")
        text = f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    return re.sub("[._/]", "-", text).lower()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
