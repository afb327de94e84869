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

from gwangye.errors import DataError

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
    """
    from sklearn.metrics import f1_score

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
        DataError: The rows of ``probabilities`` are not probabilities.
    """
    from sklearn.metrics import auc, precision_recall_curve

    check_probabilities(probabilities)
    areas = []
    for label in np.unique(true):
        precision, recall, _ = precision_recall_curve(true == label, probabilities[:, label])
        areas.append(auc(recall, precision))
    return 100 * float(np.mean(areas)) if areas else 0.0


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
        DataError: ``probabilities`` are not probabilities or have another shape.
    """
    if probabilities.shape != (len(true), len(labels)):
        raise DataError(
            f"Probabilities have shape {probabilities.shape}, but there are {len(true)} rows and "
            f"{len(labels)} relations. Predict again with the labels of this split."
        )
    predicted = probabilities.argmax(axis=1) if len(true) else true
    return Scores(
        micro_f1=micro_f1(true, predicted, labels, negative_label),
        auprc=auprc(true, probabilities),
        accuracy=100 * float(np.mean(true == predicted)) if len(true) else 0.0,
    )


def per_relation(true: Ids, probabilities: Probabilities, labels: Sequence[str]) -> pd.DataFrame:
    """Return one row per relation: precision, recall, f1, auprc (percent), support (rows).

    A relation that no row has gets a missing recall, f1 and auprc; one never predicted has
    precision 0.
    """
    from sklearn.metrics import auc, precision_recall_curve, precision_recall_fscore_support

    ids = list(range(len(labels)))
    predicted = probabilities.argmax(axis=1) if len(true) else true
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=ids, zero_division=0.0
    )
    areas = np.full(len(labels), np.nan)
    for label in np.unique(true):
        curve = precision_recall_curve(true == label, probabilities[:, label])
        areas[label] = 100 * auc(curve[1], curve[0])
    table = pd.DataFrame(
        {
            "relation": list(labels),
            "precision": 100 * precision,
            "recall": 100 * recall,
            "f1": 100 * f1,
            "auprc": areas,
            "support": support,
        }
    )
    table.loc[table["support"] == 0, ["recall", "f1"]] = np.nan
    return table


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
