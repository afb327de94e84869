from __future__ import annotations

import pytest

from gwangye.errors import DataError
from gwangye.evaluation.scores import headline, read_scores, score_text

TEXT = """model,column,pairs,metric,value,low,high,rows,effective_rows,note
bilstm,validation,all,micro_f1,44.6,36.5,53.0,188,188.0,
bilstm,validation,unseen,micro_f1,40.1,30.0,50.0,100,100.0,
bilstm,validation,all,ece,5.1,,,188,188.0,
bilstm,validation_reweighted,all,accuracy,51.0,,,188,80.4,label: off
"""


def test_headline_has_no_parts_and_no_calibration() -> None:
    assert headline(read_scores(TEXT, "scores.csv")) == {
        "bilstm": {
            "validation": {"micro_f1": 44.6},
            "validation_reweighted": {"accuracy": 51.0},
        }
    }


def test_note_is_missing_where_all_is_well() -> None:
    notes = read_scores(TEXT, "scores.csv")["note"]
    assert notes.isna().tolist() == [True, True, True, False]
    assert notes.iloc[3] == "label: off"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "No columns to parse"),
        ("model,value\na,1\n", "not in index"),
        (TEXT.replace(",188,188.0", ",many,188.0", 1), "invalid literal|convert"),
    ],
    ids=["empty", "no column", "no number"],
)
def test_another_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DataError, match=f"scores.csv: this is no table of scores: .*({reason})"):
        read_scores(text, "scores.csv")


def test_score_in_words() -> None:
    assert score_text(48.66, 40.0, 57.23) == "48.7 (40.0–57.2)"
    assert score_text(48.66, float("nan"), float("nan")) == "48.7"
