"""Taking fewer rows, for quick runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gwangye.errors import ParameterError


def sample_rows(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Draw rows so that labels keep their shares and no label is lost.

    Each label gives about ``n * share`` rows, rounded up for the rare ones: every label keeps a
    row as long as ``n`` is at least the number of labels.

    Args:
        frame: A canonical table; rows without a label count as one more label.
        n: Number of rows wanted, at least 1.
        seed: Seed of the draw.

    Returns:
        ``n`` rows in the order of the table, with a fresh index; the whole table where it has
        no more than ``n``.

    Raises:
        ParameterError: ``n`` is below 1.
    """
    if n < 1:
        raise ParameterError(
            f"data.max_train_examples: {n} is not allowed; give at least 1, or null for all rows."
        )
    if n >= len(frame):
        return frame.reset_index(drop=True)
    order = np.random.default_rng(seed).permutation(len(frame))
    shuffled = frame["label"].fillna("").iloc[order]
    by_label = shuffled.groupby(shuffled, sort=False)
    # The i-th of a label's k rows comes at i/k: cutting at any point keeps the labels' shares.
    position = by_label.cumcount().to_numpy() / by_label.transform("size").to_numpy()
    chosen = order[np.argsort(position, kind="stable")[:n]]
    return frame.iloc[np.sort(chosen)].reset_index(drop=True)
