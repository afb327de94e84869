from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gwangye.errors import ParameterError
from gwangye.training import grouping
from gwangye.training.grouping import (
    LengthGroupedSampler,
    TokenBudgetSampler,
    budget_sizes,
    grouped,
    split_largest,
)


class Rows:
    """A dataset of which only the lengths matter: those of its first epoch, of its second, ..."""

    def __init__(self, *epochs: list[int]) -> None:
        self.epochs = [SimpleNamespace(lengths=np.array(lengths)) for lengths in epochs]
        self.table = self.epochs[0]

    def all_lengths(self, num_epochs: int) -> list[Any]:
        return [table.lengths for table in self.epochs[:num_epochs]]

    def __len__(self) -> int:
        return len(self.table.lengths)


def batches(lengths: list[int], size: int, seed: int = 0) -> list[list[int]]:
    order = grouped(np.array(lengths), size, np.random.default_rng(seed)).tolist()
    assert sorted(order) == list(range(len(lengths)))
    return [order[start : start + size] for start in range(0, len(order), size)]


def test_rows_of_like_length_are_together() -> None:
    lengths = [9, 1, 5, 5, 9, 1, 5, 5]
    found = batches(lengths, 2)
    assert sorted(sorted(lengths[row] for row in batch) for batch in found) == [
        [1, 1], [5, 5], [5, 5], [9, 9]
    ]  # fmt: skip
    assert sorted(found[0]) == [0, 4]  # the longest first


def test_batches_come_in_another_order_for_another_seed() -> None:
    lengths = list(range(40))
    orders = [batches(lengths, 4, seed) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    longest = [max(lengths[row] for row in batch) for batch in orders[0]]
    assert longest[0] == 39
    assert longest != sorted(longest, reverse=True)


def test_rows_that_are_left_over_come_last() -> None:
    found = batches([3, 1, 3, 1, 2], 2)
    assert [len(batch) for batch in found] == [2, 2, 1]


def test_fewer_rows_than_a_batch() -> None:
    assert [len(batch) for batch in batches([3, 1, 2], 16)] == [3]
    assert batches([], 16) == []


def test_rows_are_sorted_within_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With blocks of one batch of two, rows meet at random: not all pairs are of like length."""
    lengths = [1] * 50 + [9] * 50
    assert all(len({lengths[row] for row in batch}) == 1 for batch in batches(lengths, 2))
    monkeypatch.setattr(grouping, "BATCHES_PER_BLOCK", 1)
    mixed = sum(len({lengths[row] for row in batch}) == 2 for batch in batches(lengths, 2))
    assert 15 < mixed < 35


def test_order_is_of_seed_and_epoch_and_of_the_epochs_rows() -> None:
    dataset = Rows([1, 2] * 8)
    sampler = LengthGroupedSampler(dataset, 2, seed=1)
    assert len(sampler) == 16
    first, again = list(sampler), list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert first == again != second
    assert sorted(second) == list(range(16))
    dataset.table = Rows([2, 1] * 8).table
    assert {row % 2 for row in list(sampler)[:2]} == {0}


def test_budget_sizes_by_hand() -> None:
    """12 tokens; a row may stand beside one that is a token longer, but for the longest of all."""
    # 6 twice; then 3 rows taken for 4 tokens each; 2 taken for 3 each
    assert budget_sizes(np.array([3, 6, 3, 2, 6, 3, 2]), 12) == [2, 3, 2]
    assert budget_sizes(np.array([5]), 5) == [1]
    assert budget_sizes(np.array([], dtype=int), 5) == []


def test_split_largest() -> None:
    assert split_largest([2, 5, 4], 3) == [2, 5, 4]
    assert split_largest([2, 5, 4], 5) == [2, 2, 3, 2, 2]


@pytest.mark.parametrize("budget", [60, 61, 100, 1000, 10_000])
def test_no_batch_passes_the_budget_and_each_row_comes_once(budget: int) -> None:
    lengths = np.random.default_rng(0).integers(5, 61, 500)
    sampler = TokenBudgetSampler(Rows(lengths.tolist()), budget, seed=1, num_epochs=3)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler)
        assert sorted(row for batch in batches for row in batch) == list(range(500))
        assert max(len(batch) * lengths[batch].max() for batch in batches) <= budget
        assert lengths[batches[0]].max() >= lengths.max() - 1


def test_budget_is_used_and_rows_are_of_like_length() -> None:
    lengths = np.random.default_rng(0).integers(20, 61, 5000)
    sampler = TokenBudgetSampler(Rows(lengths.tolist()), 1000, seed=1, num_epochs=1)
    padded = [len(batch) * lengths[batch].max() for batch in sampler]
    assert np.mean(padded) > 940
    assert sum(padded) < 1.02 * lengths.sum()


def test_token_batches_are_of_seed_and_epoch() -> None:
    lengths = np.random.default_rng(0).integers(20, 61, 200).tolist()
    first, again, other = (
        TokenBudgetSampler(Rows(lengths), 300, seed, num_epochs=2) for seed in (1, 1, 2)
    )
    assert list(first) == list(first) == list(again) != list(other)
    again.set_epoch(1)
    second = list(again)
    assert second != list(first)
    # other rows meet, and not only in another order
    assert len({frozenset(b) for b in second} & {frozenset(b) for b in first}) < len(first) / 4


def test_every_epoch_has_the_batches_of_the_one_that_needs_most() -> None:
    dataset = Rows([2] * 8, [4] * 8, [4] * 7 + [8])
    sampler = TokenBudgetSampler(dataset, 8, seed=0, num_epochs=2)
    assert len(sampler) == 4  # two rows of four tokens each
    for table in dataset.epochs[:2]:
        dataset.table = table
        assert sorted(len(batch) for batch in sampler) == [2, 2, 2, 2]
    assert len(TokenBudgetSampler(dataset, 8, seed=0, num_epochs=1)) == 2


def test_a_row_longer_than_the_budget() -> None:
    with pytest.raises(
        ParameterError, match="max_tokens_per_batch is 8, but the longest row has 9 tokens. Set it"
    ):
        TokenBudgetSampler(Rows([3], [9]), 8, seed=0, num_epochs=2)
