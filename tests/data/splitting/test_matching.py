from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gwangye.data.splitting.matching import draw_matched, read_target
from gwangye.errors import ParameterError


def draw(
    groups: list[int],
    labels: list[Any],
    target: dict[str, float],
    num_folds: int = 2,
    **options: Any,
) -> np.ndarray:
    options = {"tolerance": 0.0, "seed": 0} | options
    return draw_matched(np.array(groups), labels, target, num_folds, **options)


def by_fold(folds: np.ndarray, labels: list[Any]) -> dict[int, dict[Any, int]]:
    return {
        fold: dict(Counter(label for label, f in zip(labels, folds, strict=True) if f == fold))
        for fold in sorted(set(folds.tolist()))
    }


def test_folds_are_as_large_as_the_supply_allows() -> None:
    # 14 rows would need 8 of a and 6 of b; there are 5 of b for each fold
    labels = ["a"] * 30 + ["b"] * 10
    folds = draw(list(range(40)), labels, {"a": 0.6, "b": 0.4})
    assert by_fold(folds, labels) == {-1: {"a": 14}, 0: {"a": 8, "b": 5}, 1: {"a": 8, "b": 5}}


def test_the_largest_size_is_found_among_many() -> None:
    # 127 rows would want 50.8 of b: 51, and there are 50 for each fold
    labels = ["a"] * 300 + ["b"] * 100
    folds = draw(list(range(400)), labels, {"a": 0.6, "b": 0.4})
    assert by_fold(folds, labels)[0] == by_fold(folds, labels)[1] == {"a": 76, "b": 50}


def test_folds_are_no_larger_than_an_even_part_of_the_rows() -> None:
    """A third of 14 rows is 4, though with 2 of 6 missing each, folds of 5 could be made."""
    labels = ["a"] * 7 + ["b"] * 7
    for tolerance in (0.0, 0.4):
        folds = draw(list(range(14)), labels, {"a": 0.5, "b": 0.5}, 3, tolerance=tolerance)
        assert [np.sum(folds == fold) for fold in (-1, 0, 1, 2)] == [2, 4, 4, 4]


def test_shares_are_rounded_up_where_most_is_cut_off() -> None:
    # 4 rows: 2, 1.2 and 0.8
    labels = ["a"] * 4 + ["b"] * 2 + ["c"] * 2
    folds = draw(list(range(8)), labels, {"a": 0.5, "b": 0.3, "c": 0.2})
    assert by_fold(folds, labels)[0] == {"a": 2, "b": 1, "c": 1}


def test_tolerance_makes_folds_larger() -> None:
    # 4 of b: 9 rows want 5 and 4, of which 2 are missing (at most 2.25); of 10, 3 would be
    labels = ["a"] * 16 + ["b"] * 4
    rows = list(range(20))
    assert by_fold(draw(rows, labels, {"a": 0.5, "b": 0.5}), labels)[0] == {"a": 3, "b": 2}
    folds = draw(rows, labels, {"a": 0.5, "b": 0.5}, tolerance=0.25)
    assert by_fold(folds, labels) == {-1: {"a": 6}, 0: {"a": 5, "b": 2}, 1: {"a": 5, "b": 2}}


def test_what_is_missing_is_spread_over_the_folds() -> None:
    # 4 of b for 3 folds of 6, which want 2 each
    labels = ["a"] * 14 + ["b"] * 4
    folds = draw(list(range(18)), labels, {"a": 2 / 3, "b": 1 / 3}, 3, tolerance=0.2)
    assert sorted(np.bincount(folds[-4:]).tolist()) == [1, 1, 2]


def test_single_rows_go_to_the_fold_that_lacks_most() -> None:
    """Folds of 5 want 3 of a and 2 of b; one has its first b in a pair, so the other gets the b."""
    labels = ["a", "b", "b"] + ["a"] * 7
    folds = draw([0, 0, *range(1, 9)], labels, {"a": 0.5, "b": 0.5}, tolerance=0.2)
    assert by_fold(folds, labels) == {-1: {"a": 2}, 0: {"a": 3, "b": 1}, 1: {"a": 3, "b": 1}}


def test_groups_stay_whole_and_go_where_there_is_room() -> None:
    """The group of 5 of a is too large: folds of 7 rows would need it, folds of 6 do not."""
    labels = ["a"] * 5 + ["a", "a", "b"] * 2 + ["a", "a", "b", "b", "b", "b"] + ["a", "b"]
    groups = [0] * 5 + [1] * 3 + [2] * 3 + [3, 4, 5, 6, 7, 8] + [9, 9]
    folds = draw(groups, labels, {"a": 0.5, "b": 0.5})
    assert folds[:5].tolist() == [-1] * 5
    assert len(set(zip(groups, folds.tolist(), strict=True))) == 10
    assert by_fold(folds, labels) == {
        -1: {"a": 6, "b": 1},
        0: {"a": 3, "b": 3},
        1: {"a": 3, "b": 3},
    }


