"""Which rows are drawn how often, and what an interval is of."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift.resampling import BLOCK, basic_limits, percentiles, resample_counts


def counts(*args: object, **options: object) -> np.ndarray:
    return np.hstack(list(resample_counts(*args, **options)))


def test_a_resample_draws_as_many_rows_as_there_are() -> None:
    drawn = counts(7, 40, seed=0)
    assert drawn.shape == (7, 40)
    assert (drawn.sum(axis=0) == 7).all()
    # with replacement: some row is drawn twice, another never
    assert drawn.max() > 1
    assert drawn.min() == 0


def test_every_row_is_as_likely() -> None:
    # of 20,000 resamples of 3 rows, a row's mean count has sd sqrt(3·1/3·2/3 / 20000) = 0.006
    assert counts(3, 20_000, seed=1).mean(axis=1) == pytest.approx([1, 1, 1], abs=0.024)


def test_draws_are_decided_by_the_seed_and_not_by_the_blocks() -> None:
    many = counts(5, BLOCK + 10, seed=3)
    assert many.shape[1] == BLOCK + 10
    np.testing.assert_array_equal(many, counts(5, BLOCK + 10, seed=3))
    np.testing.assert_array_equal(many[:, :20], counts(5, 20, seed=3))
    assert not np.array_equal(many[:, :20], counts(5, 20, seed=4))


def test_wrong_numbers_raise() -> None:
    with pytest.raises(ParameterError, match="resamples: 0 is not allowed; give at least 1"):
        resample_counts(3, 0, seed=0)
    with pytest.raises(DataError, match="no rows to resample. Leave an empty part out"):
        resample_counts(0, 10, seed=0)


def test_percentiles() -> None:
    # 0, 1 … 1000: 2.5 % and 97.5 % of the way; the second column is a constant
    replicates = np.stack([np.arange(1001.0), np.full(1001, 7.0)], axis=1)
    np.testing.assert_allclose(percentiles(replicates), [[25, 7], [975, 7]])


def test_basic_limits_are_mirrored_at_the_value() -> None:
    # 400 − 975 + 400 and 400 − 25 + 400
    assert basic_limits(400.0, np.arange(1001.0)).tolist() == pytest.approx([-175.0, 775.0])
