from __future__ import annotations

import numpy as np

from gwangye.prediction.probabilities import batches_by_tokens


def test_batches_are_longest_first_and_within_the_budget() -> None:
    lengths = np.array([3, 8, 2, 4, 8, 1])
    batches = [batch.tolist() for batch in batches_by_tokens(lengths, 16)]
    # 8+8 fills 16; then 4 per row: 4 rows fit
    assert batches == [[1, 4], [3, 0, 2, 5]]


def test_row_over_the_budget_is_a_batch_of_its_own() -> None:
    lengths = np.array([100, 5])
    assert [batch.tolist() for batch in batches_by_tokens(lengths, 10)] == [[0], [1]]


def test_no_rows_make_no_batch() -> None:
    assert list(batches_by_tokens(np.array([], dtype=np.int64), 10)) == []
