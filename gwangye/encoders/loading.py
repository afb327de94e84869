"""Encoders as the heads need them: token states, without a pooler."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from gwangye.errors import DataError

WITH_POOLER = {"bert", "camembert", "ernie", "roberta", "xlm-roberta"}
MAX_NAMED = 3
"""Weights that an error message names."""


def load_encoder(name_or_path: str | Path) -> PreTrainedModel:
    """Load a pretrained encoder from a folder or, by its name, from the hub.

    Raises:
        DataError: The weights cannot be read, or leave a part of the encoder without a value.
    """
    config = AutoConfig.from_pretrained(name_or_path)
    try:
        encoder, report = AutoModel.from_pretrained(
            name_or_path,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are reported, so that the message can name them
            **_options(config),
        )
    # a damaged model.safetensors, and three ways in which a pytorch_model.bin can be damaged
    except (SafetensorError, EOFError, UnpicklingError, RuntimeError) as error:
        raise DataError(
            f"'{name_or_path}' is not a complete encoder: its weights cannot be read "
            f"({first_line(error)}). Fetch them again."
        ) from error
    _check_weights(name_or_path, report)
    return encoder


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, without its full stop; its type if none."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def _check_weights(name_or_path: str | Path, report: dict[str, Any]) -> None:
    """Refuse gaps in the weights: transformers fills them with random numbers and only warns."""
    faults = [
        f"{name} is missing"
        for name in sorted(report["missing_keys"])
        if not name.startswith("pooler.")  # some families build one always; no head reads it
    ]
    faults += [
        f"{name} is {tuple(found)} and should be {tuple(expected)}"
        for name, found, expected in sorted(report["mismatched_keys"])
    ]
    if faults:
        more = f", and {len(faults) - MAX_NAMED} more" if len(faults) > MAX_NAMED else ""
        raise DataError(
            f"'{name_or_path}' is not a complete encoder: {', '.join(faults[:MAX_NAMED])}{more}. "
            "Fetch the weights again, or correct config.json if it is not theirs."
        )


def encoder_from_config(config: PretrainedConfig) -> PreTrainedModel:
    """Return an encoder with fresh weights."""
    return AutoModel.from_config(config, **_options(config))


def _options(config: PretrainedConfig) -> dict[str, Any]:
    """Leave a BERT-like pooler out: heads read token states, it would never get a gradient."""
    return {"add_pooling_layer": False} if config.model_type in WITH_POOLER else {}
