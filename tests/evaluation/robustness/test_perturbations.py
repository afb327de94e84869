"""What each perturbation makes of a row; its docstring says the truth."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gwangye.evaluation.robustness import PERTURBATIONS
from gwangye.examples import Entity, Example
from tests.evaluation.robustness.conftest import ROWS, assert_spans_hold, frame_of, pool
from tests.inputs.markers.conftest import example
from tests.training.augmentation.conftest import NESTED, REPEATED, SPACED, Draws
from tests.training.augmentation.conftest import ROWS as ODD

BEATLES = ROWS[0]
PARTICLES = example("누리는 가온을 찾았다.", ("누리", 0, "PER"), ("가온", 4, "PER"))


def apply(name: str, row: Example, rng: Any = None) -> Example | None:
    generator = np.random.default_rng(0) if rng is None else rng
    return PERTURBATIONS[name]().apply(row, generator, pool())


def text(name: str, row: Example) -> str | None:
    changed = apply(name, row)
    if changed is None:
        return None
    assert_spans_hold(changed)
    return changed.sentence


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_changes_the_row_as_documented(name: str) -> None:
    rng = Draws([0.0], first=[13], marks=";") if name == "aeda" else None
    changed = apply(name, BEATLES, rng)
    assert changed is not None
    documentation = inspect.cleandoc(PERTURBATIONS[name].__doc__ or "")
    assert f"Example:\n    {changed.sentence}\n" in documentation
    assert (changed.guid, changed.label) == ("beatles", "org:members")
    assert_spans_hold(changed)


@pytest.mark.parametrize("name", list(PERTURBATIONS))
@pytest.mark.parametrize("odd", ODD)
def test_odd_rows_keep_their_spans(name: str, odd: str) -> None:
    from gwangye.evaluation.robustness.pool import NamePool

    rows = [*ROWS, replace(ODD[odd], guid="odd", label="org:members")]
    names = NamePool(frame_of(rows, [[0, 1, 1, 1, 0]]), [0], "type")
    changed = PERTURBATIONS[name]().apply(rows[-1], np.random.default_rng(0), names)
    if changed is not None:
        assert_spans_hold(changed)
        assert changed.sentence != rows[-1].sentence


@pytest.mark.parametrize("name", ["subject_swap", "names_masked"])
def test_names_that_overlap_stay(name: str) -> None:
    nested = replace(NESTED, guid="beatles", label="org:members", sentence="온새미대학교에 왔다.")
    subject = replace(nested.subject_entity, type="ORG")
    assert text(name, replace(nested, subject_entity=subject)) is None


def test_name_that_stands_twice_stays() -> None:
    row = replace(REPEATED, guid="beatles", label="org:members")
    assert text("object_swap", row) is None
    assert text("names_masked", row) is None


def test_number_whose_unit_is_not_in_the_entity_stays() -> None:
    assert (
        text("names_masked", example("2010년 누리", ("누리", 6, "PER"), ("2010", 0, "DAT"))) is None
    )
    row = example("팀 04로 간 누리", ("누리", 8, "PER"), ("팀 04", 0, "ORG"))
    assert text("names_masked", row) == "단체로 간 사람"


def test_name_without_another_in_training_stays() -> None:
    assert text("subject_swap", ROWS[2]) is None
    assert text("names_masked", ROWS[2]) == "단체, 사람."


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        (PARTICLES, "누리가 가온 찾았다."),
        (
            example("누리와 윤슬은 친구다.", ("누리", 0, "PER"), ("윤슬", 4, "PER")),
            "누리하고 윤슬이 친구다.",
        ),
        # 과의 has no other form; 에게 stays
        (example("윤슬과의 누리에게", ("윤슬", 0, "PER"), ("누리", 5, "PER")), None),
    ],
)
def test_particles(row: Example, changed: str | None) -> None:
    assert text("particles", row) == changed


def test_full_stop_within_an_entity_stays() -> None:
    row = Example("a", "누리의 J.", Entity("누리", 0, 2, "PER"), Entity("J.", 4, 6, "PER"))
    assert text("full_stop", row) is None
    assert text("full_stop", replace(row, sentence="누리의 J..")) == "누리의 J."


def test_full_stop_goes_with_the_space_behind_it() -> None:
    assert text("full_stop", SPACED) == " 다온은  그 봄에 \t책 셋을 썼다"
    assert text("full_stop", replace(BEATLES, sentence="비틀즈의 조지 해리슨이 곡을?")) is None
