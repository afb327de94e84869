"""Attention with dropout, for training on a processor.

On a processor torch has one fused attention, without dropout. With dropout it goes step by step:
draws a number for each weight, one after the other, guards the softmax against tokens that see
nothing, and scales queries and keys apart. Here it is two products and a softmax, with
:func:`gwangye.model.dropout.fast_dropout`.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from gwangye.model.dropout import fast_dropout

FAST_DROPOUT = "fast_dropout"
"""The name of this attention among transformers' attention implementations."""

BERT_LAYERS = {"BertLayer", "CamembertLayer", "ElectraLayer", "RobertaLayer", "XLMRobertaLayer"}
"""transformers' layers that are BERT's: bidirectional, and padding is all that is masked."""


def bert_layers(encoder: PreTrainedModel) -> nn.ModuleList | None:
    """Return the layers of an encoder that is built as BERT is, or None.

    Its attention is torch's (``sdpa``) or :data:`FAST_DROPOUT`.
    """
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    usual = (
        isinstance(layers, nn.ModuleList)
        and len(layers) > 0
        and type(layers[-1]).__name__ in BERT_LAYERS
        and encoder.config._attn_implementation in ("sdpa", FAST_DROPOUT)
        and not getattr(encoder.config, "is_decoder", False)
    )
    return layers if usual else None


def use_fast_attention(encoder: PreTrainedModel) -> None:
    """Let a BERT-like encoder drop attention weights fast, in place; others stay as they are."""
    if bert_layers(encoder) is not None:
        encoder.set_attn_implementation(FAST_DROPOUT)


def attention_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Compute attention as transformers' ``sdpa`` does; with dropout, other weights are dropped.

    Args:
        module: The layer's attention.
        query: (batch, heads, queries, size).
        key: (batch, heads, tokens, size).
        value: (batch, heads, tokens, size).
        attention_mask: (batch, 1, queries, tokens), True where a query sees a token; each sees one.
        dropout: Probability of a weight to be dropped; 0 in evaluation.
        scaling: What the products are multiplied by.
        **kwargs: As for ``sdpa``.

    Returns:
        (batch, queries, heads, size), and None for the weights.
    """
    if dropout == 0 or scaling is None or query.device.type != "cpu":
        context: Tensor = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )[0]
        return context, None
    scores = (query * scaling) @ key.transpose(-1, -2)
    if attention_mask is not None:
        # one number for all heads is added, which is faster than to fill the scores
        hidden = scores.new_zeros(attention_mask.shape)
        scores = scores + hidden.masked_fill_(~attention_mask, float("-inf"))
    weights = fast_dropout(scores.softmax(dim=-1), dropout)
    return (weights @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(FAST_DROPOUT, attention_forward)
AttentionMaskInterface.register(FAST_DROPOUT, sdpa_mask)
