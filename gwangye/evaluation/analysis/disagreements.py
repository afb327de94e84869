"""The rows on which an ensemble's members disagree most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.evaluation.analysis.rows import readable_rows

Floats = NDArray[np.float64]


def divergence(members: Floats) -> Floats:
    """Measure how far several distributions lie apart: the generalised Jensen-Shannon divergence.

    ``JS = H(mean of the p_m) - mean of the H(p_m)`` with the entropy H in bits, all members
    weighing alike. Its largest value, log2 of the number of members, is that of members of which
    each is sure of another relation; divided by it, the result is 0 to 1.

    Args:
        members: (members, rows, relations), 2 members or more, each row summing to 1.

    Returns:
        (rows,): 0 where all members say the same, 1 where they have nothing in common.

    References:
        Lin 1991, "Divergence Measures Based on the Shannon Entropy", IEEE Transactions on
        Information Theory 37.
    """
    between = _entropy(members.mean(axis=0)) - _entropy(members).mean(axis=0)
    # rounding may leave a hair below 0
    result: Floats = np.clip(between / np.log2(len(members)), 0.0, 1.0)
    return result


def disagreements(
    examples: pd.DataFrame,
    ensemble: Floats,
    members: Floats,
    names: Sequence[str],
    labels: Sequence[str],
    limit: int,
) -> pd.DataFrame:
    """Return the rows on which the members disagree most.

    Args:
        examples: Canonical table; labels may be missing.
        ensemble: (rows, relations), in the order of ``examples``.
        members: (members, rows, relations), in the same order.
        names: What the members are called.
        labels: Relation names in label order.
        limit: Rows at most.

    Returns:
        guid, actual relation (missing where unlabelled), the ensemble's and each member's
        predicted one, divergence (:func:`divergence`, 4 decimals), entities and sentence; largest
        divergence first, then by guid. No rows for fewer than two members.
    """
    chosen = {"ensemble": ensemble, **dict(zip(names, members, strict=True))}
    relations = np.array(labels, dtype=object)
    apart = divergence(members) if len(members) > 1 else np.zeros(len(examples))
    table = readable_rows(
        examples,
        {
            "actual": examples["label"].to_numpy(),
            **{name: relations[of.argmax(axis=1)] for name, of in chosen.items()},
            "divergence": apart.round(4),
        },
    )
    table = table.sort_values(["divergence", "guid"], ascending=[False, True])
    return table.head(limit if len(members) > 1 else 0)


def _entropy(probabilities: Floats) -> Floats:
    """Return the entropy over the last axis, in bits."""
    logs = np.log2(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    result: Floats = -(probabilities * logs).sum(axis=-1)
    return result
