"""When estimates of one label distribution are said to disagree."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye.errors import DataError
from gwangye.evaluation.shift.label_shares import ShareEstimate, contradictions

LABELS = ("no_relation", "per:title", "org:product")


def estimate(method: str, *intervals: tuple[float, float], **options: object) -> ShareEstimate:
    low, high = np.array(intervals).T
    return ShareEstimate(method, LABELS, (low + high) / 2, low, high, **options)


def test_estimates_whose_intervals_overlap_agree() -> None:
    pair = [
        estimate("em", (0.5, 0.6), (0.2, 0.3), (0.0, 0.0)),
        # apart by .004 in org:product, which moves no score
        estimate("bbse_soft", (0.6, 0.7), (0.1, 0.2), (0.004, 0.1)),
    ]
    assert contradictions(pair) == []
    assert contradictions(pair, tolerance=0.003) == [
        "the intervals of em and bbse_soft are 0.4 points apart on org:product"
    ]


def test_each_two_that_part_are_named_with_their_widest_gap() -> None:
    found = contradictions(
        [
            estimate("em", (0.40, 0.45), (0.20, 0.30), (0.1, 0.2)),
            estimate("bbse_soft", (0.74, 0.84), (0.19, 0.25), (0.0, 0.05)),
            estimate("sheet", (0.52, 0.66), (0.20, 0.30), (0.1, 0.2)),
        ]
    )
    assert found == [
        "the intervals of em and bbse_soft are 29.0 points apart on no_relation",
        "the intervals of em and sheet are 7.0 points apart on no_relation",
        "the intervals of bbse_soft and sheet are 8.0 points apart on no_relation",
    ]


def test_estimates_that_know_nothing_are_named() -> None:
    sound = estimate("em", (0.5, 0.6), (0.2, 0.3), (0.0, 0.1))
    for unsound in (
        estimate("bbse_hard", (0.5, 0.6), (0.2, 0.3), (0.0, 0.1), condition=31.0),
        estimate("bbse_hard", (0.5, 0.6), (0.2, 0.3), (0.0, 0.1), converged=False),
    ):
        assert contradictions([sound, unsound]) == ["bbse_hard does not tell the relations apart"]


def test_condition_index_of_30_is_the_limit() -> None:
    nothing = [(0.0, 1.0)] * 3
    assert estimate("em", *nothing, condition=30.0).identified
    assert not estimate("em", *nothing, condition=30.1).identified


def test_table_and_target() -> None:
    found = estimate("em", (0.5, 0.7), (0.2, 0.4), (0.1, 0.1))
    assert found.target == pytest.approx({"no_relation": 0.6, "per:title": 0.3, "org:product": 0.1})
    table = found.table()
    assert list(table.columns) == ["relation", "method", "share", "low", "high"]
    assert table["relation"].tolist() == list(LABELS)
    assert table["method"].tolist() == ["em"] * 3
    assert table["low"].tolist() == [0.5, 0.2, 0.1]
    assert table["high"].tolist() == [0.7, 0.4, 0.1]


def test_comparing_needs_two_of_the_same_relations() -> None:
    one = estimate("em", (0, 1), (0, 1), (0, 1))
    with pytest.raises(DataError, match="at least two estimates, got 1"):
        contradictions([one])
    other = ShareEstimate("sheet", LABELS[:2], *np.zeros((3, 2)))
    with pytest.raises(DataError, match="'em' and 'sheet' are of different relations"):
        contradictions([one, other])
