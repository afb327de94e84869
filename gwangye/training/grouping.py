"""Batches of rows of like length, in random order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

if TYPE_CHECKING:
    from gwangye.inputs.features.batches import FeatureDataset

BATCHES_PER_BLOCK = 400
"""Rows are sorted within blocks of so many batches. On KLUE-RE, in batches of 16, 0.5 % of the
tokens are padding then; with the 50 of transformers' own sampler 5.9 %, unsorted 92 %."""


class LengthGroupedSampler(Sampler[int]):
    """Row numbers, such that each ``batch_size`` in succession are of like length.

    Unlike transformers' sampler of this name it shuffles the batches, which otherwise come from the
    longest to the shortest of a block, and its order depends on seed and epoch only. The longest
    batch is the first, so that memory runs out at once or not at all.

    Args:
        dataset: The rows; they may be others in another epoch.
        batch_size: Rows in a batch. Those that are left over are the last batch.
        seed: Seed of the order.
    """

    def __init__(self, dataset: FeatureDataset, batch_size: int, seed: int) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; the Trainer calls this when the epoch begins."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng((self.seed, self.epoch))
        return iter(grouped(self.dataset.table.lengths, self.batch_size, random).tolist())


def grouped(
    lengths: NDArray[np.integer], batch_size: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """Return all row numbers, each ``batch_size`` of which are of like length.

    Args:
        lengths: (rows,) tokens.
        batch_size: Rows in a batch.
        random: Decides which rows meet, and the order of the batches.
    """
    rows = random.permutation(len(lengths))
    whole = len(rows) - len(rows) % batch_size
    block = BATCHES_PER_BLOCK * batch_size
    parts = [rows[start : min(start + block, whole)] for start in range(0, whole, block)]
    if not parts:
        return rows
    ordered = np.concatenate([part[np.argsort(-lengths[part], kind="stable")] for part in parts])
    batches = random.permutation(ordered.reshape(-1, batch_size))
    longest = int(lengths[batches].max(axis=1).argmax())
    batches[[0, longest]] = batches[[longest, 0]]
    return np.concatenate([batches.ravel(), rows[whole:]])
