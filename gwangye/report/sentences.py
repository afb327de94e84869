"""Where the entities stand in the sentences of other stages' tables, which hold words only."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from gwangye.data.spans import occurrences
from gwangye.report.rows import SPANS, utf16_offset
from gwangye.report.tables import Columns

NOWHERE = (-1, -1)


class _Known(NamedTuple):
    """A row of the split."""

    sentence: str
    subject: tuple[int, int]
    object_: tuple[int, int]


def with_spans(columns: Columns, examples: pd.DataFrame) -> Columns:
    """Return a table with entity positions instead of entity words.

    A sentence that is the split's has the split's positions. In a changed one (the robustness
    tables hold such) each word is searched; of several places the one is taken that fits the text
    outside the entities, which stays as it is.

    Args:
        columns: ``guid``, ``subject``, ``object``, ``sentence`` and others, as lists.
        examples: Canonical table of the rows that the table may name.

    Returns:
        The same without ``subject`` and ``object``, with ``spans``: four half-open UTF-16 offsets
        per row, subject before object; -1 where a word is not found.
    """
    known = _index(examples, set(columns["guid"]))
    spans: list[int] = []
    names = ("guid", "sentence", "subject", "object")
    for guid, sentence, subject, object_ in zip(*(columns[name] for name in names), strict=True):
        row = known.get(guid)
        if row is not None and row.sentence == sentence:
            places = [row.subject, row.object_]
        else:
            places = _search(sentence or "", subject, object_, row)
        spans += [
            utf16_offset(sentence, offset) if offset >= 0 else -1
            for place in places
            for offset in place
        ]
    rest = {name: values for name, values in columns.items() if name not in ("subject", "object")}
    return rest | {"spans": spans}


def _index(examples: pd.DataFrame, guids: set[str]) -> dict[str, _Known]:
    rows = examples[examples["guid"].isin(guids)]
    names = ("guid", "sentence", *SPANS)
    return {
        guid: _Known(sentence, (a, b), (c, d))
        for guid, sentence, a, b, c, d in zip(*(rows[name] for name in names), strict=True)
    }


def _search(
    sentence: str, subject: str | None, object_: str | None, row: _Known | None
) -> list[tuple[int, int]]:
    """Return where two words stand, :data:`NOWHERE` for one of which that is not known."""
    places = []
    for word, was in ((subject, row and row.subject), (object_, row and row.object_)):
        starts = occurrences(sentence, word) if word else []
        if row is not None and was is not None and word:
            starts = sorted(starts, key=_distance(sentence, word, was, row))[:1]
        # of several places in an unknown row none is better than the others
        places.append((starts[0], starts[0] + len(word or "")) if len(starts) == 1 else NOWHERE)
    return places


def _distance(sentence: str, word: str, was: tuple[int, int], row: _Known) -> Callable[[int], int]:
    """Return how far a place is from the entity's in the original sentence.

    The first entity is measured from the sentence's start, the second from its end: the text
    before the one and after the other is not changed.
    """
    if was == min(row.subject, row.object_):
        return lambda start: abs(start - was[0])
    behind = len(row.sentence) - was[1]
    return lambda start: abs(len(sentence) - start - len(word) - behind)
