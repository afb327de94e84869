from __future__ import annotations

import numpy as np
import pytest

from gwangye.inputs.tokens.tokenising import keep_around

# [CLS] a b E c d e F g [SEP]: E is token 3, F token 7
ONE_EACH = "-cccccccc-"
# [CLS] [E1] E E [/E1] a b c d F [SEP] q q [SEP]: subject at the start with markers, then a query
WITH_QUERY = "-ccccccccc----"


def keep(context: str, entities: list[tuple[int, int]], max_length: int) -> list[int] | None:
    is_context = np.array([char == "c" for char in context])
    kept = keep_around(is_context, entities, max_length)
    return None if kept is None else kept.tolist()


@pytest.mark.parametrize(
    ("max_length", "expected"),
    [
        (10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (9, [0, 2, 3, 4, 5, 6, 7, 8, 9]),  # a is farthest
        (8, [0, 2, 3, 4, 5, 6, 7, 9]),  # b and g are as near, g is later
        (7, [0, 3, 4, 5, 6, 7, 9]),  # nothing outside is left
        (6, [0, 3, 4, 6, 7, 9]),  # d is farthest in the middle
        (5, [0, 3, 4, 7, 9]),  # c and e are as near, e is later
        (4, [0, 3, 7, 9]),
        (3, None),
    ],
)
def test_outside_goes_before_the_middle(max_length: int, expected: list[int] | None) -> None:
    assert keep(ONE_EACH, [(3, 4), (7, 8)], max_length) == expected
    # the order of subject and object in the sentence does not matter
    assert keep(ONE_EACH, [(7, 8), (3, 4)], max_length) == expected


@pytest.mark.parametrize(
    ("max_length", "expected"),
    [
        (13, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]),  # b and c are as near, c is later
        (11, [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13]),
        (10, [0, 1, 2, 3, 4, 9, 10, 11, 12, 13]),
        (9, None),
    ],
)
def test_markers_and_query_stay(max_length: int, expected: list[int] | None) -> None:
    assert keep(WITH_QUERY, [(1, 5), (9, 10)], max_length) == expected


def test_entities_without_a_middle() -> None:
    # [CLS] a b E F c d [SEP]
    assert keep("-cccccc-", [(3, 4), (4, 5)], 6) == [0, 2, 3, 4, 5, 7]


def test_entities_that_share_a_token() -> None:
    # [CLS] a b X c [SEP], both entities in token 3
    assert keep("-cccc-", [(3, 4), (3, 4)], 4) == [0, 2, 3, 5]
