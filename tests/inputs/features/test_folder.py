from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.examples import COLUMNS, Dataset, Task
from gwangye.inputs.features.folder import FeatureFolder, preprocess
from gwangye.inputs.markers.input_form import InputForm

SENTENCE = "한빛서점은 도예린이 세웠다."
ROW = ("a", SENTENCE, "한빛서점", 0, 4, "ORG", "도예린", 6, 9, "PER", None, None)
TASK = Task(["no_relation", "org:founded_by"], "no_relation", ["ORG", "PER"])
MARKERS = {"name": "entity_marker", "max_length": 12}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**dict(zip(COLUMNS, ROW, strict=True)), **row} for row in rows])


@pytest.fixture
def dataset() -> Dataset:
    train = frame(
        {"guid": "a", "label": "org:founded_by", "fold": 0},
        {"guid": "b", "label": "no_relation", "fold": 1},
    )
    return Dataset(train, frame({"guid": "c"}), TASK)


@pytest.fixture
def encoder(tmp_path: Path, tokenizer: Callable[[str], Any]) -> Callable[..., Path]:
    """Return a maker of an encoder folder: a WordPiece tokenizer and a configuration."""

    def make(**config: Any) -> Path:
        folder = tmp_path / "encoder"
        tokenizer("wordpiece").save_pretrained(folder)
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        return folder

    return make


def test_folder_is_complete(tmp_path: Path, dataset: Dataset, encoder: Callable[..., Path]) -> None:
    from transformers import AutoTokenizer

    form = InputForm.from_params(MARKERS, "inputs.own")
    report = preprocess(dataset, encoder(model_type="bert"), form, tmp_path / "own")
    folder = FeatureFolder.read(tmp_path / "own")
    assert folder.form == form
    assert folder.task == TASK
    assert folder.table.guids.tolist() == ["a", "b", "c"]
    assert folder.table.parts.tolist() == ["train", "train", "test"]
    assert folder.table.folds.tolist() == [[0], [1], [-1]]
    assert folder.table.label_ids.tolist() == [1, 0, -1]
    chosen = folder.examples(np.array(["b", "a"], dtype=object))
    assert [(example.guid, example.label) for example in chosen] == [
        ("b", "no_relation"),
        ("a", "org:founded_by"),
    ]
    assert chosen[1].sentence == dataset.train["sentence"][0]
    # without "세웠다" and ".": the ends of the sentence are farthest
    tokens = AutoTokenizer.from_pretrained(folder.tokenizer).convert_ids_to_tokens(
        folder.table.row(2)["input_ids"].tolist()
    )
    assert " ".join(tokens) == "[CLS] [E1] 한빛 ##서점 [/E1] 은 [E2] 도 ##예린 [/E2] 이 [SEP]"
    assert report == {
        "rows": 3,
        "cut_rows": 3,
        "added_tokens": 4,
        "tokens": {"mean": 12.0, "p95": 12, "max": 12},
    }
    assert json.loads((tmp_path / "own" / "report.json").read_text("utf-8")) == report


@pytest.mark.parametrize(
    ("config", "segments"),
    [
        ({"model_type": "bert"}, True),
        # klue/roberta-*: BERT's tokenizer beside embeddings for one segment
        ({"model_type": "roberta", "type_vocab_size": 1}, False),
    ],
)
def test_segments_only_where_the_encoder_has_them(
    tmp_path: Path,
    dataset: Dataset,
    encoder: Callable[..., Path],
    config: dict[str, Any],
    segments: bool,
) -> None:
    from transformers import AutoTokenizer

    form = InputForm.from_params({"name": "none", "query": {"name": "pair"}}, "inputs.own")
    preprocess(dataset, encoder(**config), form, tmp_path / "own")
    folder = FeatureFolder.read(tmp_path / "own")
    assert ("token_type_ids" in folder.table.row(0)) is segments
    # the tokenizer that models are saved with says the same, for rows to come
    inputs = AutoTokenizer.from_pretrained(folder.tokenizer).model_input_names
    assert ("token_type_ids" in inputs) is segments


def test_no_test_rows(tmp_path: Path, dataset: Dataset, encoder: Callable[..., Path]) -> None:
    form = InputForm.from_params({"name": "none"}, "inputs.own")
    only_train = Dataset(dataset.train, dataset.test.iloc[:0], TASK)
    assert preprocess(only_train, encoder(model_type="bert"), form, tmp_path / "own")["rows"] == 2


def test_folder_without_features(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no features\. Run `dvc repro preprocess`\."):
        FeatureFolder.read(tmp_path)
