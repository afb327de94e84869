"""The table that predict and ensemble write: guid, part, one probability per relation.

Where a variant was trained with several seeds, its table has a column ``seed`` too, and a row for
every guid and seed. Whoever reads it without naming a seed gets the mean over the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError

PARTS = ("validation", "test")


def prediction_table(
    guids: Sequence[str],
    part: str | Sequence[str],
    probabilities: NDArray[np.floating],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Put (rows, relations) probabilities into a table; ``part`` is of all rows, or one per row.

    Raises:
        ValueError: ``probabilities`` has another number of rows than ``guids``, or of columns than
            ``labels``.
    """
    keys = pd.DataFrame({"guid": list(guids), "part": part}, dtype="object")
    # with the index given, another number of rows is an error and not a row of missing values
    columns = pd.DataFrame(probabilities.astype(np.float32), columns=list(labels), index=keys.index)
    return pd.concat([keys, columns], axis=1)


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a prediction table as Parquet, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def read_predictions(path: Path, labels: Sequence[str], seed: int | None = None) -> pd.DataFrame:
    """Read a prediction table and check that it is of these relations.

    Returns:
        The predictions of a seed, or the mean over all of them, without the column ``seed``.

    Raises:
        DataError: The file is missing, its columns are not ``guid``, ``part`` and ``labels``, or
            it holds no predictions of this seed.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist. Run `dvc repro`, which predicts.")
    table = pd.read_parquet(path)
    expected = ["guid", "part", *labels]
    seeds = table.pop("seed") if "seed" in table.columns else None
    if list(table.columns) != expected:
        differ = sorted(set(table.columns) ^ set(expected)) or "only in their order"
        raise DataError(
            f"{path}: its columns are not this split's relations; they differ: {differ}. "
            "Run `dvc repro`, so that both are of the same split."
        )
    if seed is None:
        return table if seeds is None else mean_by_row(table)
    if seeds is None or seed not in set(seeds):
        trained = "a single one" if seeds is None else sorted(set(seeds))
        raise DataError(
            f"{path} holds no predictions of seed {seed}; it holds {trained}. Run `dvc repro`."
        )
    return table.loc[seeds == seed].reset_index(drop=True)


def predictions_file(data: Path, model: str) -> Path:
    """Return where a model's predictions are, "ensemble" or a variant, below the data folder."""
    if model == "ensemble":
        return data / "ensemble" / "predictions.parquet"
    return data / "predictions" / f"{model}.parquet"


def read_member(data: Path, member: str, labels: Sequence[str]) -> pd.DataFrame:
    """Read the predictions of an ensemble's member: ``<variant>``, or ``<variant>/<seed>``."""
    variant, _, seed = member.partition("/")
    path = predictions_file(data, variant)
    return read_predictions(path, labels, int(seed) if seed else None)


def mean_by_row(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean probabilities of rows that are predicted several times, in their order."""
    probabilities = table.columns.drop(["part", "guid"])
    double = table.astype(dict.fromkeys(probabilities, "float64"))
    mean = double.groupby(["part", "guid"], sort=False).mean().astype("float32").reset_index()
    # grouping may turn text columns into another dtype
    return mean[table.columns].astype(table.dtypes[["guid", "part"]].to_dict())


class Stacked(NamedTuple):
    """Several members' predictions of the same rows."""

    guids: list[str]
    parts: list[str]
    probabilities: NDArray[np.float64]  # (members, rows, relations)


def stack(tables: Mapping[str, pd.DataFrame], labels: Sequence[str]) -> Stacked:
    """Line up the members' predictions row by row; the first one gives the order of rows.

    Raises:
        ParameterError: There is no table.
        DataError: A member predicts other rows than the first one, or a row twice.
    """
    if not tables:
        raise ParameterError("ensemble.members names no variant. Name one or more of them.")
    first = next(iter(tables))
    keys = tables[first].set_index(["part", "guid"]).index
    aligned = []
    for name in tables:
        check_once(tables[name], f"'{name}'")
        table = tables[name].set_index(["part", "guid"])
        differing = sorted(set(keys) ^ set(table.index))
        if differing:
            raise DataError(
                f"'{name}' and '{first}' do not predict the same rows: {len(differing)} differ, "
                f"first {differing[0]}. Run `dvc repro` so that both are of the same split."
            )
        aligned.append(table.loc[keys, list(labels)].to_numpy(dtype=np.float64))
    return Stacked(
        guids=tables[first]["guid"].tolist(),
        parts=tables[first]["part"].tolist(),
        probabilities=np.stack(aligned),
    )


def check_once(table: pd.DataFrame, where: str) -> None:
    """Check that every row is predicted once.

    Raises:
        DataError: A guid stands twice in one part.
    """
    twice = table[table.duplicated(["part", "guid"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"{where} holds {len(twice)} rows a second time, first '{row['guid']}' "
            f"({row['part']}). Run `dvc repro` to predict again."
        )


def submission(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Return the test rows in the Boostcamp competition's form: id, pred_label, probs.

    ``probs`` is a JSON list in the order of ``labels``; the competition wants the order of its
    own label dictionary, which `data.labels` takes as a file.
    """
    rows = table[table["part"] == "test"]
    probabilities = rows[list(labels)].to_numpy(dtype=np.float64)
    chosen = probabilities.argmax(axis=1) if len(rows) else []
    return pd.DataFrame(
        {
            "id": rows["guid"].tolist(),
            "pred_label": [labels[i] for i in chosen],
            "probs": ["[" + ", ".join(f"{p:.6f}" for p in row) + "]" for row in probabilities],
        }
    )
