from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from gwangye.data.duplicates import drop_duplicates

Table = Callable[..., pd.DataFrame]


@pytest.fixture
def frame(table: Table) -> pd.DataFrame:
    """Seven rows: a, b, d one triple, d with another label; c, e exact copies; f, g apart."""
    other = {"sentence": "나리는 가온전자의 직원이다."}
    return table(
        {},
        {},
        other,
        {"label": "no_relation"},
        other,
        {"sentence": "f"},
        {"sentence": "f", "object_type": "POH"},
    )


@pytest.mark.parametrize(
    ("exact", "contradicting", "guids", "counts"),
    [
        (False, False, "abcdefg", {"exact": 0, "contradicting": 0}),
        (True, False, "acdfg", {"exact": 2, "contradicting": 0}),
        (False, True, "cefg", {"exact": 0, "contradicting": 3}),
        (True, True, "cfg", {"exact": 1, "contradicting": 3}),
    ],
)
def test_drop_duplicates(
    frame: pd.DataFrame, exact: bool, contradicting: bool, guids: str, counts: dict[str, int]
) -> None:
    kept, dropped = drop_duplicates(frame, exact=exact, contradicting=contradicting)
    assert "".join(kept["guid"]) == guids
    assert dropped == counts
    assert kept.index.tolist() == list(range(len(guids)))


def test_drop_duplicates_of_unlabelled_rows_contradicts_nothing(table: Table) -> None:
    frame = table({"label": None}, {"label": None}, {})
    kept, dropped = drop_duplicates(frame, exact=True, contradicting=True)
    assert "".join(kept["guid"]) == "ac"
    assert dropped == {"exact": 1, "contradicting": 0}
