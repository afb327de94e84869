"""Drawing folds whose labels follow a given distribution."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.data.splitting.groups import NEVER, codes, counts_by_group, refuse_impossible
from gwangye.errors import ParameterError, did_you_mean

WHERE = "split.strategy.target"
SIZES = 64  # fold sizes tried, from the largest down, before the best is refined


def read_target(path: Path) -> dict[str, float]:
    """Read a label distribution from a JSON file ``{label: share or count}``.

    Returns:
        Shares by label, summing to 1; labels of share 0 are left out.

    Raises:
        ParameterError: The file is missing or holds something else, or a share is not allowed.
    """
    form = "Give a JSON file {label: share or count}."
    if not path.is_file():
        raise ParameterError(f"{WHERE}: {path} does not exist. {form}")
    try:
        shares = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ParameterError(f"{WHERE}: {path} is not JSON in UTF-8: {error}. {form}") from error
    if not isinstance(shares, dict):
        raise ParameterError(f"{WHERE}: {path} holds a {type(shares).__name__}. {form}")
    for label, share in shares.items():
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not math.isfinite(share) or share < 0:
            raise ParameterError(
                f"{WHERE}: {path} gives '{label}' the share {share!r}. Allowed: numbers from 0 up."
            )
    total = sum(shares.values())
    if total <= 0:
        raise ParameterError(f"{WHERE}: {path} gives no label a share above 0. {form}")
    return {label: share / total for label, share in shares.items() if share > 0}


def draw_matched(
    groups: NDArray[np.int64],
    labels: pd.Series[Any] | Sequence[Any],
    target: Mapping[str, float],
    num_folds: int,
    *,
    tolerance: float,
    seed: int,
) -> NDArray[np.int64]:
    """Draw whole groups so that each fold's labels follow a distribution.

    All folds are to have the same number of rows of each label: the target's shares of the fold's
    size, rounded so that they sum to it (largest remainder). Groups go, the scarcest labels
    first, to the fold that lacks most rows and has room for all of theirs; single rows fill up
    what is missing. Of the sizes tried the largest is taken at which no fold lacks more rows
    than the tolerance allows.

    Args:
        groups: (rows,), int64, numbered from 0.
        labels: (rows,). Rows of a label that the target does not name, or without a label, are
            never drawn, nor what is in a group with them.
        target: Shares by label, above 0, summing to 1.
        num_folds: Number of folds.
        tolerance: The share of a fold's rows that may be missing (0-1).
        seed: Decides among equal groups.

    Returns:
        (rows,), int64: the fold of each row, -1 where it is in none. No fold is empty, and none
        has more than ``rows / num_folds`` rows.

    Raises:
        ParameterError: There are fewer groups than folds; a label of the target has no row; no
            size fits.
    """
    num_groups = int(groups.max(initial=-1)) + 1
    refuse_impossible(num_folds, num_groups, len(groups))
    known = [None if pd.isna(label) else label for label in labels]
    names = list(dict.fromkeys(known))
    _refuse_missing(target, [name for name in names if name is not None])
    shares = np.array([target.get(name, 0.0) if name is not None else 0.0 for name in names])
    supply = _Supply(groups, codes(known), shares, seed)

    low, high = 0, len(groups) // num_folds
    best = None
    while low < high:
        # From the top down in coarse steps until a size fits; then halving up to the one before.
        sizes = _coarse(high) if best is None else [(low + high + 1) // 2]
        for size in sizes:
            folds, missing = supply.fill(_rounded(size * shares, size), num_folds)
            if missing.sum(axis=0).max() <= tolerance * size:
                low, best = size, folds
                break
            high = size - 1
    if best is None:
        raise ParameterError(
            f"{WHERE}: no {num_folds} folds of these {len(groups)} rows can follow the target: "
            "its labels stand in too few groups of rows, or together with labels it leaves out. "
            "Lower split.num_folds, raise split.strategy.tolerance, or change the target."
        )
    return best[groups]


def _coarse(largest: int) -> list[int]:
    """Return sizes from the largest down to 1, in equal ratios."""
    sizes = np.geomspace(largest, 1, SIZES).round().astype(int).tolist()
    return list(dict.fromkeys(sizes))


def _refuse_missing(target: Mapping[str, float], names: Sequence[str]) -> None:
    missing = [label for label in target if label not in names]
    if missing:
        raise ParameterError(
            f"{WHERE}: no labelled row has the label '{missing[0]}' ({len(missing)} such labels). "
            f"{did_you_mean(missing[0], names)} Take it out of the target, and the others share "
            "its part."
        )


def _rounded(exact: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Round numbers so that they sum to their total: up where most would be cut off."""
    whole = np.floor(exact + 1e-9).astype(np.int64)
    up = np.argsort(whole - exact, kind="stable")[: total - whole.sum()]
    whole[up] += 1
    return whole


class _Supply:
    """The groups that folds can be filled with, in the order in which they are tried."""

    def __init__(
        self,
        groups: NDArray[np.int64],
        labels: NDArray[np.int64],
        shares: NDArray[np.float64],
        seed: int,
    ) -> None:
        sizes = np.bincount(groups)
        self.counts = counts_by_group(groups, labels, len(sizes))
        scarcity = shares / np.bincount(labels)
        value = np.bincount(groups, weights=scarcity[labels]) / sizes
        order = np.random.default_rng(seed).permutation(len(sizes))
        large = order[sizes[order] > 1]
        self.large = large[np.argsort(-value[large].round(12), kind="stable")]
        single = order[sizes[order] == 1]
        label = np.array([self.counts[group][0][0] for group in single], dtype=np.int64)
        self.singles = [single[label == code] for code in range(len(shares))]

    def fill(
        self, quota: NDArray[np.int64], num_folds: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Fill folds, each with a quota of rows of each label: (labels,), int64.

        Returns:
            The fold of each group, -1 where it is in none; and the rows that are missing,
            (labels, folds), int64, never negative.
        """
        missing = np.repeat(quota[:, None], num_folds, axis=1)
        folds = np.full(len(self.counts), NEVER, dtype=np.int64)
        for group in self.large.tolist():
            labels, counts = self.counts[group]
            room = np.flatnonzero((missing[labels] >= counts[:, None]).all(axis=0))
            if len(room):
                fold = room[missing[:, room].sum(axis=0).argmax()]
                missing[labels, fold] -= counts
                folds[group] = fold
        for lack, single in zip(missing, self.singles, strict=True):
            # One place per row that a fold lacks; first the places of the folds that lack most.
            places = np.repeat(np.arange(num_folds), lack)
            rest = np.concatenate([np.arange(count, 0, -1) for count in lack])
            filled = places[np.argsort(-rest, kind="stable")][: len(single)]
            folds[single[: len(filled)]] = filled
            lack -= np.bincount(filled, minlength=num_folds)
        return folds, missing
