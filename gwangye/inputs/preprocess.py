"""Tokenise all rows of a split in one input form: what the preprocess stage does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gwangye.examples import Dataset, Task, fold_numbers, to_examples, write_parquet
from gwangye.files import write_json
from gwangye.inputs.features.table import FeatureTable, write_features
from gwangye.inputs.markers.input_form import InputForm
from gwangye.inputs.tokens.tokenising import prepare_tokenizer, tokenise

ROWS_PER_CHUNK = 4096


def preprocess(dataset: Dataset, encoder: Path, form: InputForm, target: Path) -> dict[str, Any]:
    """Tokenise all rows of a split and write a feature folder.

    Args:
        dataset: The split.
        encoder: Folder of the encoder, for its tokenizer.
        form: The input form.
        target: The folder to write.

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

    rows = write_features(chunks(), target / "features.parquet")
    write_parquet(dataset.train, target / "labelled.parquet")
    tokenizer.save_pretrained(target / "tokenizer")
    write_json(form.to_dict(), target / "input.json")
    dataset.task.write(target / "task.json")
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
    write_json(report, target / "report.json")
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