def test_groups_of_scarce_labels_come_first() -> None:
    # b is scarce. The pairs (a, b) must be placed before those of (a, a) take the room for a.
    labels = ["a", "a"] * 6 + ["a", "b"] * 4
    groups = np.repeat(np.arange(10), 2).tolist()
    for seed in range(5):
        folds = draw(groups, labels, {"a": 0.5, "b": 0.5}, seed=seed)
        assert by_fold(folds, labels) == {-1: {"a": 12}, 0: {"a": 2, "b": 2}, 1: {"a": 2, "b": 2}}


def test_sizes_that_do_not_fit_hide_none_that_does() -> None:
    # of pairs (a, b) only folds of 2 or 4 rows can be made; 5, 3 and 1 do not fit
    labels = ["a", "b"] * 5
    folds = draw(np.repeat(np.arange(5), 2).tolist(), labels, {"a": 0.5, "b": 0.5})
    assert by_fold(folds, labels) == {
        -1: {"a": 1, "b": 1},
        0: {"a": 2, "b": 2},
        1: {"a": 2, "b": 2},
    }


def test_labels_outside_the_target_are_never_drawn_nor_what_hangs_on_them() -> None:
    labels = ["a", "a", "a", "a", "c", "a", None, "a", float("nan"), "a"]
    groups = [0, 1, 2, 3, 4, 4, 5, 5, 6, 6]
    folds = draw(groups, labels, {"a": 1.0})
    assert sorted(folds[:4].tolist()) == [0, 0, 1, 1]
    assert folds[4:].tolist() == [-1] * 6


def test_draw_is_decided_by_the_seed() -> None:
    rows, labels = list(range(40)), ["a"] * 30 + ["b"] * 10
    drawn = [draw(rows, labels, {"a": 0.6, "b": 0.4}, seed=seed).tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize("seed", range(5))
def test_folds_of_random_groups_follow_the_target(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.unique(rng.integers(0, 400, 600), return_inverse=True)[1].tolist()
    labels = rng.choice(["a", "b", "c"], 600, p=[0.3, 0.6, 0.1]).tolist()
    folds = draw(groups, labels, {"a": 0.5, "b": 0.3, "c": 0.2}, 4, tolerance=0.02, seed=seed)
    counts = by_fold(folds, labels)
    for fold in range(4):
        size = sum(counts[fold].values())
        assert 50 < size <= 150
        for label, share in (("a", 0.5), ("b", 0.3), ("c", 0.2)):
            assert abs(counts[fold][label] / size - share) < 0.03
    assert len(set(zip(groups, folds.tolist(), strict=True))) == len(set(groups))


def test_label_of_the_target_without_rows_raises() -> None:
    message = (
        r"split.strategy.target: no labelled row has the label 'per:titel' \(2 such labels\). "
        "Did you mean 'per:title'.* Take it out of the target"
    )
    with pytest.raises(ParameterError, match=message):
        draw([0, 1, 2], ["a", "per:title", None], {"per:titel": 0.5, "a": 0.2, "x": 0.3})


def test_target_that_no_group_fits_raises() -> None:
    message = r"split.strategy.target: no 2 folds of these 6 rows can follow the target: .* Lower"
    with pytest.raises(ParameterError, match=message):
        draw([0, 0, 1, 1, 2, 2], ["a", "b"] * 3, {"a": 1.0})


def test_folds_that_cannot_be_made_raise() -> None:
    with pytest.raises(ParameterError, match="4 folds need .* these 3 rows form only 3"):
        draw([0, 1, 2], ["a"] * 3, {"a": 1.0}, 4)


def write(folder: Path, text: str) -> Path:
    path = folder / "target.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ['{"a": 0.75, "b": 0.25, "c": 0}', '\ufeff{"a": 6, "b": 2}'])
def test_target_is_read_as_shares_or_counts(tmp_path: Path, text: str) -> None:
    assert read_target(write(tmp_path, text)) == {"a": 0.75, "b": 0.25}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: 1}", "target.json is not JSON in UTF-8: .* Give a JSON file {label: share or count}"),
        ('["a"]', "target.json holds a list. Give"),
        ('{"a": -1}', "target.json gives 'a' the share -1. Allowed: numbers from 0 up"),
        ('{"b": 1, "a": NaN}', "gives 'a' the share nan"),
        ('{"a": Infinity}', "gives 'a' the share inf"),
        ('{"a": true}', "gives 'a' the share True"),
        ('{"a": "1"}', "gives 'a' the share '1'"),
        ('{"a": 0}', "gives no label a share above 0. Give"),
        ("{}", "gives no label a share above 0. Give"),
    ],
)
def test_what_is_no_target_raises(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=f"^split.strategy.target: .*{message}"):
        read_target(write(tmp_path, text))


def test_target_that_does_not_exist_raises(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="^split.strategy.target: .*none.json does not exist"):
        read_target(tmp_path / "none.json")
