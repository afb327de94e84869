"""The last layer at the tokens that are read is that of the full computation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from gwangye.model.last_layer import reading
from tests.families import FAMILIES, IDS, MASK, distilbert, encoder

INDEX = torch.tensor([[4, 1], [0, 3]])


def states(model: PreTrainedModel, index: Tensor | None, mask: Tensor = MASK) -> Tensor:
    with reading(model, index):
        return model(input_ids=IDS, attention_mask=mask).last_hidden_state


@pytest.mark.parametrize("family", FAMILIES)
def test_states_that_are_read_are_the_full_computations(family: str) -> None:
    model = encoder(family)
    full, read = states(model, None), states(model, INDEX)
    for row, (first, second) in enumerate(INDEX.tolist()):
        for token in range(6):
            if token in (first, second):
                assert torch.allclose(read[row, token], full[row, token], atol=1e-6)
            else:
                assert read[row, token].count_nonzero() == 0
    # without padding there is no mask
    everywhere = torch.ones_like(MASK)
    full, read = states(model, None, everywhere), states(model, INDEX, everywhere)
    assert torch.allclose(read[1, 3], full[1, 3], atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_the_full_computations(family: str) -> None:
    gradients = []
    for index in (None, INDEX):
        model = encoder(family, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0).train()
        picked = states(model, index)[torch.arange(2)[:, None], INDEX]
        (picked * torch.linspace(-1, 1, picked.numel()).view_as(picked)).sum().backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    full, read = gradients
    assert full.keys() == read.keys()
    assert len(full) > 30
    for name, gradient in full.items():
        assert torch.allclose(read[name], gradient, atol=1e-5), name


def test_dropout_reaches_every_part_of_the_layer() -> None:
    """With all attention dropped, a token is what the other parts make of it alone."""
    model = encoder("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.999999)
    trained = states(model.train(), INDEX)
    assert not torch.allclose(trained[0, 4], states(model.eval(), INDEX)[0, 4], atol=1e-3)
    hidden = encoder("bert", hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.0).train()
    assert not torch.allclose(states(hidden, INDEX)[0, 4], states(hidden, INDEX)[0, 4], atol=1e-3)


def test_the_layer_is_its_own_again_afterwards() -> None:
    model = encoder("bert")
    full = states(model, None)
    with pytest.raises(KeyError, match="stop"), reading(model, INDEX):
        raise KeyError("stop")
    assert torch.equal(states(model, None), full)
    assert full[0, 2].count_nonzero() == 16


@pytest.mark.parametrize(
    "model",
    [
        encoder("bert", attention="eager"),
        encoder("bert", is_decoder=True),
        distilbert(),
    ],
    ids=["eager attention", "decoder", "another family"],
)
def test_other_encoders_compute_all_tokens(model: PreTrainedModel) -> None:
    assert torch.equal(states(model, INDEX), states(model, None))
