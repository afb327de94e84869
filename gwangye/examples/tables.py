"""The canonical table: building it, and keeping it in Parquet between stages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.examples.schema import COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

INTEGERS = ("subject_start", "subject_end", "object_start", "object_end")
NULLABLE = ("label", "source")
FOLD = re.compile(r"fold(_[0-9]+)?")
"""Columns that the table gains later: ``fold``, the fold that validates the row; ``fold_2``,
``fold_3``, ... where the split is repeated."""


def make_frame(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Build a canonical table from its columns.

    Text columns get dtype ``object``, so that a missing label or source is None under every
    version of pandas (its own text dtype turns None into NaN).

    Args:
        columns: Values by canonical column name; ``fold``, ``fold_2``, ... may be among them.
    """
    return pd.DataFrame(
        {
            name: pd.Series(columns[name], dtype="int64" if _is_integer(name) else "object")
            for name in [*COLUMNS, *fold_columns(columns)]
        }
    )


def fold_columns(names: Iterable[str]) -> list[str]:
    """Return those names that are columns of folds."""
    return [name for name in names if FOLD.fullmatch(name)]


def fold_numbers(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return the folds that validate each row, (rows, repeats), int64."""
    return frame[fold_columns(frame.columns)].to_numpy(dtype=np.int64)


def _is_integer(name: str) -> bool:
    return name in INTEGERS or FOLD.fullmatch(name) is not None


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a canonical table, with or without its columns of folds.

    Raises:
        DataError: A column is missing or unknown, or a value is missing where none may be.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(list(frame.columns), str(path))
    # NaN is how pandas writes a missing text; in the file it is null.
    arrays = []
    for field in schema:
        missing = frame[field.name].isna()
        if missing.any() and not field.nullable:
            row = int(missing.to_numpy().argmax()) + 1
            raise DataError(f"{path}: {field.name} of row {row} is missing; nothing is written.")
        values = frame[field.name].astype("object").where(~missing, None)
        arrays.append(pa.array(values.tolist(), type=field.type))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a canonical table that :func:`write_parquet` wrote.

    Raises:
        DataError: The file does not exist or is no canonical table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"{path}: there is no such file. Run the stage that writes it.")
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise DataError(f"{path}: this is not a readable Parquet file: {error}") from error
    _schema(table.column_names, str(path))
    return make_frame(table.to_pydict())


def _schema(names: Sequence[str], where: str) -> pa.Schema:
    import pyarrow as pa

    wanted = [*COLUMNS, *fold_columns(names)]
    missing = sorted(set(wanted) - set(names))
    unknown = sorted(set(names) - set(wanted))
    if missing or unknown:
        raise DataError(
            f"{where}: this is not a canonical table. Missing columns: "
            f"{', '.join(missing) or 'none'}; unknown columns: {', '.join(unknown) or 'none'}. "
            "Files in other forms are read by read_examples."
        )
    return pa.schema(
        [
            pa.field(
                name,
                pa.int64() if _is_integer(name) else pa.string(),
                nullable=name in NULLABLE,
            )
            for name in wanted
        ]
    )
