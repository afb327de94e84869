"""The label distribution of unlabelled rows, estimated from their predictions. Shares are 0 to 1.

Both methods assume *label shift*: relations occur more or less often in the target than where the
model's labelled rows come from, but the sentences of each relation look the same. Where they do
not, the estimates are wrong, often each in its own way: compare them
(:func:`gwangye.evaluation.shift.label_shares.contradictions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.evaluation.shift.known_shares import ROUNDING, KnownShares
from gwangye.evaluation.shift.label_shares import ShareEstimate
from gwangye.evaluation.shift.maximum_likelihood import most_likely_shares
from gwangye.evaluation.shift.resampling import Floats, resample_counts
from gwangye.metrics import Ids, Probabilities, check_ids, check_probabilities, check_shape

VALIDATION, TARGET = 0, 1
"""Streams of random numbers: the two kinds of rows are resampled independently."""

RIDGE = 1e-4
"""How much less a distance from the prior counts than one from the predictions (BBSE)."""


def em_shares(
    target_probabilities: Probabilities,
    source_counts: Sequence[int] | NDArray[np.integer],
    labels: Sequence[str],
    *,
    resamples: int,
    seed: int,
    known: Mapping[str, float] | None = None,
) -> ShareEstimate:
    """Estimate the shares under which the predictions are most likely (EM).

    The classifier's posteriors p(y|x) hold for its own prior. For other shares π they become
    ``p(y|x)·π(y)/prior(y)``, normalised; the new π is their mean over the target rows; and so on.
    The fixed point is the maximum likelihood estimate. It is reached here by accelerated steps,
    which changes the number of steps but not the point.

    The posteriors must be calibrated: fit the temperature first. A predictor that says the same
    of every row knows nothing: where it says the prior, every share is a fixed point, and the
    prior is returned; else the likelihood favours whatever it overrates, up to a share of 1. Both
    are reported as not ``identified``.

    Args:
        target_probabilities: (rows, relations) from a softmax.
        source_counts: (relations,) labelled rows of each relation in what the model learnt from:
            its training rows, whose shares its posteriors imply. They are resampled too.
        labels: Relation names in label order.
        resamples: Number of resamples, at least 1; 1,000 of 7,765 rows and 30 relations take
            1 to 10 seconds, the longer the less the predictions tell relations apart.
        seed: Seed of the resamples.
        known: Shares (0 to 1) of relations that are known from elsewhere; only the others are
            estimated.

    Returns:
        Shares with percentile bootstrap intervals. A relation without a labelled row gets share
        0; in a resample that lacks it, so does a rare one.

    Raises:
        DataError: There is no target row, or no labelled row; counts are negative or not one per
            relation; ``target_probabilities`` are not probabilities or have another shape.
        ParameterError: ``resamples`` is below 1; ``known`` names no relation, or is no share.

    References:
        Saerens, Latinne and Decaestecker 2002, "Adjusting the Outputs of a Classifier to New a
        Priori Probabilities: A Simple Procedure", Neural Computation 14.
    """
    source = np.asarray(source_counts)
    if source.shape != (len(labels),) or (source < 0).any() or source.sum() == 0:
        raise DataError(
            f"Labelled rows by relation: expected {len(labels)} counts, at least 0 and not all 0, "
            f"got {source.tolist()}."
        )
    _check_target(target_probabilities, labels)
    blocks = resample_counts(len(target_probabilities), resamples, (seed, TARGET))
    present = np.flatnonzero(source)
    rest = KnownShares(known or {}, labels, present)
    probabilities = np.asarray(target_probabilities, dtype=np.float64)[:, present]
    prior = (source[present] / source.sum())[:, None]  # (present, 1)
    point, converged = most_likely_shares(probabilities, prior, start=prior, known=rest.held)

    generator = np.random.default_rng((seed, VALIDATION))
    replicates = []
    for counts in blocks:
        width = counts.shape[1]
        drawn = generator.multinomial(source.sum(), prior[:, 0], size=width).T / source.sum()
        # A resample's shares are near those of all rows; none may start from 0, which stays 0.
        start = np.where(drawn > 0, 0.99 * point + 0.01 * prior, 0)
        shares, settled = most_likely_shares(
            probabilities, drawn, start=start, counts=counts, known=rest.held
        )
        replicates.append(shares.T)
        converged = converged and settled
    condition = _condition(probabilities[:, np.isnan(rest.held)])
    return rest.estimate("em", point[:, 0], np.concatenate(replicates), condition, converged)


def bbse_shares(
    validation_probabilities: Probabilities,
    validation_true: Ids,
    target_probabilities: Probabilities,
    labels: Sequence[str],
    *,
    soft: bool,
    resamples: int,
    seed: int,
    known: Mapping[str, float] | None = None,
) -> ShareEstimate:
    """Estimate the shares that explain how often each relation is predicted (BBSE).

    With C the confusion matrix of validation, ``C[i, j]`` = p(predicted i | true j), and μ the
    shares of the target's predictions, the shares q solve ``C·q = μ``. Deviations from the paper,
    which inverts C: q minimises ``|C·q − μ|²`` over q ≥ 0 with sum 1, so that no share can be
    negative; and where several q do so, it is the one nearest to validation's shares. Where C has
    an inverse and its solution is no less than 0, that is the solution (to about 1e-8).

    A predictor that says the same of every row, or (with hard predictions) never predicts some
    relation, has a singular C: shares go as far from validation's as the predictions compel them
    to, and the result is reported as not ``identified``. Relations with a handful of validation
    rows make it unstable, hard predictions most of all: one whose only rows are all taken for
    another relation can draw that one's whole share to itself, and in some resamples does.

    Args:
        validation_probabilities: (validation rows, relations), of rows the model was not trained
            on, and knows no better than the target (pair-disjoint).
        validation_true: (validation rows,) label ids.
        target_probabilities: (target rows, relations).
        labels: Relation names in label order.
        soft: Whether a prediction is the row's probabilities, or the most probable relation.
        resamples: Number of resamples, at least 1; 1,000 of 3,200 and 7,765 rows with 30
            relations take about a second.
        seed: Seed of the resamples; validation and target rows are drawn independently.
        known: Shares (0 to 1) of relations that are known from elsewhere; only the others are
            estimated.

    Returns:
        Shares with percentile bootstrap intervals. A relation without a validation row gets share
        0; in a resample that lacks it, so does a rare one.

    Raises:
        DataError: There is no validation or no target row; probabilities are none or have another
            shape; an id is not one of a label.
        ParameterError: ``resamples`` is below 1; ``known`` names no relation, or is no share.

    References:
        Lipton, Wang and Smola 2018, "Detecting and Correcting for Label Shift with Black Box
        Predictors", arXiv 1802.03916.
    """
    check_shape(validation_true, validation_probabilities, labels)
    if len(validation_true) == 0:
        raise DataError("There are no labelled validation rows to estimate shares from.")
    check_ids(validation_true, len(labels))
    check_probabilities(validation_probabilities)
    _check_target(target_probabilities, labels)
    present = np.unique(validation_true)
    rest = KnownShares(known or {}, labels, present)
    validation = _predictions(validation_probabilities, soft)
    target = _predictions(target_probabilities, soft)
    of_relation = [np.flatnonzero(validation_true == label) for label in present]

    def confusion(counts: Floats) -> tuple[Floats, Floats]:
        """Return p(predicted | true) (sets, relations, present) and p(true) (sets, present)."""
        rows = np.stack([counts[rows].sum(axis=0) for rows in of_relation], axis=1)
        sums = np.stack([validation[rows].T @ counts[rows] for rows in of_relation], axis=2)
        joint = sums.transpose(1, 0, 2)
        return joint / np.maximum(rows, 1)[:, None, :], rows / rows.sum(axis=1, keepdims=True)

    matrices, priors = confusion(np.ones((len(validation), 1)))
    point = _nearest_shares(matrices[0], target.mean(axis=0), priors[0], rest.held)
    replicates = []
    for ours, theirs in zip(
        resample_counts(len(validation), resamples, (seed, VALIDATION)),
        resample_counts(len(target), resamples, (seed, TARGET)),
        strict=True,
    ):
        predicted = (target.T @ theirs / len(target)).T  # (block, relations)
        for matrix, prior, shares in zip(*confusion(ours), predicted, strict=True):
            replicates.append(_nearest_shares(matrix, shares, prior, rest.held))
    method = "bbse_soft" if soft else "bbse_hard"
    condition = _condition(matrices[0][:, np.isnan(rest.held)])
    return rest.estimate(method, point, np.array(replicates), condition, converged=True)


def _check_target(probabilities: Probabilities, labels: Sequence[str]) -> None:
    if len(probabilities) == 0:
        raise DataError("There are no target rows to estimate shares from.")
    check_shape(np.zeros(len(probabilities), dtype=np.int64), probabilities, labels)
    check_probabilities(probabilities)


def _predictions(probabilities: Probabilities, soft: bool) -> Floats:
    """Return (rows, relations): the probabilities, or 1 for the most probable relation."""
    if soft:
        return np.asarray(probabilities, dtype=np.float64)
    predictions = np.zeros(probabilities.shape)
    predictions[np.arange(len(probabilities)), probabilities.argmax(axis=1)] = 1
    return predictions


def _nearest_shares(confusion: Floats, predicted: Floats, prior: Floats, known: Floats) -> Floats:
    """Minimise ``|confusion·q − predicted|² + RIDGE²·|q − prior|²`` over q ≥ 0 with sum 1.

    Where some of q are known, over the others; they sum to what is left, and explain what the
    known ones leave of the predictions.

    Since q sums to 1, both terms together are ``|M·q|²``. Scaling the x ≥ 0 that minimises
    ``|M·x|² + (sum(x) − 1)²`` to sum 1 gives q: for ``x = s·q`` and the best s, that is
    ``m / (1 + m)`` with ``m = |M·q|²``, which grows with m. So the constraint costs one row.

    Args:
        confusion: (relations, present) p(predicted | true); a column of zeros where a resample
            has no row of the relation, whose prior is 0 then and whose share must be.
        predicted: (relations,) shares of the target's predictions.
        prior: (present,) validation's shares.
        known: (present,) known shares, NaN for the others.
    """
    from scipy.optimize import nnls

    free = np.isnan(known)
    shares = np.where(free, 0, known)
    left = 1 - shares.sum()
    some = (prior > 0) & free
    if left <= ROUNDING or not some.any():
        return shares
    unexplained = (predicted - confusion @ shares)[:, None]
    usual = (prior[some] / prior[some].sum())[:, None]
    ridge = RIDGE * left * (np.eye(int(some.sum())) - usual)
    matrix = np.vstack([left * confusion[:, some] - unexplained, ridge, np.ones((1, some.sum()))])
    wanted = np.zeros(len(matrix))
    wanted[-1] = 1
    solution, _ = nnls(matrix, wanted)
    shares[some] = left * solution / solution.sum()
    return shares


def _condition(columns: Floats) -> float:
    """Return the condition index of columns scaled to length 1: largest / smallest singular value.

    Infinite where the columns are linearly dependent: a relation is a mixture of others. 1 where
    there is nothing to tell apart.
    """
    if columns.shape[1] == 0:
        return 1.0
    lengths = np.linalg.norm(columns, axis=0)
    if (lengths == 0).any() or columns.shape[0] < columns.shape[1]:
        return float("inf")
    values = np.linalg.svd(columns / lengths, compute_uv=False)
    return float(values[0] / values[-1]) if values[-1] > ROUNDING else float("inf")
