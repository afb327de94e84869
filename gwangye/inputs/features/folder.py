"""The preprocess stage's folder: features, and what a model needs to know of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.examples import (
    Dataset,
    Example,
    Task,
    fold_numbers,
    read_parquet,
    to_examples,
    write_parquet,
)
from gwangye.files import write_json
from gwangye.inputs.features.table import FeatureTable, read_features, write_features
from gwangye.inputs.markers.input_form import InputForm
from gwangye.inputs.tokens.tokenising import prepare_tokenizer, tokenise

ROWS_PER_CHUNK = 4096


@dataclass(frozen=True)
class FeatureFolder:
    """Features of all rows, labelled and test, in one input form.

    ``tokenizer`` is the folder of the tokenizer with the form's markers, ``labelled`` the file of
    the labelled rows themselves, for training that changes their text.
    """

    table: FeatureTable
    form: InputForm
    task: Task
    tokenizer: Path
    labelled: Path

    @classmethod
    def read(cls, folder: Path) -> FeatureFolder:
        """Read what :func:`preprocess` wrote.

        Raises:
            DataError: It did not write this folder.
        """
        if not (folder / "input.json").is_file():
            raise DataError(f"{folder} holds no features. Run `dvc repro preprocess`.")
        form = json.loads((folder / "input.json").read_text(encoding="utf-8"))
        return cls(
            table=read_features(folder / "features.parquet"),
            form=InputForm.from_dict(form),
            task=Task.read(folder / "task.json"),
            tokenizer=folder / "tokenizer",
            labelled=folder / "labelled.parquet",
        )

    def examples(self, guids: NDArray[np.object_]) -> list[Example]:
        """Return the labelled rows with these guids, in their order."""
        frame = read_parquet(self.labelled).set_index("guid", drop=False)
        return list(to_examples(frame.loc[guids.tolist()]))


def preprocess(dataset: Dataset, encoder: Path, form: InputForm, out: Path) -> dict[str, Any]:
    """Tokenise all rows of a split with an encoder's tokenizer, and write a feature folder.

    Returns:
        What ``report.json`` holds: rows, rows that were cut, token lengths.
    """
    tokenizer = _load_tokenizer(encoder)
    added = prepare_tokenizer(tokenizer, form, dataset.task.entity_types)
    repeats = fold_numbers(dataset.train).shape[1]
    lengths: list[Any] = []
    cut: list[Any] = []

    def chunks() -> Iterator[FeatureTable]:
        for part, frame in (("train", dataset.train), ("test", dataset.test)):
            for start in range(0, len(frame), ROWS_PER_CHUNK):
                rows = frame.iloc[start : start + ROWS_PER_CHUNK]
                table = _chunk(rows, part, tokenizer, form, dataset.task, repeats)
                lengths.append(table.lengths)
                cut.append(table.truncated)
                yield table

    rows = write_features(chunks(), out / "features.parquet")
    write_parquet(dataset.train, out / "labelled.parquet")
    tokenizer.save_pretrained(out / "tokenizer")
    write_json(form.to_dict(), out / "input.json")
    dataset.task.write(out / "task.json")
    all_lengths = np.concatenate(lengths)
    report = {
        "rows": rows,
        "cut_rows": int(np.concatenate(cut).sum()),
        "added_tokens": added,
        "tokens": {
            "mean": round(float(all_lengths.mean()), 1),
            "p95": int(np.quantile(all_lengths, 0.95)),
            "max": int(all_lengths.max()),
        },
    }
    write_json(report, out / "report.json")
    return report


def _load_tokenizer(encoder: Path) -> Any:
    """Load the tokenizer; segments are left out where the encoder has embeddings for one only.

    klue/roberta-* come with BERT's tokenizer, whose segment 1 RoBERTa cannot look up.
    """
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    if getattr(AutoConfig.from_pretrained(encoder), "type_vocab_size", 2) >= 2:
        return tokenizer
    names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
    return AutoTokenizer.from_pretrained(encoder, model_input_names=names)


def _chunk(
    frame: pd.DataFrame, part: str, tokenizer: Any, form: InputForm, task: Task, repeats: int
) -> FeatureTable:
    # test rows have no fold, yet a file's rows are all equally wide
    folds = fold_numbers(frame) if part == "train" else np.full((len(frame), repeats), -1)
    return tokenise(list(to_examples(frame)), tokenizer, form).with_columns(
        parts=[part] * len(frame), folds=folds, label_ids=task.label_ids(frame).tolist()
    )
