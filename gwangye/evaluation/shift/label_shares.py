"""An estimate of a label distribution, and whether several estimates agree. Shares are 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from gwangye.errors import DataError
from gwangye.evaluation.shift.resampling import Floats

STRONG_COLLINEARITY = 30.0


@dataclass(frozen=True)
class ShareEstimate:
    """How often each relation occurs in the target, as one method sees it.

    Args:
        method: The method's name in tables: "em", "bbse_soft", "bbse_hard" or "sheet".
        labels: Relation names in label order.
        shares: (relations,), 0 to 1, summing to 1.
        low: (relations,) lower limits of the 95 % intervals, each for its own relation.
        high: (relations,) upper limits.
        condition: Condition index of what the predictions say of the relations, 1 or more: how
            much more they say of the best known mixture of relations than of the least known one.
            1 where they tell all relations apart, infinite where one looks like a mixture of
            others.
        converged: False where iterations ended before the shares were settled.
    """

    method: str
    labels: tuple[str, ...]
    shares: Floats
    low: Floats
    high: Floats
    condition: float = 1.0
    converged: bool = True

    @property
    def identified(self) -> bool:
        """Return whether the predictions tell the relations apart: a condition index up to 30.

        Beyond that, shares far from each other explain the predictions alike, and an interval
        that shows chance only is too narrow. (The limit is that of Belsley, Kuh and Welsch 1980,
        "Regression Diagnostics", for strong collinearity.)
        """
        return self.condition <= STRONG_COLLINEARITY

    @property
    def target(self) -> dict[str, float]:
        """Return the shares by relation, as a raking margin takes them."""
        return dict(zip(self.labels, self.shares.tolist(), strict=True))

    def table(self) -> pd.DataFrame:
        """Return one row per relation: relation, method, share, low, high (0 to 1)."""
        return pd.DataFrame(
            {
                "relation": list(self.labels),
                "method": self.method,
                "share": self.shares,
                "low": self.low,
                "high": self.high,
            }
        )


def contradictions(estimates: Sequence[ShareEstimate], *, tolerance: float = 0.005) -> list[str]:
    """Say why several estimates of one label distribution cannot all be right.

    Two estimates part on a relation where more than ``tolerance`` lies between their intervals.
    The tolerance is there since a method that gives a rare relation nothing, with the interval 0
    to 0, would part from another that gives it 0.1 %: of 30 relations, some always do, and it
    moves no score. Nothing to say is no proof: methods that rest on the same predictions can be
    wrong together, where what a relation looks like has changed and not only how often it occurs.

    Args:
        estimates: Two or more, of the same relations.
        tolerance: Share (0 to 1) that may lie between two intervals: half a percentage point.

    Returns:
        A line for each method that does not identify the shares or did not converge; then for each
        two that part, with the relation on which they are furthest apart.

    Raises:
        DataError: Fewer than two estimates, or of different relations.
    """
    if len(estimates) < 2:
        raise DataError(f"Comparing needs at least two estimates, got {len(estimates)}.")
    found = [
        f"{one.method} does not tell the relations apart"
        for one in estimates
        if not (one.identified and one.converged)
    ]
    for first, second in combinations(estimates, 2):
        if second.labels != first.labels:
            raise DataError(f"'{first.method}' and '{second.method}' are of different relations.")
        gaps = np.maximum(first.low - second.high, second.low - first.high)
        widest = int(gaps.argmax())
        if gaps[widest] > tolerance:
            found.append(
                f"the intervals of {first.method} and {second.method} are "
                f"{100 * gaps[widest]:.1f} points apart on {first.labels[widest]}"
            )
    return found
