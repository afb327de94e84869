from __future__ import annotations

import numpy as np
import pandas as pd

from gwangye.experiments.comparison import Pair, flips

LABELS = ["no_relation", "per:title", "org:product"]
A = [[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]
B = [[0.1, 0.7, 0.2], [0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.1, 0.7, 0.2], [0.2, 0.75, 0.05]]


def pair(rows: int = 5) -> Pair:
    """Both right; A alone; neither, differently; B alone, twice."""
    true = np.array([1, 1, 1, 1, 1])[:rows]
    guids = ["g0", "g1", "g2", "g3", "g4"][:rows]
    return Pair(
        ("old", "new"), "validation", LABELS, "no_relation", guids, true,
        np.array([A, B])[:, :rows],
    )  # fmt: skip


def examples(rows: int = 5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "guid": [f"g{i}" for i in range(rows)],
            "subject_word": "한서연",
            "object_word": "대표",
            "sentence": [f"문장 {i}" for i in range(rows)],
        }
    )


def test_rows_that_flipped() -> None:
    found = flips(pair(), examples())
    assert found.table.to_csv(index=False).splitlines() == [
        "guid,actual,a,a_confidence,b,b_confidence,change,subject,object,sentence",
        "g1,per:title,per:title,0.8,no_relation,0.9,broken,한서연,대표,문장 1",
        # the surer one first
        "g4,per:title,no_relation,0.7,per:title,0.75,mended,한서연,대표,문장 4",
        "g3,per:title,no_relation,0.7,per:title,0.7,mended,한서연,대표,문장 3",
        "g2,per:title,no_relation,0.6,org:product,0.5,other,한서연,대표,문장 2",
    ]
    assert found.counts == {"broken": 1, "mended": 2, "other": 1}
    assert found.sentence() == (
        "Of 5 rows, new mends 2 that old had wrong and breaks 1 that it had right; 1 are wrong in "
        "both, differently."
    )


def test_nothing_flipped() -> None:
    found = flips(pair(1), examples(1))
    assert found.table.empty
    assert found.counts == {"broken": 0, "mended": 0, "other": 0}
