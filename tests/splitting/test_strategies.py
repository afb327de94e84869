from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import ParameterError
from gwangye.splitting import STRATEGIES

Table = Callable[..., pd.DataFrame]

ROWS = [
    ("가", "나리", "가온", "t"),
    ("가", "한별", "도담", "t"),  # the sentence of row 0
    ("나", "가온", "나리", "t"),  # the pair of row 0, roles exchanged
    ("다", "나리", "새봄", "t"),  # the subject of row 0
    ("라", "솔빛", "한별", "t"),  # the subject of row 1, but as its object
]


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("random", [0, 1, 2, 3, 4]),
        ("stratified", [0, 1, 2, 3, 4]),
        ("sentence", [0, 0, 1, 2, 3]),
        ("entity_pair", [0, 0, 0, 1, 2]),
        ("subject", [0, 0, 0, 0, 1]),
    ],
)
def test_groups_of_strategy(table: Table, name: str, groups: list[int]) -> None:
    assert STRATEGIES[name]().groups(table(ROWS)).tolist() == groups


def test_every_strategy_is_in_the_table_above() -> None:
    assert sorted(STRATEGIES) == ["entity_pair", "random", "sentence", "stratified", "subject"]


@pytest.mark.parametrize("name", ["random", "stratified", "sentence", "entity_pair", "subject"])
def test_assign_fills_every_fold_and_parts_no_group(table: Table, name: str) -> None:
    rows = [(f"s{i // 2}", f"a{i // 3}", f"b{i // 3}", "tu"[i % 2]) for i in range(0, 24)]
    frame = table(rows)
    strategy = STRATEGIES[name]()
    fold = strategy.assign(frame, 3, 0)
    assert fold.dtype == np.int64
    assert sorted(set(fold.tolist())) == [0, 1, 2]
    folds_by_group = pd.Series(fold).groupby(strategy.groups(frame)).nunique()
    assert set(folds_by_group) == {1}
    assert fold.tolist() == strategy.assign(frame, 3, 0).tolist()


def test_stratified_assign_spreads_labels_and_random_does_not(table: Table) -> None:
    frame = table([(str(i), f"a{i}", f"b{i}", "t" if i < 10 else "u") for i in range(100)])
    stratified = STRATEGIES["stratified"]().assign(frame, 10, 0)
    assert np.bincount(stratified[:10]).tolist() == [1] * 10
    drawn = STRATEGIES["random"]().assign(frame, 10, 0)
    assert np.bincount(drawn).tolist() == [10] * 10
    assert np.bincount(drawn[:10], minlength=10).tolist() != [1] * 10


def test_assign_with_more_folds_than_groups_raises(table: Table) -> None:
    with pytest.raises(ParameterError, match="these 5 rows form only 2"):
        STRATEGIES["subject"]().assign(table(ROWS), 3, 0)


def test_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"'entity_pairs' is unknown. Did you mean 'entity_pa"):
        STRATEGIES.build({"name": "entity_pairs"}, "split.strategy")
