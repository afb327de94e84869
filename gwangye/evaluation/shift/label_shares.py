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
        missing: Relations that no labelled row has. Nothing can be said of them: their share is 0.
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
    missing: tuple[str, ...] = ()
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


@dataclass(frozen=True)
class Agreement:
    """Whether estimates of one label distribution can all be right.

    Args:
        parted: One row per relation and pair of estimates whose intervals lie apart: relation,
            first and second method, gap (0 to 1: from the end of the lower interval to the start
            of the higher one); the widest gap first.
        untrusted: Methods that did not identify the shares, or did not converge.
    """

    parted: pd.DataFrame
    untrusted: tuple[str, ...]

    @property
    def disagree(self) -> bool:
        """Return whether any relation's intervals lie apart."""
        return len(self.parted) > 0

    @property
    def needs_sheet(self) -> bool:
        """Return whether rows should be labelled by hand: no estimate can be taken on trust."""
        return self.disagree or bool(self.untrusted)


def compare_estimates(estimates: Sequence[ShareEstimate], *, tolerance: float = 0.005) -> Agreement:
    """Say for which relations the intervals of two estimates do not overlap.

    Two estimates part on a relation where more than ``tolerance`` lies between their intervals.
    The tolerance is there since a method that gives a rare relation nothing, with the interval 0
    to 0, would part from another that gives it 0.1 %: of 30 relations, some always do, and it
    moves no score. Agreement is no proof: methods that rest on the same predictions can be wrong
    together, where what a relation looks like has changed and not only how often it occurs.

    Args:
        estimates: Two or more, of the same relations.
        tolerance: Share (0 to 1) that may lie between two intervals: half a percentage point.

    Raises:
        DataError: Fewer than two estimates, or of different relations.
    """
    if len(estimates) < 2:
        raise DataError(f"Comparing needs at least two estimates, got {len(estimates)}.")
    labels = estimates[0].labels
    columns = ["relation", "first", "second", "gap"]
    rows = []
    for first, second in combinations(estimates, 2):
        if second.labels != labels:
            raise DataError(f"'{first.method}' and '{second.method}' are of different relations.")
        gaps = np.maximum(first.low - second.high, second.low - first.high)
        rows += [
            (labels[i], first.method, second.method, float(gaps[i]))
            for i in np.flatnonzero(gaps > tolerance)
        ]
    rows.sort(key=lambda row: -row[3])
    untrusted = [e.method for e in estimates if not (e.identified and e.converged)]
    return Agreement(pd.DataFrame(rows, columns=columns), tuple(untrusted))
