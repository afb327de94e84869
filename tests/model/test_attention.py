"""Attention with dropout: without chance it is torch's, and chance is as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AutoModel, PreTrainedModel

from gwangye.model.attention import FAST_DROPOUT, attention_forward, bert_layers, use_fast_attention
from tests.families import FAMILIES, IDS, MASK, distilbert, encoder


def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 4, 5, 8, requires_grad=True) for _ in range(3))
    mask = torch.ones(2, 1, 5, 5, dtype=torch.bool)
    mask[1, :, :, 3:] = False
    return query, key, value, mask


# one weight in 65,536 is dropped: none of the few here, by their seed, but the long way is gone
NEVER = 2e-5


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("p", [0.0, NEVER])
def test_without_a_dropped_weight_it_is_torchs_attention(masked: bool, p: float) -> None:
    query, key, value, mask = inputs()
    given = mask if masked else None
    expected = scaled_dot_product_attention(query, key, value, attn_mask=given, scale=0.3)
    found, _ = attention_forward(
        torch.nn.Identity(), query, key, value, given, p, 0.3, is_causal=False
    )
    assert torch.allclose(found.transpose(1, 2), expected, atol=1e-4)
    of = torch.linspace(-1, 1, expected.numel()).view_as(expected)
    for mine, theirs in zip(
        torch.autograd.grad((found.transpose(1, 2) * of).sum(), (query, key, value)),
        torch.autograd.grad((expected * of).sum(), (query, key, value)),
        strict=True,
    ):
        assert torch.allclose(mine, theirs, atol=1e-4)


def test_weights_are_dropped_with_their_probability_and_none_of_a_padded_token_is_read() -> None:
    """All tokens are alike, so the output is the share of kept weights, scaled: on average 1."""
    torch.manual_seed(0)
    same = torch.ones(8, 4, 100, 2)
    mask = torch.ones(8, 1, 100, 100, dtype=torch.bool)
    mask[..., 60:] = False
    value = same.clone()
    value[:, :, 60:] = float("1e30")
    found, _ = attention_forward(torch.nn.Identity(), same, same, value, mask, 0.25, 1.0)
    kept = found * 0.75 * 60  # how many of a token's 60 weights are kept: binomial, p = 0.75
    assert torch.allclose(kept, kept.round(), atol=1e-2)
    counts = kept[..., 0]
    assert counts.mean().item() == pytest.approx(45, abs=0.3)
    assert counts.var().item() == pytest.approx(60 * 0.25 * 0.75, abs=1.5)


@pytest.mark.parametrize("family", FAMILIES)
def test_encoders_predict_as_before(family: str) -> None:
    model = encoder(family)
    before = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    use_fast_attention(model)
    assert model.config._attn_implementation == FAST_DROPOUT
    assert bert_layers(model) is model.encoder.layer
    after = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    assert torch.equal(after, before)
    # in training weights are dropped: by the seed, and others than torch's
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(model.train()(input_ids=IDS, attention_mask=MASK).last_hidden_state)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.allclose(drawn[0], drawn[2], atol=1e-3)


def test_padding_is_not_seen_in_training() -> None:
    """With next to no dropout the real tokens' states are those of evaluation."""
    model = encoder("bert", attention_probs_dropout_prob=NEVER, hidden_dropout_prob=0.0)
    expected = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    use_fast_attention(model)
    found = model.train()(input_ids=IDS, attention_mask=MASK).last_hidden_state
    assert torch.allclose(found[0], expected[0], atol=1e-3)
    assert torch.allclose(found[1, :4], expected[1, :4], atol=1e-3)


def test_the_name_is_not_saved(tmp_path: Path) -> None:
    model = encoder("bert")
    use_fast_attention(model)
    model.save_pretrained(tmp_path)
    assert FAST_DROPOUT not in (tmp_path / "config.json").read_text(encoding="utf-8")
    assert AutoModel.from_pretrained(tmp_path).config._attn_implementation == "sdpa"


@pytest.mark.parametrize(
    "model",
    [encoder("bert", is_decoder=True), distilbert()],
    ids=["decoder", "another family"],
)
def test_other_encoders_keep_their_attention(model: PreTrainedModel) -> None:
    use_fast_attention(model)
    assert bert_layers(model) is None
    assert model.config._attn_implementation == "sdpa"
