"""Ensembles: how the members' probabilities become one.

All members predict the same rows; ``probabilities`` is (members, rows, relations).
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from gwangye.errors import DataError, ParameterError
from gwangye.predictions import prediction_table, stack
from gwangye.registry import Piece, Registry

if TYPE_CHECKING:
    from gwangye.dataset import Dataset

Floats = NDArray[np.floating]


class Ensemble(Piece, abc.ABC):
    """Base of all ensembles: one weight per member, and the weighted mean."""

    @abc.abstractmethod
    def member_weights(
        self, members: Sequence[str], validation: Floats, true: NDArray[np.integer]
    ) -> Floats:
        """Return (members,) weights that are not negative and sum to 1.

        Args:
            members: The members' names.
            validation: (members, rows, relations) probabilities of the validation rows.
            true: (rows,) label ids of the validation rows.
        """

    @staticmethod
    def combine(probabilities: Floats, weights: Floats) -> Floats:
        """Return the (rows, relations) weighted mean of the members' probabilities."""
        combined: Floats = np.einsum("m,mrl->rl", weights, probabilities)
        return combined


ENSEMBLES: Registry[Ensemble] = Registry("ensemble")


@ENSEMBLES.register("soft")
class SoftVote(Ensemble):
    """Mean of the members' probabilities.

    Example:
        Members say (0.6, 0.4) and (0.2, 0.8): the ensemble says (0.4, 0.6).

    References:
        None
    """

    def member_weights(
        self, members: Sequence[str], validation: Floats, true: NDArray[np.integer]
    ) -> Floats:
        """Return the same weight for every member."""
        return np.full(len(members), 1 / len(members))


@ENSEMBLES.register("hard")
class HardVote(SoftVote):
    """Every member has one vote, for its most probable relation.

    The members' mean probability decides ties: it counts as one vote more, which may be split.
    With M members::

        p = (votes + mean of the members' probabilities) / (M + 1)

    So a row still sums to 1, and a relation with more votes is always above one with fewer: means
    differ by less than 1 unless all members agree. A member that finds two relations equally
    probable votes for the one that comes first in label order.

    Example:
        Members say (0.6, 0.4), (0.6, 0.4) and (0.0, 1.0): votes (2, 1), mean (0.4, 0.6), the
        ensemble says (2.4, 1.6) / 4 = (0.6, 0.4). The mean alone would choose the other one.

    References:
        None
    """

    @staticmethod
    def combine(probabilities: Floats, weights: Floats) -> Floats:
        """Return the (rows, relations) shares of the votes and of the mean together."""
        num_members, _, num_relations = probabilities.shape
        chosen = np.eye(num_relations)[probabilities.argmax(axis=2)]  # (members, rows, relations)
        votes = num_members * Ensemble.combine(chosen, weights)
        shares: Floats = (votes + Ensemble.combine(probabilities, weights)) / (num_members + 1)
        return shares


@ENSEMBLES.register("weighted")
class WeightedSoftVote(Ensemble):
    """Weighted mean of the members' probabilities.

    Without given weights, those are taken that minimise the cross entropy of the validation rows
    (a convex problem, so the result does not depend on a start). Few numbers are fitted to many
    rows, yet the ensemble's validation score is a little optimistic for it.

    Example:
        Weights 3 and 1; members say (0.6, 0.4) and (0.2, 0.8): the ensemble says (0.5, 0.5).

    References:
        None
    """

    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = Field(
        None, description="{variant: weight}, scaled to sum 1; null: fitted on validation"
    )

    def member_weights(
        self, members: Sequence[str], validation: Floats, true: NDArray[np.integer]
    ) -> Floats:
        """Return the given weights, scaled, or the fitted ones.

        Raises:
            ParameterError: A member has no weight, a weight has no member, or all are zero.
        """
        if self.weights is None:
            return fit_weights(validation, true)
        differing = sorted({*members} ^ {*self.weights})
        if differing:
            raise ParameterError(
                f"ensemble.weights and ensemble.members differ by {', '.join(differing)}: give one "
                "weight per member, or weights: null to fit them on validation."
            )
        given = np.array([self.weights[name] for name in members], dtype=np.float64)
        if given.sum() == 0:
            raise ParameterError("ensemble.weights are all 0. At least one must be above 0.")
        return np.asarray(given / given.sum())


def fit_weights(probabilities: Floats, true: NDArray[np.integer]) -> Floats:
    """Fit member weights by minimising the cross entropy of the combined probabilities.

    Args:
        probabilities: (members, rows, relations).
        true: (rows,) label ids.

    Returns:
        (members,) weights, not negative, summing to 1.

    Raises:
        DataError: There is no labelled row to fit on.
    """
    from scipy.optimize import minimize

    num_members, num_rows, _ = probabilities.shape
    if num_rows == 0:
        raise DataError("Ensemble weights cannot be fitted: there are no validation rows.")
    # (members, rows): each member's probability of the true relation; the floor keeps a member
    # that is sure and wrong from making the loss infinite.
    gold = np.clip(probabilities[:, np.arange(num_rows), true], 1e-12, 1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        mixed = weights @ gold
        return -float(np.log(mixed).mean()), -(gold / mixed).mean(axis=1)

    result = minimize(
        loss,
        np.full(num_members, 1 / num_members),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * num_members,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"maxiter": 500, "ftol": 1e-10},
    )
    weights = np.clip(result.x, 0.0, None)
    return np.asarray(weights / weights.sum())


def ensemble_predictions(
    ensemble: Ensemble, tables: Mapping[str, pd.DataFrame], dataset: Dataset
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Combine prediction tables.

    Args:
        ensemble: How.
        tables: The members' prediction tables by name.
        dataset: The split that they predict; its validation labels may be used to fit weights.

    Returns:
        The ensemble's prediction table, and the weight of each member.

    Raises:
        DataError: The members do not predict the same rows, or validation rows that are not among
            the split's labelled rows.
    """
    labels = dataset.task.labels
    stacked = stack(tables, labels)
    parts = np.array(stacked.parts, dtype=object)
    validation = parts == "validation"
    guids = np.array(stacked.guids, dtype=object)
    true = _validation_labels(dataset, guids[validation].tolist())
    weights = ensemble.member_weights(list(tables), stacked.probabilities[:, validation], true)
    combined = ensemble.combine(stacked.probabilities, weights)
    predicted = [
        prediction_table(guids[rows].tolist(), part, combined[rows], labels)
        for part, rows in (("validation", validation), ("test", parts == "test"))
    ]
    table = pd.concat(predicted, ignore_index=True)
    return table, dict(zip(tables, weights.tolist(), strict=True))


def _validation_labels(dataset: Dataset, guids: list[str]) -> NDArray[np.int64]:
    """Return the (rows,) label ids of validation rows by guid."""
    labelled = dataset.labelled("validation").set_index("guid")
    unknown = [guid for guid in guids if guid not in labelled.index]
    if unknown:
        raise DataError(
            f"{len(unknown)} predicted validation rows are not labelled rows of the split, first "
            f"'{unknown[0]}'. Run `dvc repro` so that both are of the same split."
        )
    return dataset.task.label_ids(labelled.loc[guids])
