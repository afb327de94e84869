"""Small encoders with random weights of transformers' families, and a batch for them."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModel, PreTrainedModel

FAMILIES = ["bert", "camembert", "electra", "roberta", "xlm-roberta"]
"""Those that are built as BERT is."""

SIZES = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "pad_token_id": 1,
}
IDS = torch.tensor([[5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 1, 1]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])


def encoder(family: str, attention: str = "sdpa", **options: object) -> PreTrainedModel:
    """An encoder in evaluation mode, the same at every call."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **SIZES, **options)
    return AutoModel.from_config(config, attn_implementation=attention).eval()


def distilbert() -> PreTrainedModel:
    """An encoder that is not built as BERT is."""
    config = AutoConfig.for_model(
        "distilbert", vocab_size=40, dim=16, n_layers=1, n_heads=4, hidden_dim=24
    )
    return AutoModel.from_config(config).eval()
