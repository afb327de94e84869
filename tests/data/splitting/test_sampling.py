from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from gwangye.data.splitting import sample_rows
from gwangye.errors import ParameterError

Table = Callable[..., pd.DataFrame]


@pytest.fixture
def frame(table: Table) -> pd.DataFrame:
    """Sixteen rows: 10 of label t, 5 of u, 1 without a label."""
    labels = ["t"] * 10 + ["u"] * 5 + [None]
    return table([(str(i), "나리", "가온", label) for i, label in enumerate(labels)])


def test_sample_rows_keeps_shares_and_order(frame: pd.DataFrame) -> None:
    sample = sample_rows(frame, 7, seed=0)
    # i/10 for t: 0 .1 .2 .3; i/5 for u: 0 .2; i/1 for none: 0; the 7 smallest are all of <= .3
    assert sample["label"].fillna("none").tolist() == ["t"] * 4 + ["u"] * 2 + ["none"]
    assert sample["sentence"].astype(int).is_monotonic_increasing
    assert sample.index.tolist() == list(range(7))


def test_sample_rows_is_decided_by_the_seed(frame: pd.DataFrame) -> None:
    drawn = [sample_rows(frame, 7, seed)["guid"].tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize("n", [16, 100])
def test_sample_rows_with_enough_gives_all(frame: pd.DataFrame, n: int) -> None:
    assert sample_rows(frame, n, seed=0).equals(frame)


def test_sample_rows_of_none_raises(frame: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match=r"data.max_train_examples: 0 is not allowed"):
        sample_rows(frame, 0, seed=0)
