"""Labelled rows whose other names can be counted by hand.

``ROWS`` (folds in brackets): the sentence of every docstring [0]; a row of the same relation with
other names [1]; one of no relation with names of the same types [1]; one of the same relation and
types that fold 0 validates too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from gwangye.evaluation.robustness.pool import NamePool
from gwangye.examples import Example, make_frame
from tests.inputs.markers.conftest import example
from tests.training.augmentation.conftest import BEATLES

MEMBERS = "org:members"
ROWS = [
    replace(BEATLES, guid="beatles", label=MEMBERS),
    replace(
        example("온소리단의 윤새미가 왔다.", ("온소리단", 0, "ORG"), ("윤새미", 6, "PER")),
        guid="alike",
        label=MEMBERS,
    ),
    replace(
        example("가온극단, 도예린.", ("가온극단", 0, "ORG"), ("도예린", 6, "PER")),
        guid="unrelated",
        label="no_relation",
    ),
    replace(
        example("누리패의 백하람이 왔다.", ("누리패", 0, "ORG"), ("백하람", 5, "PER")),
        guid="validated",
        label=MEMBERS,
    ),
]
FOLDS = [0, 1, 1, 0]


def frame_of(rows: Sequence[Example], folds: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Return a canonical table with one column of folds per repeat of the split."""
    columns: dict[str, list[object]] = {
        name: [getattr(row, name) for row in rows] for name in ("guid", "sentence", "label")
    }
    columns["source"] = [None for _ in rows]
    for role in ("subject", "object"):
        for part in ("word", "start", "end", "type"):
            columns[f"{role}_{part}"] = [getattr(getattr(r, f"{role}_entity"), part) for r in rows]
    for i, own in enumerate(folds):
        columns["fold" if i == 0 else f"fold_{i + 1}"] = list(own)
    return make_frame(columns)


def pool(names: str = "relation", folds: Sequence[int] = (0,)) -> NamePool:
    """Return the names of ROWS."""
    return NamePool(frame_of(ROWS, [FOLDS]), folds, names)  # type: ignore[arg-type]


def assert_spans_hold(changed: Example) -> None:
    """Check that both entities stand where their spans say."""
    for entity in (changed.subject_entity, changed.object_entity):
        assert changed.sentence[entity.start : entity.end] == entity.word
