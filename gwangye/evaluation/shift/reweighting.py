"""Raking: row weights that give several margins of a sample the shares of a target at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.evaluation.shift.resampling import Floats, sums_by_group

TOLERANCE = 1e-6
"""How far a reached share may be from its target."""

MAX_ITERATIONS = 1000

Shares = dict[Hashable, float]


@dataclass(frozen=True)
class Margin:
    """One thing whose distribution is to match, such as the labels or the type pairs.

    Args:
        name: What it is called in messages and results.
        categories: (rows,) the category of each row.
        target: What each category weighs in the target: shares (0 to 1), percent or counts; only
            their ratios matter.
    """

    name: str
    categories: Sequence[Hashable]
    target: Mapping[Any, float]


@dataclass(frozen=True)
class Raking:
    """What :func:`rake` found. Shares are 0 to 1.

    Args:
        weights: (rows,) with mean 1 over all rows; 0 for a removed row.
        dropped: By margin, the target share of each category that no kept row has. That part of
            the target is *not* represented; the other categories share it in proportion. Empty
            where nothing is dropped.
        removed: By margin, how many rows have a category that the target lacks (or has with 0).
        deviation: The largest distance between a weighted share and its target, dropped categories
            left out of the target.
    """

    weights: Floats
    dropped: dict[str, Shares]
    removed: dict[str, dict[Hashable, int]]
    deviation: float
    _cells: _Cells = field(repr=False)

    @property
    def converged(self) -> bool:
        """Return whether every weighted share is within 1e-6 of its target."""
        return self.deviation <= TOLERANCE

    @property
    def effective_rows(self) -> float:
        """Return the effective sample size of the weights."""
        return effective_sample_size(self.weights)

    @property
    def note(self) -> str | None:
        """Say what of the target the weights do not show; None where they show all of it."""
        found = []
        for name, lost in self.dropped.items():
            if lost:
                share = 100 * sum(lost.values())
                found.append(f"{name}: {share:.1f} % of the target is in no row ({_some(lost)})")
        for name, rows in self.removed.items():
            if rows:
                count = sum(rows.values())
                found.append(f"{name}: rows that the target lacks: {count} ({_some(rows)})")
        if not self.converged:
            found.append(f"margins do not fit: off by {100 * self.deviation:.1f} points")
        return "; ".join(found) or None

    def again(self, counts: Floats) -> Floats:
        """Rake every resample anew, to the same target.

        Args:
            counts: (rows, resamples): how often each row is drawn.

        Returns:
            (rows, resamples): each row's weight times its count; a column sums to the number of
            rows. In each resample, categories that it has no row of are dropped as in
            :attr:`dropped`; a column without any row that the target knows is 0.
        """
        return self._cells.weights(counts)[0]


def rake(margins: Sequence[Margin]) -> Raking:
    """Weight rows so that each margin's weighted shares are those of its target.

    Starting from equal weights, the rows of each category are scaled to its share, margin after
    margin, until all fit: iterative proportional fitting. Of all weights with these margins, the
    result is the one nearest to equal weights (in relative entropy), and each row's weight is a
    product of one factor per margin.

    Where the target and the rows do not fit together:

    - A category of the target that no kept row has cannot be weighted up. Its share is reported
      in ``dropped`` and the margin's other shares are scaled to 1.
    - Rows whose category has target share 0, or is not in the target, get weight 0 and are counted
      in ``removed``.
    - Margins that no weights can have together (or only in thousands of rounds) end after 1,000
      rounds with ``converged`` False: the last margin fits, and ``deviation`` says how far off the
      others are.

    Args:
        margins: One or more, each with a category for every row.

    Raises:
        DataError: There is no margin or no row; margins differ in length or share a name; a row
            has no category; a target is negative, not finite or all 0; no row is left.

    References:
        Deming and Stephan 1940, "On a Least Squares Adjustment of a Sampled Frequency Table When
        the Expected Marginal Totals are Known", Annals of Mathematical Statistics 11.

    Example:
        >>> label = Margin("label", ["no_relation", "no_relation", "per:title"],
        ...                {"no_relation": 0.5, "per:title": 0.5})
        >>> rake([label]).weights.round(2).tolist()
        [0.75, 0.75, 1.5]
    """
    num_rows = _check(margins)
    allowed = [_shares(margin) for margin in margins]
    known = [
        np.array([category in shares for category in margin.categories])
        for margin, shares in zip(margins, allowed, strict=True)
    ]
    kept = np.logical_and.reduce(known)
    if not kept.any():
        raise DataError(
            f"None of the {num_rows} rows has a category of the target in every margin "
            f"({', '.join(margin.name for margin in margins)}). Check how categories are spelt."
        )
    codes, targets, dropped = [], [], {}
    for margin, shares in zip(margins, allowed, strict=True):
        found = list(compress(margin.categories, kept))
        present = set(found)
        order = [category for category in shares if category in present]
        index = {category: i for i, category in enumerate(order)}
        codes.append(np.array([index[category] for category in found], dtype=np.int64))
        targets.append(np.array([shares[category] for category in order]))
        dropped[margin.name] = {c: share for c, share in shares.items() if c not in present}
    cells = _Cells(num_rows, np.flatnonzero(kept), codes, targets)
    weights, deviation = cells.weights(np.ones((num_rows, 1)))
    return Raking(
        weights=weights[:, 0],
        dropped=dropped,
        removed={
            margin.name: dict(Counter(c for c in margin.categories if c not in shares))
            for margin, shares in zip(margins, allowed, strict=True)
        },
        deviation=deviation,
        _cells=cells,
    )


def _some(categories: Mapping[Hashable, float]) -> str:
    """Name the three largest categories, and how many more there are."""
    names = [str(name) for name in sorted(categories, key=lambda name: -categories[name])]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def effective_sample_size(weights: Floats) -> float:
    """Return how many equally weighted rows would be as precise: ``(Σw)² / Σw²``.

    Args:
        weights: (rows,), at least 0, on any scale.

    Returns:
        Rows, at most ``len(weights)``; 0 where there is no row or all weights are 0.

    References:
        Kish 1965, "Survey Sampling", section 11.7.
    """
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _check(margins: Sequence[Margin]) -> int:
    """Return the number of rows."""
    if not margins:
        raise DataError("Raking needs at least one margin, such as the labels.")
    names = [margin.name for margin in margins]
    if len(set(names)) < len(names):
        raise DataError(f"Two margins have the same name: {', '.join(names)}.")
    lengths = {margin.name: len(margin.categories) for margin in margins}
    if len(set(lengths.values())) > 1:
        raise DataError(f"Margins have different numbers of rows: {lengths}.")
    num_rows = lengths[names[0]]
    if num_rows == 0:
        raise DataError("There are no rows to weight. Leave an empty part out.")
    for margin in margins:
        missing = np.flatnonzero(pd.isna(pd.Series(list(margin.categories), dtype="object")))
        if len(missing):
            raise DataError(
                f"Row {missing[0]} has no category in margin '{margin.name}'. Give rows without "
                "one a category of their own, or leave the margin out."
            )
    return num_rows


def _shares(margin: Margin) -> Shares:
    """Return the target's categories of positive share, summing to 1."""
    values = np.array(list(margin.target.values()), dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise DataError(
            f"Target of margin '{margin.name}': shares must be finite, at least 0 and not all 0, "
            f"got {dict(margin.target)}."
        )
    total = float(values.sum())
    return {c: float(share) / total for c, share in margin.target.items() if share > 0}


class _Cells:
    """The kept rows by their combination of categories: all rows of a cell weigh the same.

    Args:
        num_rows: Number of rows, removed ones included.
        kept: (kept rows,) their numbers.
        codes: For each margin (kept rows,), the category from 0.
        targets: For each margin (categories,), target shares of the categories that kept rows have.
    """

    def __init__(
        self,
        num_rows: int,
        kept: NDArray[np.intp],
        codes: Sequence[NDArray[np.int64]],
        targets: Sequence[Floats],
    ) -> None:
        self.num_rows = num_rows
        self.kept = kept
        self.targets = targets
        cells, self.cell_of_row = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
        self.codes: list[NDArray[np.int64]] = list(cells.T)
        self.row_sums = sums_by_group(self.cell_of_row, len(cells))
        both = zip(self.codes, targets, strict=True)
        self.margin_sums = [sums_by_group(code, len(target)) for code, target in both]

    def weights(self, counts: Floats) -> tuple[Floats, float]:
        """Rake each column of (rows, resamples) counts.

        Returns:
            Weights times counts, and the largest deviation.
        """
        drawn = self.row_sums @ counts[self.kept]  # (cells, resamples)
        mass, deviation = self._fit(drawn)
        per_row = np.divide(mass, drawn, out=np.zeros_like(mass), where=drawn > 0)
        weights = np.zeros_like(counts)
        weights[self.kept] = counts[self.kept] * per_row[self.cell_of_row] * self.num_rows
        return weights, deviation

    def _fit(self, drawn: Floats) -> tuple[Floats, float]:
        total = drawn.sum(axis=0)
        mass = drawn / np.where(total > 0, total, 1)
        targets = []
        for sums, target in zip(self.margin_sums, self.targets, strict=True):
            present = target[:, None] * (sums @ mass > 0)
            total = present.sum(axis=0)
            targets.append(present / np.where(total > 0, total, 1))
        running = np.arange(drawn.shape[1])
        for _ in range(MAX_ITERATIONS):
            if not len(running):
                break
            part, off = mass[:, running], np.zeros(len(running))
            for sums, codes, target in zip(self.margin_sums, self.codes, targets, strict=True):
                shares, wanted = sums @ part, target[:, running]
                off = np.maximum(off, np.abs(shares - wanted).max(axis=0))
                ratio = np.divide(wanted, shares, out=np.zeros_like(shares), where=shares > 0)
                part *= ratio[codes]
            mass[:, running] = part
            running = running[off > TOLERANCE]
        deviation = max(
            float(np.abs(sums @ mass - target).max())
            for sums, target in zip(self.margin_sums, targets, strict=True)
        )
        return mass, deviation
