"""Ensembles: how the members' probabilities become one.

All members predict the same rows; ``probabilities`` is (members, rows, relations).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from gwangye.errors import DataError, ParameterError
from gwangye.options import Piece, Registry
from gwangye.prediction.tables import prediction_table, stack

if TYPE_CHECKING:
    from gwangye.examples import Dataset

Floats = NDArray[np.floating]
Ids = NDArray[np.integer]


@dataclass(frozen=True)
class Combination:
    """An ensemble that is ready to combine.

    Args:
        weights: (members,) each member's share, summing to 1: for the record.
        combine: (members, rows, relations) probabilities → (rows, relations).
    """

    weights: Floats
    combine: Callable[[Floats], Floats]


class Ensemble(Piece, abc.ABC):
    """Base of all ensembles."""

    @property
    def learns(self) -> bool:
        """Whether it is fitted to the validation rows."""
        return False

    @abc.abstractmethod
    def fit(self, members: Sequence[str], validation: Floats, true: Ids) -> Combination:
        """Return how the members are combined.

        Args:
            members: Their names.
            validation: (members, rows, relations) probabilities of the validation rows.
            true: (rows,) label ids of the validation rows.
        """


ENSEMBLES: Registry[Ensemble] = Registry("ensemble")


@ENSEMBLES.register("soft")
class SoftVote(Ensemble):
    """Mean of the members' probabilities.

    Example:
        Members say (0.6, 0.4) and (0.2, 0.8): the ensemble says (0.4, 0.6).

    References:
        None
    """

    def fit(self, members: Sequence[str], validation: Floats, true: Ids) -> Combination:
        """Return the mean."""
        return _weighted_mean(np.full(len(members), 1 / len(members)))


@ENSEMBLES.register("hard")
class HardVote(Ensemble):
    """Each member has one vote, for its most probable relation.

    The mean probability decides ties, as one more vote that is split. With M members::

        p = (votes + mean of the members' probabilities) / (M + 1)

    So a row sums to 1, and a relation with more votes is above one with fewer. A member votes for
    the first of equally probable relations in label order.

    Example:
        Members say (0.6, 0.4), (0.6, 0.4) and (0.0, 1.0): votes (2, 1), mean (0.4, 0.6), the
        ensemble says (2.4, 1.6) / 4 = (0.6, 0.4). The mean alone would choose the other relation.

    References:
        None
    """

    def fit(self, members: Sequence[str], validation: Floats, true: Ids) -> Combination:
        """Return the shares of the votes and of the mean together."""

        def combine(probabilities: Floats) -> Floats:
            num_members, _, num_relations = probabilities.shape
            votes = np.eye(num_relations)[probabilities.argmax(axis=2)].sum(axis=0)
            shares: Floats = (votes + probabilities.mean(axis=0)) / (num_members + 1)
            return shares

        return Combination(np.full(len(members), 1 / len(members)), combine)


@ENSEMBLES.register("weighted")
class WeightedSoftVote(Ensemble):
    """Weighted mean of the members' probabilities.

    Weights that are not given minimise the cross entropy of the validation rows (a convex problem).
    With several folds, each fold's rows are combined with weights fitted to the other folds. With
    one fold the validation score is a little optimistic.

    Example:
        Weights 3 and 1; members say (0.6, 0.4) and (0.2, 0.8): the ensemble says (0.5, 0.5).

    References:
        None
    """

    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = Field(
        None, description="{variant: weight}, scaled to sum 1; null: fitted on validation"
    )

    @property
    def learns(self) -> bool:
        """Whether the weights are fitted to the validation rows."""
        return self.weights is None

    def fit(self, members: Sequence[str], validation: Floats, true: Ids) -> Combination:
        """Return the mean with the given weights, scaled, or with the fitted ones.

        Raises:
            ParameterError: A member has no weight, a weight has no member, or all are zero.
        """
        weights = fit_weights(validation, true) if self.learns else self._given(members)
        return _weighted_mean(weights)

    def _given(self, members: Sequence[str]) -> Floats:
        weights = self.weights or {}
        differing = sorted({*members} ^ {*weights})
        if differing:
            raise ParameterError(
                f"ensemble.weights and ensemble.members differ by {', '.join(differing)}: give one "
                "weight per member, or weights: null to fit them on validation."
            )
        given = np.array([weights[name] for name in members], dtype=np.float64)
        if given.sum() == 0:
            raise ParameterError("ensemble.weights are all 0. At least one must be above 0.")
        return np.asarray(given / given.sum())


@ENSEMBLES.register("stacking")
class Stacking(Ensemble):
    """A logistic regression over the members' log-probabilities.

    It learns from out-of-fold predictions, so two or more folds must be trained (`split.folds`).
    Each fold's rows are stacked by a regression fitted to the other folds. A relation that those
    lack gets probability 0.

    Example:
        Member a is right about x, member b about y: the regression weighs a's log p(x) and b's
        log p(y) most. A mean weighs them equally.

    References:
        Wolpert 1992, "Stacked generalization", Neural Networks 5
    """

    learns: ClassVar[bool] = True
    regularisation: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="strength of the L2 penalty (1/C)"
    )

    def fit(self, members: Sequence[str], validation: Floats, true: Ids) -> Combination:
        """Return the fitted regression; a member's weight is its share of |coefficients|.

        Raises:
            DataError: The rows have fewer than two relations.
        """
        from sklearn.linear_model import LogisticRegression

        if len(np.unique(true)) < 2:
            raise DataError(
                f"Stacking cannot be fitted: {len(true)} validation rows hold fewer than two "
                "relations. Use more rows, or ensemble.name: soft."
            )
        regression = LogisticRegression(C=1 / self.regularisation, max_iter=1000)
        regression.fit(_log_features(validation), true)

        def combine(probabilities: Floats) -> Floats:
            combined = np.zeros(probabilities.shape[1:])
            if len(combined):
                known = regression.predict_proba(_log_features(probabilities))
                combined[:, regression.classes_] = known
            return combined

        # the floor: members that say the same of every row have no coefficient
        strength = np.abs(regression.coef_).reshape(-1, *validation.shape[::2]).sum(axis=(0, 2))
        strength = np.clip(strength, 1e-12, None)
        return Combination(np.asarray(strength / strength.sum()), combine)


def _log_features(probabilities: Floats) -> Floats:
    """Return (rows, members · relations) log-probabilities."""
    rows = np.log(np.clip(probabilities, 1e-6, None)).transpose(1, 0, 2)
    return np.asarray(rows.reshape(len(rows), -1))


def _weighted_mean(weights: Floats) -> Combination:
    return Combination(weights, lambda members: np.einsum("m,mrl->rl", weights, members))


def fit_weights(probabilities: Floats, true: Ids) -> Floats:
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
    """Combine the members' prediction tables of a split.

    Where the ensemble is fitted and several folds are trained, each fold's validation rows are
    combined by what the other folds' rows gave; the test rows by what all of them gave.

    Returns:
        The ensemble's prediction table, and the weight of each member.

    Raises:
        DataError: The members predict different rows, or validation rows without a label.
    """
    labels = dataset.task.labels
    stacked = stack(tables, labels)
    validation = np.array(stacked.parts, dtype=object) == "validation"
    guids = np.array(stacked.guids, dtype=object)[validation].tolist()
    true, folds = _labels_and_folds(dataset, guids)
    members, known = list(tables), stacked.probabilities[:, validation]
    combination = ensemble.fit(members, known, true)
    combined = combination.combine(stacked.probabilities)
    if ensemble.learns and len(np.unique(folds)) > 1:
        # a row's score must not come from what was fitted to the row
        own = np.flatnonzero(validation)
        for fold in np.unique(folds):
            rest = folds != fold
            fitted = ensemble.fit(members, known[:, rest], true[rest])
            combined[own[~rest]] = fitted.combine(known[:, ~rest])
    table = prediction_table(stacked.guids, stacked.parts, combined, labels)
    return table, dict(zip(members, combination.weights.tolist(), strict=True))


def _labels_and_folds(dataset: Dataset, guids: list[str]) -> tuple[Ids, Ids]:
    """Return the (rows,) label ids and folds (of the first repeat) of validation rows by guid."""
    labelled = dataset.labelled("validation").set_index("guid")
    unknown = [guid for guid in guids if guid not in labelled.index]
    if unknown:
        raise DataError(
            f"{len(unknown)} predicted validation rows are not labelled rows of the split, first "
            f"'{unknown[0]}'. Run `dvc repro` so that both are of the same split."
        )
    rows = labelled.loc[guids]
    return dataset.task.label_ids(rows), rows["fold"].to_numpy(dtype=np.int64)
