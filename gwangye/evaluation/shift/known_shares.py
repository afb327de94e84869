"""Shares of relations that are known from elsewhere, and what they leave to estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import ParameterError, did_you_mean
from gwangye.evaluation.shift.label_shares import ShareEstimate
from gwangye.evaluation.shift.resampling import Floats, percentiles

ROUNDING = 1e-12
"""Less is 0: what shares leave of 1."""


def check_known(known: Mapping[str, float], labels: Sequence[str]) -> None:
    """Check shares (0 to 1) that are given by relation.

    Raises:
        ParameterError: A name is no relation; a share is below 0 or they sum to more than 1.
    """
    for label, share in known.items():
        if label not in labels:
            raise ParameterError(f"known: no relation '{label}'. {did_you_mean(label, labels)}")
        if not 0 <= share <= 1:
            raise ParameterError(f"known.{label} is {share}. Allowed: a share from 0 to 1.")
    if sum(known.values()) > 1 + ROUNDING:
        raise ParameterError(
            f"known: the shares sum to {sum(known.values()):.4g}. Allowed: at most 1."
        )


class KnownShares:
    """What is known of a label distribution of which the rest is estimated.

    Args:
        known: Shares (0 to 1) by relation.
        labels: Relation names in label order.
        present: (present,) ids of the relations with labelled rows: only theirs can be estimated.

    Attributes:
        held: (present,) the known shares of what is left to these relations; NaN where not known.

    Raises:
        ParameterError: As :func:`check_known`; or the shares leave nothing to estimate, or nothing
            to take what they leave.
    """

    def __init__(
        self, known: Mapping[str, float], labels: Sequence[str], present: NDArray[np.integer]
    ) -> None:
        check_known(known, labels)
        self.labels, self.present = labels, present
        self.shares = np.array([known.get(label, np.nan) for label in labels])
        # what known shares of relations without labelled rows leave to the others
        self.left = 1 - float(np.nansum(np.delete(self.shares, present)))
        total = sum(known.values())
        if total < 1 - ROUNDING and not np.isnan(self.shares[present]).any():
            raise ParameterError(
                f"known: shares of all {len(present)} relations that have labelled rows, but they "
                f"sum to {total:.4g}. Leave one of them out, or let them sum to 1."
            )
        if self.left < ROUNDING:
            raise ParameterError(
                "known: the shares leave nothing to the relations that have labelled rows "
                f"({', '.join(labels[i] for i in present)}). Leave some out."
            )
        self.held: Floats = self.shares[present] / self.left

    def estimate(
        self, method: str, point: Floats, replicates: Floats, condition: float, converged: bool
    ) -> ShareEstimate:
        """Put the known shares and the estimated ones together.

        Args:
            method: The method's name.
            point: (present,) shares of what is left.
            replicates: (resamples, present) the same in each resample.
            condition: Condition index of the predictions.
            converged: Whether the estimates settled.
        """
        shares = np.nan_to_num(self.shares)
        limits = np.stack([shares, shares])
        shares[self.present] = self.left * point
        limits[:, self.present] = self.left * percentiles(replicates)
        low, high = np.where(np.isnan(self.shares), limits, shares)
        return ShareEstimate(
            method=method,
            labels=tuple(self.labels),
            shares=shares,
            low=low,
            high=high,
            condition=condition,
            converged=converged,
        )
