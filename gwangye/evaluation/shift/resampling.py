"""The bootstrap: how often each row is drawn in each resample, and intervals from replicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
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


def resample_counts(num_rows: int, resamples: int, seed: int | Sequence[int]) -> Iterator[Floats]:
    """Draw rows with replacement, as many as there are, and count how often each is drawn.

    The draws depend on the number of rows and the seed only: two models that predict
    the same rows are compared on the same resamples.

    Args:
        num_rows: Number of rows, at least 1.
        resamples: Number of resamples, at least 1.
        seed: Seed of the draw.

    Returns:
        Blocks of (rows, up to 250 resamples) counts as floats, to be used one after another.

    Raises:
        ParameterError: ``resamples`` is below 1.
        DataError: There are no rows.
    """
    if resamples < 1:
        raise ParameterError(f"resamples: {resamples} is not allowed; give at least 1.")
    if num_rows < 1:
        raise DataError("There are no rows to resample. Leave an empty part out.")
    return _draw(num_rows, resamples, seed)


def _draw(num_rows: int, resamples: int, seed: int | Sequence[int]) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        width = min(BLOCK, resamples - start)
        drawn = generator.integers(num_rows, size=(width, num_rows))
        drawn += num_rows * np.arange(width)[:, None]  # a range of numbers per resample
        counts = np.bincount(drawn.ravel(), minlength=width * num_rows)
        yield np.ascontiguousarray(counts.reshape(width, num_rows).T, dtype=np.float64)


def sums_by_group(
    groups: NDArray[np.integer],
    num_groups: int,
    *,
    values: Floats | None = None,
    rows: NDArray[np.integer] | None = None,
    num_rows: int | None = None,
) -> Any:
    """Return the sparse (groups, rows) matrix that sums rows by group.

    Args:
        groups: (entries,) the group of each entry.
        num_groups: Number of groups.
        values: (entries,) what an entry adds; None for 1.
        rows: (entries,) the row of each entry; None where entry i is row i.
        num_rows: Number of rows; None where it is that of entries.
    """
    from scipy.sparse import csr_matrix

    values = np.ones(len(groups)) if values is None else values
    rows = np.arange(len(groups)) if rows is None else rows
    shape = (num_groups, len(groups) if num_rows is None else num_rows)
    return csr_matrix((values, (groups, rows)), shape=shape)
