from __future__ import annotations

import numpy as np
import pytest

from gwangye.data.splitting.groups import codes, connected, deal, linked
from gwangye.errors import ParameterError


def test_codes_number_values_as_they_come() -> None:
    assert codes(["나", "가", "나", None]).tolist() == [0, 1, 0, 2]


def test_connected_follows_edges_from_node_to_node() -> None:
    # 0-3, 3-4; 1 alone; 2-5, twice
    component = connected(np.array([0, 4, 2, 5]), np.array([3, 3, 5, 2]), 6)
    assert codes(component.tolist()).tolist() == [0, 1, 2, 0, 0, 2]


def test_linked_follows_chains_over_all_keys() -> None:
    # rows 0-1 by the first key, 1-2 by the second; and 2-3 by a third, through both
    first = np.array([0, 0, 1, 2, 3])
    second = np.array([0, 1, 1, 2, 3])
    third = np.array([0, 1, 2, 2, 3])
    assert linked(first, second).tolist() == [0, 0, 0, 1, 2]
    assert linked(linked(first, second), third).tolist() == [0, 0, 0, 0, 1]


def test_deal_gives_each_fold_its_share_of_each_label() -> None:
    labels = ["가"] * 6 + ["나"] * 3 + ["다"] * 9
    fold = deal(np.arange(18), labels, num_folds=3, seed=0)
    assert np.bincount(fold[:6]).tolist() == [2, 2, 2]
    assert np.bincount(fold[6:9]).tolist() == [1, 1, 1]
    assert np.bincount(fold[9:]).tolist() == [3, 3, 3]


def test_deal_keeps_groups_whole_and_balances_around_a_large_one() -> None:
    # One group of 4 and eight single rows, all of one label: 4, 4 and 4.
    groups = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    fold = deal(groups, ["가"] * 12, num_folds=3, seed=0)
    assert len(set(fold[:4].tolist())) == 1
    assert np.bincount(fold).tolist() == [4, 4, 4]


def test_deal_gives_group_of_two_labels_where_both_lack() -> None:
    # The group of 3 fills a fold with both labels; the pairs (가, 나) go to the other fold.
    groups = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    labels = ["가", "가", "나", "나", "가", "나", "가", "나"]
    fold = deal(groups, labels, num_folds=2, seed=3)
    assert (fold[4:] == 1 - fold[0]).all()


def test_deal_heeds_a_rare_label_more_than_a_frequent_one() -> None:
    # 나 stands 11 times, 가 twice. The third group finds 6 나 in one fold, 4 나 and a 가 in the
    # other: it must go to the first, or both 가 are in one fold.
    groups = np.array([0] * 6 + [1] * 5 + [2] * 2)
    labels = ["나"] * 6 + ["나"] * 4 + ["가"] + ["나", "가"]
    fold = deal(groups, labels, num_folds=2, seed=0)
    assert fold[0] != fold[6]
    assert fold[11] == fold[0]


def test_deal_spreads_rows_without_a_label_as_one_label() -> None:
    labels = [None, float("nan"), float("nan"), None, float("nan"), float("nan")] + ["가"] * 12
    for seed in range(5):
        fold = deal(np.arange(18), labels, num_folds=3, seed=seed)
        assert np.bincount(fold[:6]).tolist() == [2, 2, 2]


def test_deal_is_decided_by_the_seed() -> None:
    draws = [deal(np.arange(40), ["가"] * 40, 4, seed).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


@pytest.mark.parametrize("labels", [["가", "나", "다", "라"], [None, None, float("nan"), "가"]])
def test_deal_with_rare_or_missing_labels_leaves_no_fold_empty(labels: list[object]) -> None:
    fold = deal(np.arange(4), labels, num_folds=4, seed=0)
    assert sorted(fold.tolist()) == [0, 1, 2, 3]


def test_deal_with_fewer_groups_than_folds_raises() -> None:
    message = "3 folds need at least as many groups .* these 4 rows form only 2. Lower"
    with pytest.raises(ParameterError, match=message):
        deal(np.array([0, 0, 1, 1]), ["가"] * 4, num_folds=3, seed=0)


def test_deal_of_no_rows_raises() -> None:
    with pytest.raises(ParameterError, match="these 0 rows form only 0"):
        deal(np.array([], dtype=np.int64), [], num_folds=2, seed=0)
