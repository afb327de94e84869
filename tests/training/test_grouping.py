from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from gwangye.training import grouping
from gwangye.training.grouping import LengthGroupedSampler, grouped


class Rows:
    """A dataset of which only the lengths matter."""

    def __init__(self, lengths: list[int]) -> None:
        self.table = SimpleNamespace(lengths=np.array(lengths))

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
