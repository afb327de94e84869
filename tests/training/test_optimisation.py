"""Learning rates by depth, adversarial passes, averaged weights: numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from gwangye.errors import ParameterError
from gwangye.training.adversarial import ADVERSARIAL, disturbed, recorded
from gwangye.training.averaging import AVERAGING
from gwangye.training.learning_rates import learning_rate_of, parameter_groups
from gwangye.training.trainer import AveragedWeights

# --- learning rates --------------------------------------------------------------------------

RATES = [
    ("head.output.weight", 0.5),
    ("encoder.encoder.layer.2.output.dense.weight", 1.0),
    ("encoder.encoder.layer.1.output.dense.weight", 0.1),
    ("encoder.layers.0.attn.Wo.weight", 0.01),  # ModernBERT
    ("encoder.transformer.layer.0.ffn.lin1.bias", 0.01),  # DistilBERT
    ("encoder.embeddings.word_embeddings.weight", 0.001),
    ("encoder.final_norm.weight", 1.0),
]


@pytest.mark.parametrize(("name", "expected"), RATES)
def test_learning_rate_by_depth(name: str, expected: float) -> None:
    rate = learning_rate_of(
        name, num_layers=3, learning_rate=1.0, head_learning_rate=0.5, layer_decay=0.1
    )
    assert rate == pytest.approx(expected)


def test_head_without_a_rate_of_its_own_has_the_top_layers() -> None:
    options = {"num_layers": 3, "head_learning_rate": None, "layer_decay": 0.1}
    assert learning_rate_of("head.output.bias", learning_rate=0.25, **options) == 0.25


class Tower(nn.Module):
    """Named as a relation model on a BERT of two layers is."""

    def __init__(self, layers: str = "layer") -> None:
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.embeddings = nn.Linear(1, 1, bias=False)
        self.encoder.encoder = nn.Module()
        stack = nn.ModuleList([nn.Linear(1, 1, bias=False) for _ in range(2)])
        setattr(self.encoder.encoder, layers, stack)
        self.head = nn.Linear(1, 1)


def test_every_parameter_is_in_one_group_with_its_rate_and_decay() -> None:
    model = Tower()
    names = {id(weight): name for name, weight in model.named_parameters()}
    model.encoder.embeddings.requires_grad_(False)
    groups = parameter_groups(
        model,
        learning_rate=1.0,
        head_learning_rate=4.0,
        layer_decay=0.5,
        weight_decay=0.25,
        decayed={"head.weight", "encoder.encoder.layer.0.weight"},
    )
    found = [([names[id(w)] for w in g["params"]], g["lr"], g["weight_decay"]) for g in groups]
    # the group with `learning_rate` comes first: the Trainer logs the first group's
    assert found == [
        (["encoder.encoder.layer.1.weight"], 1.0, 0.0),
        (["head.weight"], 4.0, 0.25),
        (["head.bias"], 4.0, 0.0),
        (["encoder.encoder.layer.0.weight"], 0.5, 0.25),
    ]


def test_layers_without_numbers_have_no_depth() -> None:
    options = {
        "learning_rate": 1.0,
        "head_learning_rate": None,
        "weight_decay": 0.0,
        "decayed": set(),
    }
    with pytest.raises(ParameterError, match=r"train.layer_decay: this encoder's layers have no"):
        parameter_groups(Tower("albert_layer_groups"), layer_decay=0.5, **options)
    assert len(parameter_groups(Tower("albert_layer_groups"), layer_decay=1.0, **options)) == 1


# --- adversarial training --------------------------------------------------------------------


def test_fgm_by_hand() -> None:
    # the rows' gradients have the lengths 5 and 13
    gradient = torch.tensor([[[3.0, 4.0], [0.0, 0.0]], [[0.0, 5.0], [12.0, 0.0]]])
    move = ADVERSARIAL.build({"name": "fgm", "epsilon": 2.0}, "x").perturbation(gradient)
    expected = torch.tensor([[[1.2, 1.6], [0.0, 0.0]], [[0.0, 10 / 13], [24 / 13, 0.0]]])
    torch.testing.assert_close(move, expected)


def test_fgm_without_a_gradient_moves_nothing() -> None:
    move = ADVERSARIAL["fgm"]().perturbation(torch.zeros(1, 2, 2))
    assert move.tolist() == [[[0.0, 0.0], [0.0, 0.0]]]


def test_none_moves_nothing() -> None:
    assert ADVERSARIAL["none"]().perturbation(torch.ones(1, 1, 2)).tolist() == [[[0.0, 0.0]]]


def test_gradient_of_the_first_pass_moves_the_second() -> None:
    embedding = nn.Embedding(2, 2)
    ids, weight = torch.tensor([[0, 1]]), torch.tensor([3.0, 4.0])
    with recorded(embedding) as outputs:
        (embedding(ids) * weight).sum().backward()
    assert outputs[0].grad.tolist() == [[[3.0, 4.0], [3.0, 4.0]]]
    before = embedding(ids)
    with disturbed(embedding, [torch.full((1, 2, 2), 0.5)]):
        torch.testing.assert_close(embedding(ids), before + 0.5)
    torch.testing.assert_close(embedding(ids), before)


def test_passes_are_moved_in_order() -> None:
    """R-Drop passes twice."""
    embedding = nn.Embedding(1, 1)
    ids = torch.tensor([[0]])
    with disturbed(embedding, [torch.full((1, 1, 1), 1.0), torch.full((1, 1, 1), 2.0)]):
        moved = [(embedding(ids) - embedding.weight).item() for _ in range(2)]
    assert moved == pytest.approx([1.0, 2.0])


# --- averages --------------------------------------------------------------------------------

# weights after steps 1 to 4, options, the average after step 4
AVERAGES = [
    ("none", {}, 5.0),
    # shares 1, 1-2/11, 1-3/12, 1-4/13: d is below 0.9 all along
    (
        "ema",
        {"decay": 0.9},
        ((1 * 2 / 11 + 2 * 9 / 11) * 3 / 12 + 3 * 9 / 12) * 4 / 13 + 5 * 9 / 13,
    ),
    ("ema", {"decay": 0.1}, ((1 * 0.1 + 2 * 0.9) * 0.1 + 3 * 0.9) * 0.1 + 5 * 0.9),
    ("swa", {"start": 0.5}, (3 + 5) / 2),
    ("swa", {"start": 0.0}, (1 + 2 + 3 + 5) / 4),
]


def averaged(name: str, options: dict[str, float], values: list[float]) -> AveragedWeights:
    model = nn.Linear(1, 1, bias=False)
    average = AveragedWeights(AVERAGING.build({"name": name, **options}, "x"), model)
    for step, value in enumerate(values, 1):
        nn.init.constant_(model.weight, value)
        average.update(step, len(values))
    return average


@pytest.mark.parametrize(("name", "options", "expected"), AVERAGES)
def test_average_by_hand(name: str, options: dict[str, float], expected: float) -> None:
    average = averaged(name, options, [1.0, 2.0, 3.0, 5.0])
    with average.applied():
        assert average.model.weight.item() == pytest.approx(expected)
    assert average.model.weight.item() == 5.0
    average.apply()
    assert average.model.weight.item() == pytest.approx(expected)


def test_every_average_is_in_the_table() -> None:
    assert {name for name, _, _ in AVERAGES} == set(AVERAGING)


def test_before_the_start_the_weights_are_as_they_are() -> None:
    average = averaged("swa", {"start": 0.5}, [1.0, 2.0])
    average.count, average.weights = 0, {}
    average.update(step=1, max_steps=4)
    assert average.weights == {}
    with average.applied():
        assert average.model.weight.item() == 2.0


def test_average_goes_on_from_a_file(tmp_path: Path) -> None:
    first = averaged("swa", {"start": 0.0}, [1.0, 2.0])
    first.save(tmp_path)
    again = averaged("swa", {"start": 0.0}, [])
    again.load(tmp_path)
    nn.init.constant_(again.model.weight, 6.0)
    again.update(step=3, max_steps=3)
    again.apply()
    assert again.model.weight.item() == pytest.approx((1 + 2 + 6) / 3)


def test_no_average_yet_is_kept_too(tmp_path: Path) -> None:
    average = averaged("swa", {"start": 0.5}, [])
    average.save(tmp_path)
    average.load(tmp_path)
    assert (average.count, average.weights) == (0, {})


@pytest.mark.parametrize(
    ("registry", "choice", "message"),
    [
        (ADVERSARIAL, {"name": "fgm", "epsilon": 0}, "x.epsilon: Input should be greater than 0"),
        (AVERAGING, {"name": "ema", "decay": 1}, "x.decay: Input should be less than 1"),
        (AVERAGING, {"name": "swa", "start": 1}, "x.start: Input should be less than 1"),
        (AVERAGING, {"name": "swag"}, "weight averaging 'swag' is unknown. Did you mean 'swa'"),
    ],
)
def test_option_out_of_range(registry: object, choice: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        registry.build(choice, "x")  # type: ignore[attr-defined]
