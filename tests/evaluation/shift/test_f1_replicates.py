from __future__ import annotations

import numpy as np
import pytest

from gwangye.evaluation.shift.f1_replicates import (
    defined_limits,
    f1_replicates,
    micro_counts,
    relation_counts,
)

# title right; title for none; none for title; product for title
TRUE, PREDICTED = np.array([1, 0, 1, 1]), np.array([1, 1, 0, 2])
ALL = np.ones((4, 1))


def test_micro_f1_of_all_rows_and_of_groups() -> None:
    # TP 1, FP 2 (title, product), FN 2 (title twice): 2 / 6
    assert micro_counts(TRUE, PREDICTED, 0).f1(ALL) == pytest.approx(np.array([[100 / 3]]))
    # rows 0 and 1: TP 1, FP 1: 2 / 3; rows 2 and 3: nothing right; no row in the third
    groups = micro_counts(TRUE, PREDICTED, 0, np.array([0, 0, 1, 1]), 3)
    assert groups.f1(ALL)[:, 0] == pytest.approx([200 / 3, 0, np.nan], nan_ok=True)
    # grouped in two ways at once
    both = micro_counts(TRUE, PREDICTED, 0, np.array([[0, 0, 1, 1], [2, 2, 2, 2]]), 3)
    assert both.f1(ALL)[:, 0] == pytest.approx([200 / 3, 0, 100 / 3])


def test_without_a_negative_label_micro_f1_is_accuracy() -> None:
    assert micro_counts(TRUE, PREDICTED, -1).f1(ALL) == pytest.approx(np.array([[25.0]]))


def test_f1_of_relations_and_weights() -> None:
    counts = relation_counts(TRUE, PREDICTED, 3)
    # none: FP 1, FN 1; title: TP 1, FP 1, FN 2: 2 / 5; product: FP 1
    assert counts.f1(ALL)[:, 0] == pytest.approx([0, 40, 0])
    # the first row three times, the last one not: title 6 / (6 + 1 + 1); product 0/0
    weights = np.array([[3.0], [1.0], [1.0], [0.0]])
    assert counts.f1(weights)[:, 0] == pytest.approx([0, 75, np.nan], nan_ok=True)


def test_blocks_follow_each_other() -> None:
    counts = micro_counts(TRUE, PREDICTED, 0)
    only_first = np.array([[1.0], [0.0], [0.0], [0.0]])
    blocks = [np.hstack([ALL, only_first]), only_first]
    assert f1_replicates(counts, blocks)[:, 0] == pytest.approx([100 / 3, 100, 100])


def test_limits_of_what_is_defined() -> None:
    undefined = np.nan
    replicates = np.array([[0.0, 50, undefined], [undefined, 50, undefined], [100, 50, undefined]])
    low, high = defined_limits(replicates)
    # of 0 and 100: 2.5 and 97.5; no spread; never defined
    assert low == pytest.approx([2.5, np.nan, np.nan], nan_ok=True)
    assert high == pytest.approx([97.5, np.nan, np.nan], nan_ok=True)
