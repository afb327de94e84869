from __future__ import annotations

import numpy as np
import pytest

from gwangye.features.cutting import keep_around

# [CLS] a b E c d e F g [SEP]: indices 0–9, entities at 3 and 7
CONTEXT = np.array([False] + [True] * 8 + [False])
ENTITIES = [(3, 4), (7, 8)]

CASES = [
    (9, [0, 2, 3, 4, 5, 6, 7, 8, 9]),  # a, the farthest outside, goes first
    (8, [0, 2, 3, 4, 5, 6, 7, 9]),  # of b and g, equally near, the earlier stays
    (6, [0, 3, 4, 6, 7, 9]),  # between the entities d, the farthest, goes first
    (4, [0, 3, 7, 9]),
]


@pytest.mark.parametrize(("max_length", "kept"), CASES)
def test_nearest_context_stays(max_length: int, kept: list[int]) -> None:
    result = keep_around(CONTEXT, ENTITIES, max_length)
    assert result is not None
    assert result.tolist() == kept


def test_short_row_stays_whole() -> None:
    result = keep_around(CONTEXT, ENTITIES, 10)
    assert result is not None
    assert result.tolist() == list(range(10))


def test_what_must_stay_is_too_long() -> None:
    assert keep_around(CONTEXT, ENTITIES, 3) is None


def test_query_and_special_tokens_always_stay() -> None:
    # [CLS] q q [SEP] x x E F x [SEP]
    context = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 0], dtype=bool)
    result = keep_around(context, [(6, 7), (7, 8)], 7)
    assert result is not None
    assert result.tolist() == [0, 1, 2, 3, 6, 7, 9]
