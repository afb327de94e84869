"""The sheet of rows to label by hand, and published Wilson intervals."""

from __future__ import annotations

import pandas as pd
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.shift.labelling import labelling_sheet, shares_from_sheet, wilson

LABELS = ["no_relation", "per:title", "org:product"]


@pytest.fixture
def frame() -> pd.DataFrame:
    """Fifty labelled rows with more columns than a sheet has, and an index of their own."""
    numbers = range(50)
    return pd.DataFrame(
        {
            "guid": [f"row-{i}" for i in numbers],
            "label": ["per:title"] * 50,
            "sentence": [f"가온은 {i}번째 대표이다." for i in numbers],
            "subject_word": ["가온"] * 50,
            "subject_start": [0] * 50,
            "object_word": [f"{i}번째" for i in numbers],
        },
        index=[i + 100 for i in numbers],
    )


def test_sheet_holds_drawn_rows_and_no_labels(frame: pd.DataFrame) -> None:
    sheet = labelling_sheet(frame, 20, seed=0)
    assert list(sheet.columns) == ["guid", "sentence", "subject_word", "object_word", "label"]
    assert sheet["label"].tolist() == [""] * 20
    assert sheet["guid"].nunique() == 20
    assert sheet.index.tolist() == list(range(20))
    for guid, sentence, word in zip(
        sheet["guid"], sheet["sentence"], sheet["object_word"], strict=True
    ):
        number = guid.removeprefix("row-")
        assert (sentence, word) == (f"가온은 {number}번째 대표이다.", f"{number}번째")
    assert frame["label"].tolist() == ["per:title"] * 50


def test_sheet_is_in_random_order_decided_by_the_seed(frame: pd.DataFrame) -> None:
    first, again, other = (labelling_sheet(frame, 20, seed)["guid"].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    numbers = [int(guid.removeprefix("row-")) for guid in first]
    assert numbers != sorted(numbers)
    # a shorter sheet is the top of the longer one: more rows can be asked for later
    assert labelling_sheet(frame, 5, seed=1)["guid"].tolist() == first[:5]


def test_sheet_of_a_small_table_has_all_rows(frame: pd.DataFrame) -> None:
    sheet = labelling_sheet(frame.head(3), 200, seed=0)
    assert sorted(sheet["guid"]) == ["row-0", "row-1", "row-2"]


def test_sheet_faults(frame: pd.DataFrame) -> None:
    with pytest.raises(ParameterError, match="0 is not allowed; give at least 1"):
        labelling_sheet(frame, 0, seed=0)
    with pytest.raises(DataError, match="no target rows to label"):
        labelling_sheet(frame.head(0), 5, seed=0)


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", Statistics in
# Medicine 17, table I, score method without continuity correction
NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)]


@pytest.mark.parametrize(("count", "total", "low", "high"), NEWCOMBE)
def test_wilson_as_published(count: int, total: int, low: float, high: float) -> None:
    interval = wilson(count, total)
    assert interval == pytest.approx((count / total, low, high), abs=5e-5)
    # the other side of the coin
    assert wilson(total - count, total)[1:] == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_wilson_at_the_ends_includes_the_share() -> None:
    for total in range(1, 60):
        assert wilson(0, total).low == 0.0
        assert wilson(total, total).high == 1.0


def test_shares_from_sheet() -> None:
    labels = ["no_relation", " no_relation ", "", None, float("nan"), "per:title", "  "]
    found = shares_from_sheet([*labels, "no_relation"], LABELS)
    assert found.method == "sheet"
    assert found.labels == tuple(LABELS)
    assert found.shares.tolist() == [0.75, 0.25, 0.0]  # of 4
    # z² = 3.8415; (3/4 + z²/8 ∓ z·sqrt(.75·.25/4 + z²/64))/(1 + z²/4): .3006 and .9544
    assert (found.low[0], found.high[0]) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    # never seen in 4 rows: up to z²/(4 + z²)
    assert (found.low[2], found.high[2]) == pytest.approx((0, 0.4899), abs=1e-4)
    assert found.identified


def test_two_hundred_rows_settle_what_matters() -> None:
    found = shares_from_sheet(["no_relation"] * 100 + ["per:title"] * 100, LABELS)
    assert found.high[0] - found.shares[0] < 0.07


def test_faulty_sheets() -> None:
    message = "Row 1 of the sheet: label 'per:titel' is not one of the 3 relations. Did you mean"
    with pytest.raises(DataError, match=message):
        shares_from_sheet(["", "per:titel"], LABELS)
    with pytest.raises(DataError, match="None of the sheet's 2 rows is labelled yet"):
        shares_from_sheet(["", None], LABELS)
    with pytest.raises(DataError, match="None of the sheet's 0 rows is labelled yet"):
        shares_from_sheet([], LABELS)
