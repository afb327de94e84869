"""What the split stage hands on: checked examples with folds, and what the relations are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, did_you_mean
from gwangye.examples import read_parquet, write_parquet


@dataclass(frozen=True)
class Task:
    """What the relations are.

    Args:
        labels: Relation names; a label's id is its place here.
        negative_label: The label that means "none of the relations", or None.
        entity_types: The entity types that examples may have.

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
        index = {label: i for i, label in enumerate(self.labels)}
        labels = frame["label"]
        unknown = labels[labels.notna() & ~labels.isin(self.labels)]
        if len(unknown):
            label = str(unknown.iloc[0])
            raise DataError(
                f"{len(unknown)} rows have a label that is not one of the {len(index)} relations, "
                f"first '{label}'. {did_you_mean(label, self.labels)}"
            )
        return np.array([index.get(label, -1) for label in labels], dtype=np.int64)

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

    Args:
        train: Canonical table of the labelled rows, and ``fold``: the fold that validates the row;
            ``fold_2``, ``fold_3``, ... where the split is repeated.
        test: Canonical table of the rows to predict; labels may be missing.
        task: The relations.
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


def write_json(values: Mapping[str, Any], path: Path) -> None:
    """Write JSON as a person reads it: indented, Korean as Korean, with a final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
