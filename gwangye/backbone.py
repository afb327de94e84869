"""Encoders as the heads need them: token states, without a pooler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

WITH_POOLER = {"bert", "camembert", "ernie", "roberta", "xlm-roberta"}


def load_encoder(name_or_path: str | Path) -> PreTrainedModel:
    """Load a pretrained encoder from a folder or, by its name, from the hub."""
    config = AutoConfig.from_pretrained(name_or_path)
    return AutoModel.from_pretrained(name_or_path, **_options(config))


def encoder_from_config(config: PretrainedConfig) -> PreTrainedModel:
    """Return an encoder with fresh weights."""
    return AutoModel.from_config(config, **_options(config))


def _options(config: PretrainedConfig) -> dict[str, Any]:
    """Leave a BERT-like pooler out: heads read token states, it would never get a gradient."""
    return {"add_pooling_layer": False} if config.model_type in WITH_POOLER else {}
