"""KLUE-RE's metrics, as the benchmark computes them (Park et al. 2021, arXiv 2105.09680).

Scores are percentages (0 to 100). Labels are ids in the order of ``labels``; the columns of
``probabilities`` have the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, did_you_mean

Ids = NDArray[np.integer]
Probabilities = NDArray[np.floating]


class Scores(NamedTuple):
    """KLUE's two metrics and accuracy, in percent."""

    micro_f1: float
    auprc: float
    accuracy: float


def micro_f1(true: Ids, predicted: Ids, labels: Sequence[str], negative_label: str | None) -> float:
    """Micro-averaged F1 over all relations but the negative one.

    ``F1 = 2·TP / (2·TP + FP + FN)``, summed over the positive relations. Every row counts: a
    relation predicted for a row without one is a false positive.

    Args:
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        labels: Relation names in label order.
        negative_label: The relation left out of the average, or None to average over all.

    Returns:
        Percent; 0 where no positive relation is true or predicted.

    Raises:
        DataError: ``negative_label`` is not among ``labels``, or an id is not one of a label.
    """
    from sklearn.metrics import f1_score

    check_negative(negative_label, labels)
    check_ids(true, len(labels))
    check_ids(predicted, len(labels))
    if len(true) == 0:
        return 0.0
    positive = [i for i, label in enumerate(labels) if label != negative_label]
    return 100 * float(
        f1_score(true, predicted, labels=positive, average="micro", zero_division=0.0)
    )


def auprc(true: Ids, probabilities: Probabilities) -> float:
    """Area under the precision-recall curve: trapezoid, plain mean over *all* relations.

    This is not ``sklearn.metrics.average_precision_score``, which sums rectangles. The negative
    relation counts like any other.

    A relation that no row has is left out of the mean, since it has no recall;
    :func:`absent_relations` counts them.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1 (from a softmax, not logits).

    Returns:
        Percent; 0 for no rows.

    Raises:
        DataError: The rows of ``probabilities`` are not probabilities, or an id of ``true`` has no
            column.
    """
    areas = relation_areas(true, probabilities)
    return float(np.nanmean(areas)) if len(true) else 0.0


def relation_areas(
    true: Ids, probabilities: Probabilities, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Area under the precision-recall curve of each relation, as in :func:`auprc`.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        weights: (rows,) what a row counts, at least 0; None counts all alike.

    Returns:
        (relations,) percent; missing (NaN) for a relation of which no row weighs more than 0.

    Raises:
        DataError: As :func:`auprc`.
    """
    from sklearn.metrics import auc, precision_recall_curve

    check_ids(true, probabilities.shape[1])
    check_probabilities(probabilities)
    areas = np.full(probabilities.shape[1], np.nan)
    for label in np.unique(true if weights is None else true[weights > 0]):
        precision, recall, _ = precision_recall_curve(
            true == label, probabilities[:, label], sample_weight=weights
        )
        areas[label] = 100 * auc(recall, precision)
    return areas


def absent_relations(true: Ids, labels: Sequence[str]) -> list[str]:
    """Return the relations that no row has: their curves are undefined."""
    present = set(np.unique(true).tolist())
    return [label for i, label in enumerate(labels) if i not in present]


def score(
    true: Ids, probabilities: Probabilities, labels: Sequence[str], negative_label: str | None
) -> Scores:
    """Compute all scores of one set of predictions; the most probable relation is predicted.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        labels: Relation names in label order.
        negative_label: The relation left out of micro-F1, or None.

    Raises:
        DataError: ``probabilities`` are not probabilities or have another shape, an id is not one
            of a label, or ``negative_label`` is not among ``labels``.
    """
    check_shape(true, probabilities, labels)
    predicted = probabilities.argmax(axis=1)
    return Scores(
        micro_f1=micro_f1(true, predicted, labels, negative_label),
        auprc=auprc(true, probabilities),
        accuracy=100 * float(np.mean(true == predicted)) if len(true) else 0.0,
    )


def per_relation(
    true: Ids,
    probabilities: Probabilities,
    labels: Sequence[str],
    areas: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Return one row per relation: precision, recall, f1, auprc (percent), support (rows).

    A relation that no row has gets a missing recall, f1 and auprc; one never predicted has
    precision 0.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.
        labels: Relation names in label order.
        areas: (relations,) from :func:`relation_areas`, where they are known already.

    Raises:
        DataError: ``probabilities`` are not probabilities or have another shape, or an id is not
            one of a label.
    """
    check_shape(true, probabilities, labels)
    # Counted here rather than by scikit-learn, which refuses to count no rows.
    if areas is None:
        areas = relation_areas(true, probabilities)
    predicted = probabilities.argmax(axis=1)
    support = np.bincount(true, minlength=len(labels))
    chosen = np.bincount(predicted, minlength=len(labels))
    correct = np.bincount(true[true == predicted], minlength=len(labels))
    return pd.DataFrame(
        {
            "relation": list(labels),
            "precision": 100 * correct / np.maximum(chosen, 1),
            "recall": np.where(support > 0, 100 * correct / np.maximum(support, 1), np.nan),
            "f1": np.where(support > 0, 200 * correct / np.maximum(support + chosen, 1), np.nan),
            "auprc": areas,
            "support": support,
        }
    )


def check_shape(true: Ids, probabilities: Probabilities, labels: Sequence[str]) -> None:
    """Check that there is a row of probabilities per example and a column per relation.

    Raises:
        DataError: ``probabilities`` have another shape.
    """
    if probabilities.shape != (len(true), len(labels)):
        raise DataError(
            f"Probabilities have shape {probabilities.shape}, but there are {len(true)} rows and "
            f"{len(labels)} relations. Predict again with the labels of this split."
        )


def check_negative(negative_label: str | None, labels: Sequence[str]) -> None:
    """Check that the relation left out of micro-F1 is one.

    Raises:
        DataError: ``negative_label`` is not among ``labels``.
    """
    if negative_label is not None and negative_label not in labels:
        raise DataError(
            f"negative label '{negative_label}' is not one of the {len(labels)} relations. "
            f"{did_you_mean(negative_label, labels)} None averages over all relations."
        )


def check_ids(ids: Ids, num_labels: int) -> None:
    """Check that every row has one of the labels.

    Raises:
        DataError: An id is below 0, as that of a row without a label, or too high.
    """
    wrong = np.flatnonzero((ids < 0) | (ids >= num_labels))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"Row {row} has label id {ids[row]}; allowed: 0 to {num_labels - 1}. Rows without a "
            "label (-1) have no score: leave them out."
        )


def check_probabilities(probabilities: Probabilities) -> None:
    """Check that every row holds probabilities.

    Raises:
        DataError: A value is outside 0 to 1 or a row does not sum to 1, as with raw logits.
    """
    if probabilities.size == 0:
        return
    sums = probabilities.sum(axis=1)
    wrong = ~(np.isclose(sums, 1.0, atol=1e-3) & (probabilities >= 0).all(axis=1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"Row {row} holds no probabilities: values from {probabilities[row].min():.3g} to "
            f"{probabilities[row].max():.3g}, sum {sums[row]:.3g}. Apply a softmax to logits first."
        )
