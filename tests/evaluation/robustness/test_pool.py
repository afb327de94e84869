from __future__ import annotations

import numpy as np

from gwangye.evaluation.robustness.pool import NamePool, validating_folds
from tests.evaluation.robustness.conftest import FOLDS, ROWS, frame_of, pool

BEATLES, ALIKE, UNRELATED, VALIDATED = ROWS


def drawn(names: NamePool, role: str, row: int = 0, draws: int = 40) -> set[str | None]:
    """Everything that is drawn for a row with many seeds."""
    generators = map(np.random.default_rng, range(draws))
    return {names.other(ROWS[row], role, rng) for rng in generators}  # type: ignore[arg-type]


def test_names_are_of_rows_of_the_relation_that_the_model_was_trained_on() -> None:
    assert drawn(pool(), "subject") == {"온소리단"}
    assert drawn(pool(), "object") == {"윤새미"}


def test_names_may_be_of_any_row_with_the_type() -> None:
    assert drawn(pool("type"), "subject") == {"온소리단", "가온극단"}


def test_where_another_fold_validates_the_row_other_names_are_known() -> None:
    assert drawn(pool(folds=[0, 1]), "subject", row=1) == {"비틀즈", "누리패"}


def test_fold_that_was_not_trained_hides_nothing() -> None:
    assert drawn(pool(folds=[1]), "subject") == {"온소리단", "누리패"}


def test_row_of_several_draws_gets_names_that_all_its_models_know() -> None:
    # 온소리단 is unknown to the model of fold 2, which validates the row too
    names = NamePool(frame_of(ROWS, [FOLDS, [2, 2, 3, 3]]), [0, 2], "type")
    assert drawn(names, "subject") == {"가온극단"}


def test_no_other_name_is_none() -> None:
    assert drawn(pool(), "subject", row=2) == {None}


def test_neither_of_the_rows_own_names_is_drawn() -> None:
    rows = [BEATLES, BEATLES]
    names = NamePool(frame_of(rows, [[0, 1]]), [0], "relation")
    assert names.other(BEATLES, "subject", np.random.default_rng(0)) is None


def test_folds_that_validate() -> None:
    frame = frame_of(ROWS, [FOLDS, [2, 2, 3, -1]])
    assert validating_folds(frame, [0, 2]) == [{0, 2}, {2}, set(), {0}]
