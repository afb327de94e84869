"""KLUE-RE's metrics, as the benchmark computes them (Park et al. 2021, arXiv 2105.09680).

Scores are percentages (0 to 100). Labels are ids in the order of ``labels``; the columns of
``probabilities`` have the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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


def f1(true_positives: Any, sizes: Any) -> NDArray[np.float64]:
    """F1 of counts: ``2·TP / (2·TP + FP + FN)``.

    Args:
        true_positives: Rows (or their weight), of any shape.
        sizes: ``2·TP + FP + FN``, which is the rows of the relation and the rows predicted as it
            together; of the same shape.

    Returns:
        Percent, in that shape; missing (NaN) where it is 0/0.
    """
    counts = np.asarray(true_positives, dtype=np.float64)
    empty = np.full(counts.shape, np.nan)
    found: NDArray[np.float64] = 200 * np.divide(counts, sizes, out=empty, where=sizes > 0)
    return found


def micro_f1(true: Ids, predicted: Ids, labels: Sequence[str], negative_label: str | None) -> float:
    """Micro-averaged F1 over all relations but the negative one.

    Counts are summed over the positive relations (:func:`f1`). Every row counts: a relation
    predicted for a row without one is a false positive.

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
    negative = negative_id(labels, negative_label)
    check_ids(true, len(labels))
    check_ids(predicted, len(labels))
    is_relation = true != negative
    hits = (is_relation & (true == predicted)).sum()
    return float(np.nan_to_num(f1(hits, is_relation.sum() + (predicted != negative).sum())))


def auprc(true: Ids, probabilities: Probabilities) -> float:
    """Area under the precision-recall curve: trapezoid, plain mean over *all* relations.

    This is not ``sklearn.metrics.average_precision_score``, which sums rectangles. The negative
    relation counts like any other.

    A relation that no row has is left out of the mean, since it has no recall.

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


def relation_areas(true: Ids, probabilities: Probabilities) -> NDArray[np.float64]:
    """Area under the precision-recall curve of each relation, as in :func:`auprc`.

    Args:
        true: (rows,) label ids.
        probabilities: (rows, relations), each row summing to 1.

    Returns:
        (relations,) percent; missing (NaN) for a relation that no row has.

    Raises:
        DataError: As :func:`auprc`.
    """
    from sklearn.metrics import auc, precision_recall_curve

    check_ids(true, probabilities.shape[1])
    check_probabilities(probabilities)
    areas = np.full(probabilities.shape[1], np.nan)
    for label in np.unique(true):
        precision, recall, _ = precision_recall_curve(true == label, probabilities[:, label])
        areas[label] = 100 * auc(recall, precision)
    return areas


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
            "f1": np.where(support > 0, f1(correct, support + chosen), np.nan),
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


def negative_id(labels: Sequence[str], negative_label: str | None) -> int:
    """Return the id of the relation left out of micro-F1; -1, which no row has, for None.

    Raises:
        DataError: ``negative_label`` is not among ``labels``.
    """
    if negative_label is None:
        return -1
    if negative_label not in labels:
        raise DataError(
            f"negative label '{negative_label}' is not one of the {len(labels)} relations. "
            f"{did_you_mean(negative_label, labels)} None averages over all relations."
        )
    return list(labels).index(negative_label)


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


def check_labelled(true: Ids, probabilities: Probabilities) -> None:
    """Check that there is a row of probabilities per label id.

    Raises:
        DataError: The shapes do not fit, or the rows are not probabilities and label ids.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(true):
        raise DataError(
            f"Probabilities have shape {probabilities.shape}, but there are {len(true)} labelled "
            "rows. Give one row of probabilities per label."
        )
    check_ids(true, probabilities.shape[1])
    check_probabilities(probabilities)


def check_weights(weights: NDArray[np.floating], num_rows: int) -> None:
    """Check that there is a usable weight per row.

    Raises:
        DataError: There is another number of weights than of rows, one is negative or missing, or
            all are 0.
    """
    if weights.shape != (num_rows,):
        raise DataError(f"Weights have shape {weights.shape}; give one per row: ({num_rows},).")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise DataError("A row's weight is negative or no number. Weights are 0 or more.")
    if num_rows and weights.sum() == 0:
        raise DataError("All weights are 0, so that no row counts. One must be above 0.")
