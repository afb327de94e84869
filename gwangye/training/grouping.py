"""Batches of rows of like length, in random order: of so many rows, or of so many tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from gwangye.errors import ParameterError

if TYPE_CHECKING:
    from gwangye.inputs.features.batches import FeatureDataset

BATCHES_PER_BLOCK = 400
"""Rows are sorted within blocks of so many batches. On KLUE-RE, in batches of 16, 0.5 % of the
tokens are padding then; with the 50 of transformers' own sampler 5.9 %, unsorted 92 %."""

LENGTH_SPREAD = 2
"""Token-budget batches: rows are taken for up to so many tokens longer than they are, so that not
the same lengths meet in every epoch."""


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


class TokenBudgetSampler(Sampler[list[int]]):
    """Batches of rows of like length that hold at most ``max_tokens``, padding included.

    The batches of short rows hold more of them. Every epoch has equally many batches, which the
    Trainer's schedule and its resuming count on: where the epochs' rows are of unlike lengths, as
    many as the epoch has that needs most. The batches depend on seed and epoch only, and the one
    of the longest rows is the first.

    Args:
        dataset: The rows; they may be others in another epoch.
        max_tokens: Rows times longest row of a batch, at most.
        seed: Seed of the batches and their order.
        num_epochs: Epochs that there are at most.

    Raises:
        ParameterError: A row alone is longer than ``max_tokens``.
    """

    def __init__(
        self, dataset: FeatureDataset, max_tokens: int, seed: int, *, num_epochs: int
    ) -> None:
        self.dataset = dataset
        self.max_tokens = max_tokens
        self.seed = seed
        self.epoch = 0
        self.num_batches = max(
            len(budget_sizes(lengths, max_tokens)) for lengths in dataset.all_lengths(num_epochs)
        )

    def set_epoch(self, epoch: int) -> None:
        """Choose the batches of an epoch; the Trainer calls this when the epoch begins."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng((self.seed, self.epoch))
        lengths = self.dataset.table.lengths
        sizes = split_largest(budget_sizes(lengths, self.max_tokens), self.num_batches)
        return (batch.tolist() for batch in budgeted(lengths, sizes, random))


def budget_sizes(lengths: NDArray[np.integer], max_tokens: int) -> list[int]:
    """Return how many rows each batch holds, from the longest rows to the shortest.

    :func:`budgeted` may put any rows next to each other whose lengths differ by less than
    :data:`LENGTH_SPREAD`; a row at rank k is then shorter than the k-th longest one by less than
    that. The sizes hold for the longest row that can come, so they depend on the lengths alone.

    Args:
        lengths: (rows,) tokens.
        max_tokens: Rows times longest row of a batch, at most.

    Raises:
        ParameterError: A row alone is longer than ``max_tokens``.
    """
    if not len(lengths):
        return []
    longest = int(lengths.max())
    if longest > max_tokens:
        raise ParameterError(
            f"train.max_tokens_per_batch is {max_tokens}, but the longest row has {longest} "
            f"tokens. Set it to {longest} or more, or lower the input form's max_length."
        )
    most = np.minimum(np.sort(lengths)[::-1] + LENGTH_SPREAD - 1, longest)
    sizes: list[int] = []
    start = 0
    while start < len(most):
        sizes.append(min(max_tokens // int(most[start]), len(most) - start))
        start += sizes[-1]
    return sizes


def split_largest(sizes: list[int], number: int) -> list[int]:
    """Return sizes of ``number`` batches, made by halving the largest ones (the first of equals).

    Example:
        ``[2, 5, 4]`` in 5 batches is ``[2, 2, 3, 2, 2]``.
    """
    sizes = list(sizes)
    while len(sizes) < number:
        at = int(np.argmax(sizes))
        sizes[at : at + 1] = [sizes[at] // 2, sizes[at] - sizes[at] // 2]
    return sizes


def budgeted(
    lengths: NDArray[np.integer], sizes: list[int], random: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Return the row numbers of batches of given sizes, that of the longest rows first.

    Args:
        lengths: (rows,) tokens.
        sizes: From :func:`budget_sizes`.
        random: Decides which rows of like length meet, and the order of the batches.
    """
    taken_for = lengths + random.uniform(0, LENGTH_SPREAD, len(lengths))
    first, *others = np.split(np.argsort(-taken_for), np.cumsum(sizes)[:-1])
    return [first, *(others[i] for i in random.permutation(len(others)))]
