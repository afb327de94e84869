"""What stages hand to each other: examples, the tables and folder that hold them, the relations.

A *span* is given in characters (Python string indices). Inside this package it is half-open:
``sentence[start:end] == word``. Files that people write follow KLUE (``end_idx`` is inclusive);
reading converts once, and the columns below are named differently so that the two never mix.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, did_you_mean
from gwangye.files import write_json

if TYPE_CHECKING:
    import pyarrow as pa

ENTITY_TYPES = ("PER", "ORG", "LOC", "DAT", "POH", "NOH")
"""KLUE's entity types: person, organisation, location, date, other proper noun, other number."""

COLUMNS = (
    "guid",
    "sentence",
    "subject_word",
    "subject_start",
    "subject_end",
    "subject_type",
    "object_word",
    "object_start",
    "object_end",
    "object_type",
    "label",
    "source",
)
"""The canonical columns. ``label`` and ``source`` are None where a file has none."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A marked entity: its surface form, its half-open character span and its type."""

    word: str
    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with a subject and an object entity, and their relation where it is known.

    Example:
        >>> sentence = "비틀즈의 조지 해리슨이 곡을 썼다."
        >>> subject, object_ = Entity("비틀즈", 0, 3, "ORG"), Entity("조지 해리슨", 5, 11, "PER")
        >>> Example("a", sentence, subject, object_).object_entity.word
        '조지 해리슨'
    """

    guid: str
    sentence: str
    subject_entity: Entity
    object_entity: Entity
    label: str | None = None
    source: str | None = None


def to_examples(frame: pd.DataFrame) -> Iterator[Example]:
    """Yield the rows of a canonical table as examples, in order."""
    for row in zip(*(frame[column].tolist() for column in COLUMNS), strict=True):
        guid, sentence, sw, ss, se, st, ow, os_, oe, ot, label, source = row
        yield Example(
            guid, sentence, Entity(sw, ss, se, st), Entity(ow, os_, oe, ot), label, source
        )


INTEGERS = ("subject_start", "subject_end", "object_start", "object_end")
NULLABLE = ("label", "source")
FOLD = re.compile(r"fold(_[0-9]+)?")
"""Columns that the table gains later: ``fold``, the fold that validates the row; ``fold_2``,
``fold_3``, ... where the split is repeated."""


def make_frame(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Build a canonical table from its columns.

    Columns of folds may be among them. Text columns get dtype ``object``, so that a missing label
    or source is None under every version of pandas (its own text dtype turns None into NaN).
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
    for field in schema:
        missing = frame[field.name].isna()
        if missing.any() and not field.nullable:
            row = int(missing.to_numpy().argmax()) + 1
            raise DataError(f"{path}: {field.name} of row {row} is missing; nothing is written.")
    table = pa.Table.from_pandas(frame, schema, preserve_index=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(None), path)


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
    types = {name: pa.int64() if _is_integer(name) else pa.string() for name in wanted}
    return pa.schema([pa.field(name, types[name], nullable=name in NULLABLE) for name in wanted])


def entity_pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return each row's unordered pair of entity words: the two words, sorted."""
    return [
        (first, second) if first <= second else (second, first)
        for first, second in zip(frame["subject_word"], frame["object_word"], strict=True)
    ]


@dataclass(frozen=True)
class Task:
    """What the relations are; a label's id is its place in ``labels``.

    ``negative_label``, if any, means "none of the relations".

    Raises:
        DataError: ``negative_label`` is not among ``labels``: micro-F1 would count it as a
            relation, and be too high.
    """

    labels: Sequence[str]
    negative_label: str | None
    entity_types: Sequence[str]

    def __post_init__(self) -> None:
        if self.negative_label is not None and self.negative_label not in self.labels:
            raise DataError(
                f"negative label '{self.negative_label}' is not one of the {len(self.labels)} "
                f"relations. {did_you_mean(self.negative_label, self.labels)} If these relations "
                "have no negative class, set data.negative_label: null."
            )

    def label_ids(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return (rows,) label ids, -1 where a row has no label.

        Raises:
            DataError: A label is not one of the relations.
        """
        labels = frame["label"]
        unknown = labels[labels.notna() & ~labels.isin(self.labels)]
        if len(unknown):
            label = str(unknown.iloc[0])
            raise DataError(
                f"{len(unknown)} rows have a label that is not one of the {len(self.labels)} "
                f"relations, first '{label}'. {did_you_mean(label, self.labels)}"
            )
        return pd.Index(self.labels).get_indexer(pd.Index(labels)).astype(np.int64)

    @classmethod
    def read(cls, path: Path) -> Task:
        """Read what :meth:`write` wrote.

        Raises:
            DataError: The file is not what :meth:`write` writes.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(values["labels"], values["negative_label"], values["entity_types"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}: labels, negative_label and entity_types cannot be read: {error!r}. "
                "Run `dvc repro split`."
            ) from error

    def write(self, path: Path) -> None:
        """Write as JSON."""
        write_json(asdict(self), path)


@dataclass(frozen=True)
class Dataset:
    """The split stage's outputs.

    ``train`` is the canonical table of the labelled rows with their columns of folds, ``test`` that
    of the rows to predict, whose labels may be missing.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    task: Task

    @classmethod
    def read(cls, folder: Path) -> Dataset:
        """Read a split folder.

        Raises:
            DataError: The folder is not what the split stage writes.
        """
        if not (folder / "task.json").is_file():
            raise DataError(f"{folder} is no split. Run `dvc repro split`.")
        return cls(
            train=read_parquet(folder / "train.parquet"),
            test=read_parquet(folder / "test.parquet"),
            task=Task.read(folder / "task.json"),
        )

    def write(self, folder: Path) -> None:
        """Write ``train.parquet``, ``test.parquet`` and ``task.json``."""
        write_parquet(self.train, folder / "train.parquet")
        write_parquet(self.test, folder / "test.parquet")
        self.task.write(folder / "task.json")

    def labelled(self, part: str) -> pd.DataFrame:
        """Return the rows with a label of "validation" (any fold) or "test"."""
        frame = self.train if part == "validation" else self.test
        return frame[frame["label"].notna()]

    def rows(self, part: str, guids: Sequence[str]) -> pd.DataFrame:
        """Return the predicted rows of "validation" (any fold) or "test", in the order of guids.

        Raises:
            DataError: A row is not in the split.
        """
        frame = self.train if part == "validation" else self.test
        places = pd.Index(frame["guid"]).get_indexer(pd.Index(guids))
        unknown = np.flatnonzero(places < 0)
        if len(unknown):
            raise DataError(
                f"{len(unknown)} predicted {part} rows are not in the split, first "
                f"'{guids[int(unknown[0])]}'. Run `dvc repro` so that both are of the same split."
            )
        return frame.take(places)
