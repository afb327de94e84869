"""The feature table: rows of tokens with entity positions, in memory and as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gwangye.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("guid", "part", "fold", "label_id", "truncated", "entity_positions", "input_ids")
"""The columns of every feature file; ``token_type_ids`` is there if the encoder has segments."""


@dataclass(frozen=True)
class FeatureTable:
    """Rows of token ids, flat: row i has tokens ``offsets[i]`` to ``offsets[i + 1]``.

    Args:
        guids: (rows,) text.
        parts: (rows,) "train" or "test".
        folds: (rows, repeats) the folds that validate the row, one per repeat of the split; -1 for
            test rows.
        label_ids: (rows,) -1 where a row has no label.
        truncated: (rows,) whether the sentence was cut.
        entity_positions: (rows, 2, 4), int32; see :mod:`gwangye.inputs.features`.
        offsets: (rows + 1,), int64.
        input_ids: (tokens,), int32.
        token_type_ids: (tokens,), int8, or None where the encoder has no segments.
    """

    guids: NDArray[np.object_]
    parts: NDArray[np.object_]
    folds: NDArray[np.int64]
    label_ids: NDArray[np.int64]
    truncated: NDArray[np.bool_]
    entity_positions: NDArray[np.int32]
    offsets: NDArray[np.int64]
    input_ids: NDArray[np.int32]
    token_type_ids: NDArray[np.int8] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The rows' numbers of tokens, special ones included."""
        return np.diff(self.offsets)

    def validates(self, fold: int) -> NDArray[np.bool_]:
        """Return a (rows,) mask of the rows that a fold validates."""
        return np.asarray((self.folds == fold).any(axis=1))

    def row(self, index: int) -> dict[str, Any]:
        """Return one row: input_ids, entity_positions (2, 4), label_id, and token_type_ids."""
        tokens = slice(self.offsets[index], self.offsets[index + 1])
        row = {
            "input_ids": self.input_ids[tokens],
            "entity_positions": self.entity_positions[index],
            "label_id": int(self.label_ids[index]),
        }
        if self.token_type_ids is not None:
            row["token_type_ids"] = self.token_type_ids[tokens]
        return row

    @classmethod
    def concatenate(cls, tables: Sequence[FeatureTable]) -> FeatureTable:
        """Return the rows of one or more tables, one after the other."""
        columns: dict[str, Any] = {}
        for field in fields(cls):
            values = [getattr(table, field.name) for table in tables]
            columns[field.name] = None if values[0] is None else np.concatenate(values)
        lengths = np.concatenate([table.lengths for table in tables])
        columns["offsets"] = offsets_of(lengths)
        return cls(**columns)

    def select(self, mask: NDArray[np.bool_]) -> FeatureTable:
        """Return the rows where a (rows,) mask is true, in order."""
        lengths = self.lengths
        tokens = np.repeat(mask, lengths)
        segments = self.token_type_ids
        return FeatureTable(
            guids=self.guids[mask],
            parts=self.parts[mask],
            folds=self.folds[mask],
            label_ids=self.label_ids[mask],
            truncated=self.truncated[mask],
            entity_positions=self.entity_positions[mask],
            offsets=offsets_of(lengths[mask]),
            input_ids=self.input_ids[tokens],
            token_type_ids=None if segments is None else segments[tokens],
        )

    def with_columns(
        self, *, parts: Sequence[str], folds: ArrayLike, label_ids: Sequence[int]
    ) -> FeatureTable:
        """Return the table with what tokenising does not know: parts, folds and labels.

        ``folds`` may be (rows, repeats), or (rows,) where the split is not repeated.
        """
        return replace(
            self,
            parts=np.array(parts, dtype=object),
            folds=_as_rows(np.asarray(folds, dtype=np.int64), len(self)),
            label_ids=np.array(label_ids, dtype=np.int64),
        )


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where rows of these lengths begin, and where the last one ends: (rows + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def write_features(chunks: Iterable[FeatureTable], path: Path) -> int:
    """Write tables one after the other into one Parquet file; return the number of rows.

    Only one chunk is held at a time, so the file may be larger than memory.

    Raises:
        DataError: There is no chunk.
    """
    import pyarrow.parquet as pq

    tables = map(_to_arrow, chunks)
    first = next(tables, None)
    if first is None:
        raise DataError(f"{path}: there are no rows to write. Give the split stage rows.")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        for table in chain([first], tables):
            writer.write_table(table)
            rows += table.num_rows
    return rows


def read_features(path: Path) -> FeatureTable:
    """Read what :func:`write_features` wrote.

    Raises:
        DataError: The file is missing, or is no feature file.
    """
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(f"{path} does not exist. Run `dvc repro preprocess`.")
    table = pq.read_table(path).combine_chunks()
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise DataError(
            f"{path} is no feature file: it lacks {', '.join(missing)}. Run `dvc repro preprocess`."
        )
    ids = _flat(table["input_ids"])
    has_segments = "token_type_ids" in table.column_names
    return FeatureTable(
        guids=np.array(table["guid"].to_pylist(), dtype=object),
        parts=np.array(table["part"].to_pylist(), dtype=object),
        folds=_as_rows(_flat(table["fold"])[0], table.num_rows),
        label_ids=table["label_id"].to_numpy(),
        truncated=np.array(table["truncated"].to_pylist(), dtype=bool),
        entity_positions=_flat(table["entity_positions"])[0].reshape(-1, 2, 4),
        offsets=ids[1],
        input_ids=ids[0],
        token_type_ids=_flat(table["token_type_ids"])[0] if has_segments else None,
    )


def _as_rows(values: NDArray[Any], rows: int) -> NDArray[Any]:
    # not -1: without rows numpy cannot tell the width
    return values.reshape(rows, values.size // rows if rows else 1)


def _to_arrow(table: FeatureTable) -> pa.Table:
    import pyarrow as pa

    def lists(flat: NDArray[Any]) -> pa.Array:
        return pa.LargeListArray.from_arrays(pa.array(table.offsets), pa.array(flat))

    def rows_of(values: NDArray[Any]) -> pa.Array:
        width = values.size // max(len(table), 1)
        starts = np.arange(len(table) + 1, dtype=np.int64) * width
        return pa.LargeListArray.from_arrays(pa.array(starts), pa.array(values.reshape(-1)))

    columns = {
        "guid": pa.array(table.guids.tolist(), pa.string()),
        "part": pa.array(table.parts.tolist(), pa.string()),
        "fold": rows_of(table.folds),
        "label_id": pa.array(table.label_ids),
        "truncated": pa.array(table.truncated),
        "entity_positions": rows_of(table.entity_positions.astype(np.int32)),
        "input_ids": lists(table.input_ids),
    }
    if table.token_type_ids is not None:
        columns["token_type_ids"] = lists(table.token_type_ids)
    return pa.table(columns)


def _flat(column: pa.ChunkedArray) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return a list column's values and its offsets."""
    lists = column.combine_chunks()
    offsets = lists.offsets.to_numpy()
    values = lists.values.to_numpy()[offsets[0] : offsets[-1]]
    return values, (offsets - offsets[0]).astype(np.int64)
