"""Reading a file of examples: every row checked, every fault told, nothing passed in silence."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

from gwangye.data.fields import FILE_COLUMNS, Unreadable, resolve_columns, take_columns
from gwangye.data.files import RawRows, read_rows
from gwangye.data.spans import nfc, place
from gwangye.errors import DataError
from gwangye.examples import COLUMNS, ENTITY_TYPES, make_frame

logger = logging.getLogger(__name__)

UNLABELLED = "100"
"""The label that the Boostcamp competition's unlabelled test file has in every row."""

SHOWN = 20
"""How many faulty rows an error message lists."""

SHOWN_NAMES = 8
"""How many allowed names a reason lists where none is near; a message may hold 20 reasons."""

REJECTED_COLUMNS = ("file", "row", "guid", "reason")


class ReadResult(NamedTuple):
    """What reading a file gave.

    Attributes:
        frame: The canonical table (:data:`gwangye.examples.COLUMNS`): sentences and
            words in Unicode NFC, half-open spans into them.
        rejected: The rows that could not be used: file, row (as a person counts it, from 1), guid
            (None where it has none) and reason.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame


def read_examples(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    labels: Sequence[str] | None = None,
    entity_types: Sequence[str] = ENTITY_TYPES,
    on_invalid: Literal["error", "drop"] = "error",
) -> ReadResult:
    """Read and check a labelled or unlabelled file of examples.

    Accepted are KLUE-RE JSON, JSON lines, CSV (flat columns, or the Boostcamp competition's with
    dicts in cells) and Parquet. Offsets count characters from 0 and ``end_idx`` is inclusive. A
    file without offsets is read too, where each word occurs once in its sentence. A file without
    guids gets ``row-00001`` and so on.

    Args:
        path: The file.
        columns: ``{canonical column: the file's column}`` where the names differ; the file's may
            be a path into a nested entity (``"subject_entity.word"``). See
            :data:`gwangye.data.fields.FILE_COLUMNS`.
        labels: The relations there are; None accepts any name.
        entity_types: The entity types there are.
        on_invalid: "error" stops at faulty rows after all were looked at; "drop" leaves them
            out, logs their number and returns them as ``rejected``.

    Raises:
        DataError: The file as a whole cannot be read, no row is usable, or (with "error") some
            rows are faulty: the first 20 are listed with row, guid and reason.
        ParameterError: A key of ``columns`` is unknown.
    """
    raw = read_rows(path)
    names = resolve_columns(path, set().union(*raw.rows), columns)
    values = take_columns(raw.rows, names)
    if "subject_entity" in raw.rows[0] and UNLABELLED not in (labels or ()):
        values["label"] = [None if str(v) == UNLABELLED else v for v in values["label"]]
    checker = _RowChecker(
        values=values, raw=raw, has_guids="guid" in names, labels=labels, types=entity_types
    )
    records, rejected = checker.run(str(path))
    if len(rejected) and (on_invalid == "error" or not records):
        raise DataError(_complaint(path, rejected, len(raw.rows)))
    if len(rejected):
        logger.warning("%s: %d of %d rows dropped", path, len(rejected), len(raw.rows))
    frame = make_frame(dict(zip(COLUMNS, zip(*records, strict=True), strict=True)))
    return ReadResult(frame, rejected)


def _complaint(path: Path, rejected: pd.DataFrame, total: int) -> str:
    lines = [
        f"  row {row.row}, guid {row.guid}: {row.reason}"
        for row in rejected.head(SHOWN).itertuples()
    ]
    if len(rejected) > SHOWN:
        lines.append(f"  ... and {len(rejected) - SHOWN} more")
    remedy = "Mend them, or go on without them: data.on_invalid: drop."
    if len(rejected) == total:
        remedy = "No row is usable: mend the file, or name its columns in data.columns."
    return "\n".join([f"{path}: {len(rejected)} of {total} rows are faulty.", *lines, remedy])


@dataclass(kw_only=True)
class _RowChecker:
    """Turns the columns of a file into canonical records, row by row.

    ``values`` were taken from the rows of ``raw``, which knows their numbers and faults. Without
    guids rows are named after their number.
    """

    values: Mapping[str, Sequence[Any]]
    raw: RawRows
    has_guids: bool
    labels: Sequence[str] | None
    types: Sequence[str]
    first_row: dict[str, int] = field(default_factory=dict, init=False)
    reasons: list[str] = field(default_factory=list, init=False)

    def run(self, file: str) -> tuple[list[tuple[Any, ...]], pd.DataFrame]:
        """Return the records of the sound rows and the table of the rejected ones."""
        records: list[tuple[Any, ...]] = []
        rejected: list[tuple[str, int, str | None, str]] = []
        rows = zip(*(self.values[column] for column in FILE_COLUMNS), strict=True)
        for i, row in enumerate(rows):
            number = self.raw.numbers[i]
            self.reasons = []
            guid = self._guid(row[0], number)
            if i in self.raw.faults:
                self.reasons = [self.raw.faults[i]]
            else:
                record = self._record(guid, row)
            if self.reasons:
                rejected.append((file, number, guid, "; ".join(dict.fromkeys(self.reasons))))
            else:
                records.append(record)
        return records, pd.DataFrame(rejected, columns=list(REJECTED_COLUMNS), dtype="object")

    def _guid(self, value: Any, number: int) -> str | None:
        if not self.has_guids:
            return f"row-{number:05d}"
        if isinstance(value, Unreadable):
            self.reasons.append(value.reason)
            return None
        if value is None:
            self.reasons.append("guid is missing or empty")
            return None
        # A guid column of whole numbers turns to floats where a table had gaps.
        guid = str(int(value) if isinstance(value, float) and value.is_integer() else value)
        first = self.first_row.setdefault(guid, number)
        if first != number:
            self.reasons.append(f"guid is that of row {first} too")
        return guid

    def _record(self, guid: str | None, row: tuple[Any, ...]) -> tuple[Any, ...]:
        _, sentence, sw, ss, se, st, ow, os_, oe, ot, label, source = row
        sentence = self._text(sentence, "sentence")
        subject = self._entity("subject", sentence, (sw, ss, se, st))
        object_ = self._entity("object", sentence, (ow, os_, oe, ot))
        if None not in (*subject[1:3], *object_[1:3]):
            self._refuse_overlap(subject, object_)
        label = self._label(label)
        source = None if source is None else self._text(source, "source")
        text = None if sentence is None else nfc(sentence)
        return (guid, text, *subject, *object_, label, source)

    def _entity(self, role: str, sentence: str | None, fields: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return word, start, end, type; None for each that a fault keeps from being known."""
        word = self._text(fields[0], f"{role}_word")
        start = self._integer(fields[1], f"{role}_start_idx")
        end = self._integer(fields[2], f"{role}_end_idx")
        type_ = self._text(fields[3], f"{role}_type")
        if type_ is not None and type_ not in self.types:
            self.reasons.append(f"{role}_type '{type_}' is unknown{_nearest(type_, self.types)}")
        if sentence is None or word is None or -1 in (start, end):
            return word, None, None, type_
        try:
            span = place(sentence, word, start, end)
        except DataError as error:
            self.reasons.append(f"{role}: {error}")
            return word, None, None, type_
        return nfc(word), *span, type_

    def _text(self, value: Any, name: str) -> str | None:
        if isinstance(value, str):
            return value
        if isinstance(value, Unreadable):
            self.reasons.append(value.reason)
        elif value is None:
            self.reasons.append(f"{name} is missing or empty")
        else:
            self.reasons.append(f"{name} is {value!r}, not text")
        return None

    def _integer(self, value: Any, name: str) -> int | None:
        """Return a character index; -1 where a fault was noted, None where there is none."""
        if type(value) is int and value >= 0:
            return value
        if value is None or isinstance(value, Unreadable):
            return None
        # "7.0" is what a column with gaps makes of 7.
        text = str(value).strip()
        if re.fullmatch(r"[0-9]+(\.0*)?", text):
            return int(text.split(".")[0])
        kind = "negative" if re.fullmatch(r"-[0-9]+", text) else "not a whole number"
        self.reasons.append(f"{name} is {value!r}: {kind}")
        return -1

    def _refuse_overlap(self, subject: tuple[Any, ...], object_: tuple[Any, ...]) -> None:
        if subject[1] < object_[2] and object_[1] < subject[2]:
            self.reasons.append(
                f"subject '{subject[0]}' ({subject[1]}-{subject[2] - 1}) and object "
                f"'{object_[0]}' ({object_[1]}-{object_[2] - 1}) overlap"
            )

    def _label(self, value: Any) -> str | None:
        if value is None:
            return None
        label = self._text(value, "label")
        if label is not None and self.labels is not None and label not in self.labels:
            self.reasons.append(f"label '{label}' is unknown{_nearest(label, self.labels)}")
        return label


def _nearest(name: str, allowed: Sequence[str]) -> str:
    by_folded = {other.casefold(): other for other in allowed}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    if near:
        return f" (nearest: '{by_folded[near[0]]}')"
    more = f" and {len(allowed) - SHOWN_NAMES} more" if len(allowed) > SHOWN_NAMES else ""
    return f" (allowed: {', '.join(allowed[:SHOWN_NAMES])}{more})"
