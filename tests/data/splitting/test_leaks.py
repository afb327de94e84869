from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from gwangye.data.splitting import leaks

Table = Callable[..., pd.DataFrame]


def counts(rows: int, sentence: int = 0, **found: int) -> dict[str, int]:
    """Return what is counted in a fold; what is not named was not found."""
    none = dict.fromkeys(("entity_pair", "subject_word", "both_entities", "either_entity"), 0)
    return {"rows": rows, "sentence": sentence, "near_sentence": sentence} | none | found


def test_leaks_counts_each_fold_against_all_others(table: Table) -> None:
    frame = table(
        [
            ("가", "나리", "가온", "t"),
            ("가", "한별", "도담", "t"),
            ("나", "가온", "나리", "t"),
            ("다", "솔빛", "새봄", "t"),
            ("다", "솔빛", "한별", "t"),
        ]
    )
    assert leaks(frame, np.array([[0], [1], [2], [1], [0]])) == {
        # row 0: sentence (row 1), pair and both words (row 2); row 4: sentence, subject and both
        "0": counts(2, sentence=2, entity_pair=1, subject_word=1, both_entities=2, either_entity=2),
        # row 1: sentence (row 0), 도담 is new; row 3: sentence and subject (row 4), 새봄 is new
        "1": counts(2, sentence=2, subject_word=1, either_entity=2),
        # row 2: pair and both words (row 0); 가온 is no subject there
        "2": counts(1, entity_pair=1, both_entities=1, either_entity=1),
    }


def test_leaks_of_a_repeated_split(table: Table) -> None:
    """Two draws: a fold's rows are trained on by every other fold, of either draw."""
    frame = table([("가", "나리", "가온", "t"), ("가", "한별", "도담", "t")])
    counts = leaks(frame, np.array([[0, 2], [1, 2]]))
    assert {fold: (c["rows"], c["sentence"]) for fold, c in counts.items()} == {
        "0": (1, 1),
        "1": (1, 1),
        "2": (2, 0),
    }


def test_leaks_finds_sentences_that_are_nearly_the_same(table: Table) -> None:
    frame = table(
        [
            ("나리는 가온전자의 대표이다.", "나리", "가온", "t"),
            ("나리는 가온전자의 대표이다!", "한별", "도담", "t"),
            ("솔빛은 새봄마을에서 태어났다.", "솔빛", "새봄", "t"),
        ]
    )
    assert leaks(frame, np.array([[0], [1], [0]])) == {
        "0": counts(2, near_sentence=1),
        "1": counts(1, near_sentence=1),
    }
    assert leaks(frame, np.array([[0], [0], [1]])) == {"0": counts(2), "1": counts(1)}


def test_leaks_counts_rows_that_are_never_validated_as_training(table: Table) -> None:
    rows = [("가", "나리", "가온", "t"), ("나", "가온", "나리", "t"), ("다", "솔빛", "새봄", "t")]
    assert leaks(table(rows), np.array([[0], [-1], [1]])) == {
        "0": counts(1, entity_pair=1, both_entities=1, either_entity=1),
        "1": counts(1),
    }
