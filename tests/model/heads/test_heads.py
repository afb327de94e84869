from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gwangye.errors import ParameterError
from gwangye.model.heads import HEADS
from gwangye.model.heads.modules import AttentionHead, EntityMeanHead, RBertHead, TokenHead

# every registered head with every way it pools
CHOICES: list[dict[str, Any]] = [
    {"name": "cls"},
    {"name": "entity_start"},
    {"name": "entity_start_end"},
    {"name": "entity_mean"},
    {"name": "rbert"},
    *({"name": name, "pooling": p} for name in ("bilstm", "bigru") for p in
      ("entity_start", "last", "max")),
    {"name": "bilstm", "num_layers": 2},
    {"name": "attention"},
]  # fmt: skip
ids = ["-".join(map(str, choice.values())) for choice in CHOICES]

# 6 tokens of width 1, so that a state can be read off the output
HIDDEN = torch.tensor([[[1.0], [2.0], [4.0], [8.0], [16.0], [32.0]]])
MASK = torch.ones(1, 6, dtype=torch.long)
# subject: markers at 4 and 5 around nothing but token 4; object: markers at 1 and 3, tokens 2–3
POSITIONS = torch.tensor([[[4, 4, 5, 5], [1, 2, 4, 3]]])


def head(choice: dict[str, Any], hidden_size: int = 8, num_labels: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return HEADS.build(choice, "head").build(hidden_size, num_labels).eval()


def test_every_head_is_in_the_table() -> None:
    assert {choice["name"] for choice in CHOICES} == set(HEADS)


# head, the tokens it reads, the features that reach its linear layer
SELECTED = [
    ("cls", [0], [1.0]),
    # subject first, although the object stands before it
    ("entity_start", [4, 1], [16.0, 2.0]),
    ("entity_start_end", [4, 5, 1, 3], [16.0, 32.0, 2.0, 8.0]),
    ("entity_mean", None, [16.0, 6.0]),  # (4 + 8) / 2
]


@pytest.mark.parametrize(("name", "tokens", "expected"), SELECTED)
def test_token_heads_read_the_recorded_positions(
    name: str, tokens: list[int] | None, expected: list[float]
) -> None:
    module = head({"name": name}, hidden_size=1)
    assert isinstance(module, TokenHead | EntityMeanHead)
    if tokens is not None:
        assert module.reads(POSITIONS).tolist() == [tokens]
    features: list[Tensor] = []
    module.dropout.register_forward_hook(lambda _, inputs, __: features.append(inputs[0]))
    module.output.weight.data.fill_(1.0)
    assert module(HIDDEN, MASK, POSITIONS).tolist() == [[sum(expected)] * 3]
    assert features[0].tolist() == [expected]


def test_rbert_by_hand() -> None:
    module = head({"name": "rbert"}, hidden_size=1, num_labels=1)
    assert isinstance(module, RBertHead)
    for layer, weight in ((module.first, 2.0), (module.entity, 3.0), (module.output, 1.0)):
        layer.weight.data.fill_(weight)
    # 2·tanh(1) + 3·tanh(16) + 3·tanh(6)
    assert module(HIDDEN, MASK, POSITIONS).item() == pytest.approx(
        1.52319 + 3.0 + 2.99996, abs=1e-4
    )


def test_attention_by_hand() -> None:
    module = head({"name": "attention", "attention_size": 1}, hidden_size=1, num_labels=1)
    assert isinstance(module, AttentionHead)
    module.project.weight.data.zero_()  # equal scores: the plain mean of the real tokens
    module.output.weight.data.fill_(1.0)
    mask = torch.tensor([[1, 1, 1, 0, 0, 0]])
    assert module(HIDDEN, mask, POSITIONS).item() == pytest.approx(7 / 3)


def test_attention_weighs_by_tanh_of_the_states() -> None:
    module = head({"name": "attention", "attention_size": 1}, hidden_size=1, num_labels=1)
    assert isinstance(module, AttentionHead)
    for layer in (module.project, module.score, module.output):
        layer.weight.data.fill_(1.0)
    mask = torch.tensor([[1, 1, 0, 0, 0, 0]])
    # tokens 1 and 2: e^tanh(1) = 2.14168, e^tanh(2) = 2.62224; (2.14168 + 2·2.62224)/4.76392
    assert module(HIDDEN, mask, POSITIONS).item() == pytest.approx(1.55044, abs=1e-4)


def test_attention_size_is_the_width_of_the_scoring_layer() -> None:
    module = head({"name": "attention", "attention_size": 5})
    assert isinstance(module, AttentionHead)
    assert module.project.weight.shape == (5, 8)


def test_linear_layers_start_as_berts() -> None:
    module = head({"name": "cls"}, hidden_size=500, num_labels=40)
    assert isinstance(module, TokenHead)
    # 20,000 draws: the deviation of their deviation is 0.02/√40,000 = 0.0001
    assert module.output.weight.std().item() == pytest.approx(0.02, abs=0.001)
    assert module.output.bias.tolist() == [0.0] * 40


def rows() -> tuple[Tensor, Tensor, Tensor]:
    """Three rows of lengths 6, 3 and 1."""
    torch.manual_seed(3)
    hidden = torch.randn(3, 6, 8)
    mask = torch.tensor([[1] * 6, [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]])
    positions = torch.tensor(
        [
            [[4, 4, 5, 5], [1, 2, 4, 3]],
            [[0, 0, 1, 0], [1, 2, 3, 2]],
            [[0, 0, 1, 0], [0, 0, 1, 0]],
        ]
    )
    return hidden, mask, positions


@pytest.mark.parametrize("choice", CHOICES, ids=ids)
def test_padding_is_never_read(choice: dict[str, Any]) -> None:
    hidden, mask, positions = rows()
    module = head(choice)
    logits = module(hidden, mask, positions)
    garbage = hidden + 1000 * (mask == 0)[:, :, None]
    longer = torch.cat([garbage, torch.full((3, 2, 8), 77.0)], dim=1)
    longer_mask = torch.cat([mask, torch.zeros(3, 2, dtype=torch.long)], dim=1)
    torch.testing.assert_close(module(longer, longer_mask, positions), logits)


@pytest.mark.parametrize("choice", CHOICES, ids=ids)
def test_row_does_not_depend_on_its_batch(choice: dict[str, Any]) -> None:
    hidden, mask, positions = rows()
    module = head(choice)
    logits = module(hidden, mask, positions)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(module(hidden[order], mask[order], positions[order]), logits[order])
    alone = module(hidden[1:2, :3], mask[1:2, :3], positions[1:2])
    torch.testing.assert_close(alone, logits[1:2])


@pytest.mark.parametrize("choice", CHOICES, ids=ids)
def test_all_parameters_learn(choice: dict[str, Any]) -> None:
    module = head(choice).train()
    module(*rows()).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("choice", CHOICES, ids=ids)
def test_dropout_drops_in_training_only(choice: dict[str, Any]) -> None:
    batch = rows()
    dropping = head({**choice, "dropout": 0.5})
    torch.testing.assert_close(dropping(*batch), dropping(*batch), rtol=0, atol=0)
    dropping.train()
    assert not torch.allclose(dropping(*batch), dropping(*batch))
    never = head({**choice, "dropout": 0.0}).train()
    torch.testing.assert_close(never(*batch), never(*batch), rtol=0, atol=0)


def test_swapped_roles_give_other_features() -> None:
    hidden, mask, positions = rows()
    module = head({"name": "entity_start"})
    swapped = module(hidden, mask, positions.flip(1))
    assert not torch.allclose(swapped[0], module(hidden, mask, positions)[0])


def test_recurrent_outputs_are_read_at_the_opening_markers() -> None:
    """Another state after the marker changes the backward direction only through the network."""
    hidden, mask, positions = rows()
    module = head({"name": "bigru", "hidden_size": 4})
    outputs, _ = module.recurrent(hidden[:1])
    expected = module.output(torch.cat([outputs[0, 4], outputs[0, 1]]))
    torch.testing.assert_close(module(hidden[:1], mask[:1], positions[:1])[0], expected)


def test_last_pooling_takes_the_final_states_of_both_directions() -> None:
    hidden, mask, positions = rows()
    module = head({"name": "bilstm", "hidden_size": 4, "pooling": "last"})
    outputs, _ = module.recurrent(hidden[1:2, :3])
    # forward direction after the last real token, backward direction after the first
    expected = module.output(torch.cat([outputs[0, 2, :4], outputs[0, 0, 4:]]))
    torch.testing.assert_close(module(hidden, mask, positions)[1], expected)


def test_last_pooling_reads_the_top_layer() -> None:
    hidden, mask, positions = rows()
    module = head({"name": "bigru", "hidden_size": 4, "num_layers": 2, "pooling": "last"})
    outputs, _ = module.recurrent(hidden[:1])
    expected = module.output(torch.cat([outputs[0, 5, :4], outputs[0, 0, 4:]]))
    torch.testing.assert_close(module(hidden, mask, positions)[0], expected)


class InBfloat16(nn.Module):
    """A network whose outputs are narrower than its inputs, as under autocast on a GPU."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, packed: Any) -> Any:
        outputs, state = self.network(packed)
        return outputs.to(torch.bfloat16), state


@pytest.mark.parametrize("pooling", ["entity_start", "max"])
def test_recurrent_outputs_may_be_narrower_than_the_states(pooling: str) -> None:
    module = head({"name": "bilstm", "pooling": pooling})
    full = module(*rows())
    module.recurrent = InBfloat16(module.recurrent)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        narrow = module(*rows())
    # 8 bits: values below 1 are 1/256 apart at most
    torch.testing.assert_close(narrow.float(), full, atol=1 / 256, rtol=0)


NEEDS = [
    ({"name": "cls"}, False),
    ({"name": "attention"}, False),
    ({"name": "rbert"}, True),
    ({"name": "bilstm"}, True),
    ({"name": "bilstm", "pooling": "last"}, False),
]


@pytest.mark.parametrize(("choice", "expected"), NEEDS)
def test_which_heads_need_entities(choice: dict[str, Any], expected: bool) -> None:
    assert HEADS.build(choice, "head").needs_entities is expected


@pytest.mark.parametrize(
    ("option", "value"), [("dropout", 1.0), ("hidden_size", 0), ("pooling", "mean")]
)
def test_options_are_checked(option: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"head.{option}"):
        HEADS.build({"name": "bilstm", option: value}, "head")
