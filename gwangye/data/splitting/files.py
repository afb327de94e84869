"""From two files to a dataset with folds: what the split stage does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gwangye.data.duplicates import drop_duplicates
from gwangye.data.labels import label_list, read_labels
from gwangye.data.options import Data, Split
from gwangye.data.reading import ReadResult, read_examples
from gwangye.data.splitting import STRATEGIES
from gwangye.data.splitting.groups import NEVER
from gwangye.data.splitting.report import data_report
from gwangye.errors import DataError
from gwangye.examples import COLUMNS, Dataset, Task, make_frame


@dataclass(frozen=True)
class SplitResult:
    """A dataset, the data report, and the rows that were left out with the reason."""

    dataset: Dataset
    report: dict[str, Any]
    rejected: pd.DataFrame


def split_files(data: Data, split: Split, seed: int) -> SplitResult:
    """Read both files, check every row, and give each labelled row its fold.

    The k-th fold of the r-th repeat (both from 0) has the number ``r * split.num_folds + k``; a row
    that no fold of it validates has -1. Rows are dropped after folds are given, so that those which
    stay are validated in the same fold whether or not others are dropped.

    Args:
        data: Which files, and how they are read. The test file is empty (no byte) if there is none.
        split: How validation rows are chosen.
        seed: Seed of the draw of rows and of the folds; the r-th repeat draws with ``seed + r``.

    Raises:
        DataError: A row is invalid (with ``data.on_invalid: error``), or a row of the labelled
            file has no label.
        ParameterError: The split cannot be made of these rows.
    """
    train, test = Path(data.train), Path(data.test)
    strategy = STRATEGIES.build(split.strategy, "split.strategy")
    labels = read_labels(Path(data.labels)) if data.labels else None
    reading: dict[str, Any] = {
        "columns": data.columns,
        "entity_types": data.entity_types,
        "on_invalid": data.on_invalid,
    }
    read = read_examples(train, labels=labels, **reading)
    unlabelled = read.frame.loc[read.frame["label"].isna(), "guid"]
    if len(unlabelled):
        raise DataError(
            f"{train}: {len(unlabelled)} rows have no label, first '{unlabelled.iloc[0]}'. "
            "data.train must be labelled: name its label column in data.columns, and put rows to "
            "predict into data.test."
        )
    names = labels or label_list(read.frame, data.negative_label)
    read_test = _read_test(test, labels=names, **reading)
    frame = read.frame
    if data.max_train_examples is not None:
        frame = sample_rows(frame, data.max_train_examples, seed)
    frame = frame.reset_index(drop=True)
    for repeat in range(split.num_repeats):
        column = "fold" if repeat == 0 else f"fold_{repeat + 1}"
        fold = strategy.assign(frame, split.num_folds, seed + repeat)
        frame[column] = np.where(fold == NEVER, NEVER, repeat * split.num_folds + fold)
    frame, dropped = drop_duplicates(
        frame,
        exact=data.duplicates == "drop",
        contradicting=data.contradictions == "drop",
    )
    rejected = pd.concat([read.rejected, read_test.rejected], ignore_index=True)
    task = Task(names, data.negative_label, data.entity_types)
    return SplitResult(
        dataset=Dataset(frame, read_test.frame, task),
        report=data_report(frame, read_test.frame, rejected, dropped),
        rejected=rejected,
    )


def _read_test(path: Path, **reading: Any) -> ReadResult:
    """Read the file to predict; an empty file (no byte) says that there is none."""
    if path.is_file() and path.stat().st_size == 0:
        return ReadResult(make_frame({name: [] for name in COLUMNS}), pd.DataFrame())
    return read_examples(path, **reading)


def sample_rows(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Draw rows so that labels keep their shares and no label is lost.

    Each label gives about ``n * share`` rows, rounded up for the rare ones: every label keeps a
    row as long as ``n`` is at least the number of labels. No label counts as one more label.

    Returns:
        ``n`` rows in the order of the table, with a fresh index; the whole table where it has
        no more than ``n``.
    """
    if n >= len(frame):
        return frame.reset_index(drop=True)
    order = np.random.default_rng(seed).permutation(len(frame))
    shuffled = frame["label"].fillna("").iloc[order]
    by_label = shuffled.groupby(shuffled, sort=False)
    # The i-th of a label's k rows comes at i/k: cutting at any point keeps the labels' shares.
    position = by_label.cumcount().to_numpy() / by_label.transform("size").to_numpy()
    chosen = order[np.argsort(position, kind="stable")[:n]]
    return frame.iloc[np.sort(chosen)].reset_index(drop=True)
