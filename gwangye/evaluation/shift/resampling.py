"""The bootstrap: how often each row is drawn in each resample, and intervals from replicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError

Floats = NDArray[np.float64]

LEVEL = 0.95
"""Confidence of every interval in this package."""

BLOCK = 250
"""Resamples computed at a time: 8,000 rows × 250 resamples × 8 bytes are 16 MB an array."""


class Interval(NamedTuple):
    """A value and its 95 % interval, all in the unit of the value."""

    value: float
    low: float
    high: float


def percentiles(replicates: Floats) -> Floats:
    """Return the percentile bootstrap's limits (Efron 1979).

    Args:
        replicates: (resamples, ...): a statistic in each resample.

    Returns:
        (2, ...): the 2.5 % and 97.5 % quantiles.
    """
    tail = (1 - LEVEL) / 2
    limits: Floats = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return limits


def basic_limits(value: float, replicates: Floats) -> Floats:
    """Return the basic bootstrap's limits: the percentiles mirrored at the value.

    Where resamples are off to one side of the value, the value is taken to be off to that side of
    the truth, as far again (Davison and Hinkley 1997, "Bootstrap Methods and their Application",
    section 5.2). Percentiles would lie on the wrong side.

    Args:
        value: The statistic of all rows.
        replicates: (resamples,): the statistic in each resample.

    Returns:
        (2,): lower and upper limit; they may lie beyond what the statistic can be.
    """
    return 2 * value - percentiles(replicates)[::-1]


def resample_counts(
    num_rows: int,
    resamples: int,
    seed: int | Sequence[int],
    *,
    groups: Sequence[Any] | None = None,
) -> Iterator[Floats]:
    """Draw rows with replacement, as many as there are, and count how often each is drawn.

    The draws depend on the number of rows, the groups and the seed only: two models that predict
    the same rows are compared on the same resamples.

    Args:
        num_rows: Number of rows, at least 1.
        resamples: Number of resamples, at least 1.
        seed: Seed of the draw.
        groups: (rows,) the group of each row, such as its entity pair. Whole groups are drawn, as
            many as there are: the *cluster* bootstrap, wider where rows of a group are alike. None
            draws rows one by one.

    Returns:
        Blocks of (rows, up to 250 resamples) counts as floats, to be used one after another.

    Raises:
        ParameterError: ``resamples`` is below 1.
        DataError: There are no rows, or not as many groups as rows.
    """
    if resamples < 1:
        raise ParameterError(f"resamples: {resamples} is not allowed; give at least 1.")
    if num_rows < 1:
        raise DataError("There are no rows to resample. Leave an empty part out.")
    if groups is None:
        return _draw(np.arange(num_rows), num_rows, resamples, seed)
    if len(groups) != num_rows:
        raise DataError(f"There are {len(groups)} groups for {num_rows} rows; give one per row.")
    # As objects: tuples stay whole.
    values = pd.Series(list(groups), dtype="object")
    units, names = pd.factorize(values, use_na_sentinel=False)
    return _draw(units, len(names), resamples, seed)


def _draw(
    units: NDArray[np.intp], num_units: int, resamples: int, seed: int | Sequence[int]
) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        width = min(BLOCK, resamples - start)
        drawn = generator.integers(num_units, size=(width, num_units))
        drawn += num_units * np.arange(width)[:, None]  # a range of numbers per resample
        counts = np.bincount(drawn.ravel(), minlength=width * num_units)
        yield np.ascontiguousarray(counts.reshape(width, num_units)[:, units].T, dtype=np.float64)
