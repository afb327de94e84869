"""The data report: what is in the tables, how they differ, what the folds leak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gwangye.data.describe import compare, describe, overlap
from gwangye.data.splitting.groups import NEVER
from gwangye.data.splitting.leaks import leaks
from gwangye.data.splitting.similarity import near_duplicates
from gwangye.examples import fold_numbers

LISTED = 100
"""How many rejected rows the report lists; their number is always given."""


def data_report(
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    rejected: pd.DataFrame,
    *,
    dropped: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Put together all that is to be known about the data before training on it.

    Args:
        train: The canonical training table with its columns of folds.
        test: The canonical test table; None where there is none.
        rejected: The rejected rows of both files: columns file, row, guid, reason.
        dropped: From :func:`gwangye.examples.drop_duplicates`.

    Returns:
        A dict that JSON can hold, the same for the same tables:
        ``train`` and ``test`` (:func:`gwangye.data.describe`), ``comparison``
        (:func:`gwangye.examples.compare`), ``folds`` (:func:`leaks`), ``never_validated`` (rows
        that no fold validates), ``dropped`` (counts), and ``rejected``: ``rows`` (their number)
        and ``first`` (the first 100). ``test`` and ``comparison`` are None without a test table.
        Nearly the same sentences are counted by one measure for all splits: from
        ``NEARLY_SAME`` on.
    """
    folds = fold_numbers(train)
    near = near_duplicates([*train["sentence"], *([] if test is None else test["sentence"])])
    comparison = None
    if test is not None:
        comparison = compare(train, test) | {"overlap": overlap(train, test, near)}
    return {
        "train": describe(train),
        "test": None if test is None else describe(test),
        "comparison": comparison,
        "folds": leaks(train, folds, near),
        "never_validated": int((folds == NEVER).all(axis=1).sum()),
        "dropped": dict(dropped or {}),
        "rejected": {
            "rows": len(rejected),
            "first": [
                {"file": str(file), "row": int(row), "guid": guid, "reason": reason}
                for file, row, guid, reason in rejected.head(LISTED)[
                    ["file", "row", "guid", "reason"]
                ].itertuples(index=False)
            ],
        },
    }
