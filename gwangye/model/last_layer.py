"""The encoder's last layer, computed only for the tokens that are read.

Most heads read two or four tokens of a sentence. What the last layer makes of the others is never
used: neither its queries, nor the attention's output, nor the feed-forward part. That is five
sixths of a layer's work (keys and values are needed of all tokens): a fifth of a four-layer
encoder's, a fourteenth of a twelve-layer one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from gwangye.model.attention import bert_layers


@contextmanager
def reading(encoder: PreTrainedModel, index: Tensor | None) -> Iterator[None]:
    """Let an encoder compute the last layer for some tokens only.

    Within the context the encoder's last hidden state is that of the full computation at these
    positions, and 0 elsewhere. Dropout draws other numbers than in the full computation. A model
    that ``torch.compile`` compiles computes all tokens.

    Args:
        encoder: A BERT-like encoder; any other one computes all tokens.
        index: (batch, n) positions of real tokens, none twice in a row; None for all tokens.
    """
    layers = bert_layers(encoder)
    # the compiler cannot follow a forward that is replaced for one call
    if index is None or layers is None or torch.compiler.is_compiling():
        yield
        return
    layer: Any = layers[-1]

    def forward(hidden: Tensor, attention_mask: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
        return _layer_at(layer, hidden, attention_mask, index)

    layer.forward = forward
    try:
        yield
    finally:
        del layer.forward  # the class's own is there again


def _layer_at(layer: Any, hidden: Tensor, mask: Tensor | None, index: Tensor) -> Tensor:
    """Compute a layer at (batch, n) positions of (batch, length, width) states, 0 elsewhere."""
    rows = torch.arange(len(hidden), device=hidden.device)[:, None]
    read = hidden[rows, index]  # (batch, n, width)
    attention = layer.attention.self
    heads = (attention.num_attention_heads, attention.attention_head_size)
    query, key, value = (
        projection(states).unflatten(-1, heads).transpose(1, 2)
        for projection, states in (
            (attention.query, read),
            (attention.key, hidden),
            (attention.value, hidden),
        )
    )
    attend = ALL_ATTENTION_FUNCTIONS[attention.config._attn_implementation]
    context, _ = attend(
        attention,
        query,
        key,
        value,
        # padding is masked alike for all queries, and the first token is never padding
        None if mask is None else mask[:, :, :1],
        dropout=attention.dropout.p if layer.training else 0.0,
        scaling=attention.scaling,
    )
    attended = layer.attention.output(context.flatten(2), read)
    states: Tensor = layer.feed_forward_chunk(attended)
    full = states.new_zeros(*hidden.shape[:2], states.shape[-1])
    full[rows, index] = states
    return full
