"""Reading a file of examples: every row checked, every fault told, nothing passed in silence."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from gwangye.data.checking import RowChecker
from gwangye.data.fields import resolve_columns, take_columns
from gwangye.data.files import read_rows
from gwangye.errors import DataError, ParameterError
from gwangye.examples import COLUMNS, ENTITY_TYPES, make_frame

logger = logging.getLogger(__name__)

UNLABELLED = "100"
"""The label that the Boostcamp competition's unlabelled test file has in every row."""

SHOWN = 20
"""How many faulty rows an error message lists."""


class ReadResult(NamedTuple):
    """What reading a file gave.

    Attributes:
        frame: The canonical table (:data:`gwangye.examples.COLUMNS`): sentences and
            words in Unicode NFC, half-open spans into them.
        rejected: The rows that could not be used, with columns file, row (as a person counts
            it, from 1), guid (None where it has none) and reason.
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
        ParameterError: ``on_invalid`` or a key of ``columns`` is unknown.
    """
    if on_invalid not in ("error", "drop"):
        raise ParameterError(f"on_invalid: '{on_invalid}' is unknown. Allowed: drop, error.")
    raw = read_rows(path)
    names = resolve_columns(path, set().union(*raw.rows), columns)
    values = take_columns(raw.rows, names)
    if "subject_entity" in raw.rows[0] and UNLABELLED not in (labels or ()):
        values["label"] = [None if str(v) == UNLABELLED else v for v in values["label"]]
    checker = RowChecker(
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
