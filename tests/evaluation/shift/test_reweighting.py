"""Raking on tables worked out by hand, and what happens where target and rows do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.evaluation.shift.resampling import resample_counts
from gwangye.evaluation.shift.reweighting import Margin, effective_sample_size, rake


def margins(
    table: Sequence[Sequence[int]], rows: Mapping[str, float], columns: Mapping[str, float]
) -> list[Margin]:
    """Return the margins of a table of counts, cell after cell."""
    cells = [
        (row, column)
        for row, counts in zip(rows, table, strict=True)
        for column, count in zip(columns, counts, strict=True)
        for _ in range(count)
    ]
    return [
        Margin("row", [row for row, _ in cells], rows),
        Margin("column", [column for _, column in cells], columns),
    ]


def test_one_margin_is_plain_reweighting() -> None:
    # a: 2 of 3 rows, to be half: 0.5/(2/3) = 0.75; b: 0.5/(1/3) = 1.5
    raking = rake([Margin("label", ["a", "a", "b"], {"a": 0.5, "b": 0.5})])
    assert raking.weights.tolist() == pytest.approx([0.75, 0.75, 1.5])
    assert raking.dropped == {"label": {}}
    assert raking.removed == {"label": {}}
    assert raking.converged
    # 9 / (2·0.5625 + 2.25)
    assert raking.effective_rows == pytest.approx(2.6667, abs=1e-4)


def test_two_by_two_by_hand() -> None:
    """Raking keeps the odds ratio, 3·4/(1·1) = 12.

    Of tables with margins .7 and .3 on both sides only [[.6, .1], [.1, .2]] has it. In 9 rows:
    .6·9/3 = 1.8, .1·9 = .9, .2·9/4 = .45.
    """
    target = {"x": 0.7, "y": 0.3}
    raking = rake(margins([[3, 1], [1, 4]], target, target))
    expected = [1.8] * 3 + [0.9] * 2 + [0.45] * 4
    assert raking.weights.tolist() == pytest.approx(expected, abs=1e-4)
    assert raking.converged
    assert raking.deviation <= 1e-6


def test_published_four_by_four() -> None:
    """Wikipedia's example of iterative proportional fitting.

    Its table stops some rounds short of the limit: the first row sums to 150.14.
    """
    table = [[40, 30, 20, 10], [35, 50, 100, 75], [30, 80, 70, 120], [20, 30, 40, 50]]
    rows = dict(zip("ABCD", [150, 300, 400, 150], strict=True))
    columns = dict(zip("abcd", [200, 300, 400, 100], strict=True))
    both = margins(table, rows, columns)
    raking = rake(both)
    frame = pd.DataFrame({m.name: m.categories for m in both} | {"weight": raking.weights})
    found = frame.pivot_table("weight", "row", "column", aggfunc="sum")
    published = [
        [64.61, 46.28, 35.42, 3.83],
        [49.95, 68.15, 156.49, 25.37],
        [56.70, 144.40, 145.06, 53.76],
        [28.74, 41.18, 63.03, 17.03],
    ]
    np.testing.assert_allclose(found / len(frame) * 1000, published, atol=0.06)
    np.testing.assert_allclose(found.sum(axis=1) / len(frame), [0.15, 0.3, 0.4, 0.15], atol=1e-6)


def test_only_the_ratios_of_a_target_matter() -> None:
    shares, counts = {"a": 0.2, "b": 0.8}, {"a": 100, "b": 400}
    rows = ["a", "b", "b"]
    expected = [0.6, 1.2, 1.2]  # .2·3; .8·3/2
    assert rake([Margin("label", rows, shares)]).weights.tolist() == pytest.approx(expected)
    assert rake([Margin("label", rows, counts)]).weights.tolist() == pytest.approx(expected)


def test_rows_go_by_position() -> None:
    """A column of a filtered table keeps the index of the whole one."""
    rows = pd.Series(["b", "a", "a"], index=[7, 0, 1])
    pairs = [("PER", "ORG"), ("PER", "ORG"), ("ORG", "DAT")]  # tuples are categories too
    raking = rake(
        [
            Margin("label", rows, {"a": 0.5, "b": 0.5}),
            Margin("pair", pairs, {("PER", "ORG"): 0.75, ("ORG", "DAT"): 0.25}),
        ]
    )
    # b must be half; the third row a quarter: .5, .25, .25 of 3
    assert raking.weights.tolist() == pytest.approx([1.5, 0.75, 0.75])


def test_missing_class_is_dropped_and_reported() -> None:
    target = {"a": 0.6, "b": 0.2, "c": 0.2}
    raking = rake([Margin("label", ["a", "a", "a", "b"], target)])
    assert raking.dropped == {"label": {"c": pytest.approx(0.2)}}
    # the others share its part: .75 and .25, as the rows are
    assert raking.weights.tolist() == pytest.approx([1, 1, 1, 1])
    assert raking.converged
    assert raking.note == "label: 20.0 % of the target is in no row (c)"


def test_rows_the_target_lacks_weigh_nothing() -> None:
    rows = ["a", "b", "zero", "unknown", "unknown"]
    raking = rake([Margin("label", rows, {"a": 1, "b": 3, "zero": 0})])
    assert raking.weights.tolist() == pytest.approx([1.25, 3.75, 0, 0, 0])  # mean 1
    assert raking.removed == {"label": {"zero": 1, "unknown": 2}}
    assert raking.dropped == {"label": {}}
    assert raking.note == "label: rows that the target lacks: 3 (unknown, zero)"


def test_category_whose_rows_another_margin_removes_is_dropped() -> None:
    raking = rake(
        [
            Margin("label", ["a", "a", "b"], {"a": 0.5, "b": 0.5}),
            Margin("type", ["x", "y", "z"], {"x": 0.5, "y": 0.5}),
        ]
    )
    assert raking.removed == {"label": {}, "type": {"z": 1}}
    assert raking.dropped == {"label": {"b": 0.5}, "type": {}}
    assert raking.weights.tolist() == pytest.approx([1.5, 1.5, 0])


def test_margins_that_cannot_both_be_met_are_reported() -> None:
    """Label and type go together in every row, but are to have different shares."""
    raking = rake(
        [
            Margin("label", ["a", "b"], {"a": 0.5, "b": 0.5}),
            Margin("type", ["x", "y"], {"x": 0.9, "y": 0.1}),
        ]
    )
    assert not raking.converged
    assert raking.deviation == pytest.approx(0.4)
    assert raking.weights.tolist() == pytest.approx([1.8, 0.2])  # the last one fits
    assert raking.note == "margins do not fit: off by 40.0 points"


def test_note_names_three_categories_and_is_none_where_all_fits() -> None:
    target = {"a": 0.5, "b": 0.1, "c": 0.05, "d": 0.2, "e": 0.15}
    assert rake([Margin("label", ["a"], target)]).note == (
        "label: 50.0 % of the target is in no row (d, e, b and 1 more)"
    )
    assert rake([Margin("label", ["a"], {"a": 1})]).note is None


FAULTS: dict[str, tuple[list[Margin], str]] = {
    "no margin": ([], "at least one margin"),
    "no row": ([Margin("label", [], {"a": 1})], "no rows to weight. Leave an empty part out"),
    "same name": ([Margin("m", ["a"], {"a": 1})] * 2, "Two margins have the same name: m, m"),
    "lengths": (
        [Margin("m", ["a"], {"a": 1}), Margin("n", ["a", "a"], {"a": 1})],
        r"different numbers of rows: \{'m': 1, 'n': 2\}",
    ),
    "none": ([Margin("m", ["a", None], {"a": 1})], "Row 1 has no category in margin 'm'"),
    "nan": ([Margin("m", [np.nan, "a"], {"a": 1})], "Row 0 has no category in margin 'm'"),
    "negative": ([Margin("m", ["a"], {"a": 2, "b": -1})], "Target of margin 'm': shares must be"),
    "infinite": ([Margin("m", ["a"], {"a": np.inf})], "Target of margin 'm': shares must be"),
    "all 0": ([Margin("m", ["a"], {"a": 0})], "Target of margin 'm': shares must be"),
    "empty target": ([Margin("m", ["a"], {})], "Target of margin 'm': shares must be"),
    "misspelt": (
        [Margin("m", ["A", "B"], {"a": 1, "b": 1}), Margin("n", ["x", "x"], {"x": 1})],
        r"None of the 2 rows has a category of the target in every margin \(m, n\). Check how",
    ),
}


@pytest.mark.parametrize(("faulty", "message"), FAULTS.values(), ids=list(FAULTS))
def test_faults(faulty: list[Margin], message: str) -> None:
    with pytest.raises(DataError, match=message):
        rake(faulty)


def test_each_resample_is_raked_as_if_its_rows_were_written_out() -> None:
    target = {"x": 0.7, "y": 0.3, "unseen": 0.2}
    both = [
        Margin("label", [*"xxxyyxyx", "removed"], target),
        Margin("type", [*"ppqppqqr", "p"], {"p": 0.2, "q": 0.5, "r": 0.3}),
    ]
    [counts] = resample_counts(9, 30, seed=0)
    weights = rake(both).again(counts)
    lacks_r = compared = 0
    for drawn, found in zip(counts.T.astype(int), weights.T, strict=True):
        rows = np.repeat(np.arange(9), drawn)
        written_out = rake(
            [Margin(m.name, [m.categories[i] for i in rows], m.target) for m in both]
        )
        if not written_out.converged:
            continue
        compared, lacks_r = compared + 1, lacks_r + int(drawn[7] == 0)
        expected = np.bincount(rows, weights=written_out.weights, minlength=9)
        np.testing.assert_allclose(found, expected, atol=2e-3)
        assert found.sum() == pytest.approx(9)
    assert compared > 15
    assert lacks_r > 3  # a category that all rows have, but some resamples do not


def test_a_resample_without_known_rows_weighs_nothing() -> None:
    raking = rake([Margin("label", ["a", "removed"], {"a": 1})])
    assert raking.again(np.array([[0.0, 1.0], [2.0, 1.0]])).tolist() == [[0.0, 2.0], [0.0, 0.0]]


def test_effective_sample_size() -> None:
    assert effective_sample_size(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)
    assert effective_sample_size(np.full(50, 0.3)) == pytest.approx(50)
    assert effective_sample_size(np.array([5.0, 0.0, 0.0])) == pytest.approx(1)
    assert effective_sample_size(np.zeros(3)) == 0.0
    assert effective_sample_size(np.zeros(0)) == 0.0
