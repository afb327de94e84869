from __future__ import annotations

import pandas as pd
import pytest

from gwangye.evaluation.changes import RATE_COLUMNS, changed_rates, changed_rows
from gwangye.evaluation.robustness.measuring import CASES

LABELS = ["no_relation", "per:title", "org:product", "per:spouse"]
N, T, O = LABELS[:3]  # noqa: E741
# perturbation, actual, before, after, confidence after
LINES = [
    ("subject_swap", T, T, T, 0.9),
    ("subject_swap", T, T, N, 0.8),
    ("subject_swap", O, T, O, 0.7),
    ("subject_swap", O, N, N, 0.6),
    ("aeda", N, T, N, 0.95),
]


@pytest.fixture
def cases() -> pd.DataFrame:
    """Four rows with the subject swapped, two of which change, and one with marks, which does."""
    lines = [
        (f"g{i}", name, actual, before, after, 0.5, confidence, "누리는 가온", 0, 2, 4, 6)
        for i, (name, actual, before, after, confidence) in enumerate(LINES)
    ]
    return pd.DataFrame(lines, columns=list(CASES))


def test_rates_by_perturbation_and_relation(cases: pd.DataFrame) -> None:
    rates = changed_rates(cases, LABELS, "no_relation")
    assert tuple(rates.columns) == RATE_COLUMNS
    shown = rates.drop(columns=["changed_low", "changed_high"])
    assert list(shown.itertuples(index=False, name=None)) == [
        # rows, changed, correct before and after, became no_relation
        ("subject_swap", "all", 4, 50.0, 50.0, 50.0, 25.0),
        ("subject_swap", "per:title", 2, 50.0, 100.0, 50.0, 50.0),
        ("subject_swap", "org:product", 2, 50.0, 0.0, 50.0, 0.0),
        ("aeda", "all", 1, 100.0, 0.0, 100.0, 100.0),
        ("aeda", "no_relation", 1, 100.0, 0.0, 100.0, 100.0),
    ]


def test_rates_have_wilson_limits(cases: pd.DataFrame) -> None:
    first = changed_rates(cases, LABELS, "no_relation").iloc[0]
    # 2 of 4: 0.5 ± 1.96/(1 + 3.8415/4) · sqrt(0.25/4 + 3.8415/64) = 0.5 ± 0.34996
    assert (first["changed_low"], first["changed_high"]) == (15.0, 85.0)


def test_without_a_negative_label_none_becomes_it(cases: pd.DataFrame) -> None:
    assert changed_rates(cases, LABELS, None)["to_negative"].isna().all()


def test_no_perturbed_row_is_an_empty_table(cases: pd.DataFrame) -> None:
    assert changed_rates(cases.head(0), LABELS, "no_relation").empty
    assert tuple(changed_rates(cases.head(0), LABELS, "no_relation").columns) == RATE_COLUMNS


def test_changed_rows_surest_first(cases: pd.DataFrame) -> None:
    changed = changed_rows(cases, 10)
    assert changed["guid"].tolist() == ["g4", "g1", "g2"]
    assert list(changed.columns) == list(CASES)
    assert changed_rows(cases, 2)["guid"].tolist() == ["g4", "g1"]
