from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gwangye.encoders.loading import load_encoder
from gwangye.errors import DataError
from tests.tiny import write_tiny_encoder

LAYER = "encoder.layer.1.output"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_encoder(tmp_path / "tiny")


def rewrite(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def test_weights_are_the_folders(folder: Path) -> None:
    stored = load_file(folder / "model.safetensors")
    loaded = load_encoder(folder).state_dict()
    assert set(loaded) == set(stored)
    assert all(torch.equal(loaded[name], stored[name]) for name in stored)


def test_missing_layer_is_refused(folder: Path) -> None:
    rewrite(folder, lambda weights: {n: w for n, w in weights.items() if LAYER not in n})
    message = (
        f"{folder}' is not a complete encoder: {LAYER}.LayerNorm.bias is missing, "
        f"{LAYER}.LayerNorm.weight is missing, {LAYER}.dense.bias is missing, and 1 more. Fetch"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        load_encoder(folder)


def test_one_missing_weight_is_refused(folder: Path) -> None:
    rewrite(
        folder, lambda weights: {n: w for n, w in weights.items() if n != f"{LAYER}.dense.bias"}
    )
    message = f"encoder: {LAYER}.dense.bias is missing. Fetch the weights again"
    with pytest.raises(DataError, match=re.escape(message)):
        load_encoder(folder)


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    rewrite(folder, lambda weights: {**weights, f"{LAYER}.dense.bias": torch.zeros(7)})
    message = f"encoder: {LAYER}.dense.bias is (7,) and should be (32,). Fetch"
    with pytest.raises(DataError, match=re.escape(message)):
        load_encoder(folder)


def test_weights_of_a_larger_model_hold_the_encoders(folder: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig.from_pretrained(folder)
    BertForMaskedLM(config).save_pretrained(folder)
    stored = load_file(folder / "model.safetensors")
    loaded = load_encoder(folder).state_dict()
    assert all(torch.equal(weight, stored[f"bert.{name}"]) for name, weight in loaded.items())


def test_missing_pooler_is_no_fault(folder: Path) -> None:
    from transformers import AlbertConfig, AlbertForMaskedLM

    config = AlbertConfig(
        vocab_size=8, embedding_size=8, hidden_size=32, num_attention_heads=4, intermediate_size=64
    )
    AlbertForMaskedLM(config).save_pretrained(folder)  # which has none, unlike AlbertModel
    assert "pooler.weight" in load_encoder(folder).state_dict()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda whole: whole[:-1000], "incomplete metadata, file not fully covered"),
        (lambda whole: whole[:8], "invalid header length"),
        (lambda _: b"", "header too small"),
        (lambda _: b"<html>not found</html>", "header too large"),
    ],
    ids=["truncated", "header", "empty", "page"],
)
def test_damaged_safetensors_are_refused(
    content: Callable[[bytes], bytes], reason: str, folder: Path
) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(content(path.read_bytes()))
    message = rf"tiny' is not a complete encoder: its weights cannot be read \(.*{reason}\)\. Fetch"
    with pytest.raises(DataError, match=message):
        load_encoder(folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda whole: whole[:-1000], "PytorchStreamReader failed"),
        (lambda _: b"", r"EOFError\)"),
        (lambda _: b"<html>not found</html>", "Weights only load failed"),
    ],
    ids=["truncated", "empty", "page"],
)
def test_damaged_torch_files_are_refused(
    content: Callable[[bytes], bytes], reason: str, folder: Path
) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    path = folder / "pytorch_model.bin"
    assert load_encoder(folder).num_parameters() > 0
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(DataError, match=rf"its weights cannot be read \({reason}"):
        load_encoder(folder)
