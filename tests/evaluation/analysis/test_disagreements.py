from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gwangye.evaluation.analysis.disagreements import disagreements, divergence

LABELS = ["no_relation", "per:title"]


def one_row(*members: list[float]) -> np.ndarray:
    return np.array(members, dtype=np.float64)[:, None, :]


def test_divergence_by_hand() -> None:
    # the mean is even: 1 bit; each has H(1/4) = 0.8113 bit
    assert divergence(one_row([0.25, 0.75], [0.75, 0.25])) == pytest.approx([0.1887], abs=1e-4)
    # the mean is 1/4, 3/4: 0.8113; one is sure, one even: 0.5 on average
    assert divergence(one_row([0.0, 1.0], [0.5, 0.5])) == pytest.approx([0.3113], abs=1e-4)


def test_divergence_is_0_to_1() -> None:
    assert divergence(one_row([0.3, 0.7], [0.3, 0.7], [0.3, 0.7])).tolist() == [0.0]
    # each sure of another relation: log2(3) bits, of 3 members
    assert divergence(np.eye(3)[:, None, :]) == pytest.approx([1.0])
    # two agree, the third has nothing in common with them: H(1/3) / log2(3)
    sure = one_row([1.0, 0.0], [1.0, 0.0], [0.0, 1.0])
    assert divergence(sure) == pytest.approx([0.5794], abs=1e-4)


def examples() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "guid": ["b", "a", "c"],
            "sentence": ["문장 b", "문장 a", "문장 c"],
            "subject_word": "한서연",
            "object_word": "대표",
            "label": ["per:title", None, None],
        }
    )


# b and a: members apart alike; c: further apart
MEMBERS = np.array(
    [[[0.25, 0.75], [0.75, 0.25], [0.0, 1.0]], [[0.75, 0.25], [0.25, 0.75], [1.0, 0.0]]]
)
ENSEMBLE = np.array([[0.4, 0.6], [0.6, 0.4], [0.6, 0.4]])


def test_largest_disagreements_come_first() -> None:
    table = disagreements(examples(), ENSEMBLE, MEMBERS, ["bilstm", "bigru/2"], LABELS, 9)
    assert table.to_csv(index=False).splitlines() == [
        "guid,actual,ensemble,bilstm,bigru/2,divergence,subject,object,sentence",
        "c,,no_relation,per:title,no_relation,1.0,한서연,대표,문장 c",
        # alike: by guid
        "a,,no_relation,no_relation,per:title,0.1887,한서연,대표,문장 a",
        "b,per:title,per:title,per:title,no_relation,0.1887,한서연,대표,문장 b",
    ]
    few = disagreements(examples(), ENSEMBLE, MEMBERS, ["bilstm", "bigru/2"], LABELS, 1)
    assert few["guid"].tolist() == ["c"]


def test_a_single_member_has_nobody_to_disagree_with() -> None:
    table = disagreements(examples(), ENSEMBLE, MEMBERS[:1], ["bilstm"], LABELS, 9)
    assert table.to_csv(index=False) == (
        "guid,actual,ensemble,bilstm,divergence,subject,object,sentence\n"
    )
