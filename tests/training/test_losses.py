from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gwangye.errors import ParameterError
from gwangye.training import losses
from gwangye.training.losses import LOSSES, Loss, rdrop_penalty

NAMES = ["a", "b", "c"]
# softmax: (1/2, 1/4, 1/4)
HALF = [math.log(2), 0.0, 0.0]


def loss(name: str, counts: list[int], **options: Any) -> Any:
    return LOSSES.build({"name": name, **options}, "loss").build(counts, NAMES[: len(counts)])


# loss, options, logits, label, training counts, what one example costs (worked out by hand)
WORKED = [
    ("cross_entropy", {}, HALF, 0, [1, 1, 1], math.log(2)),
    ("cross_entropy", {}, HALF, 1, [1, 1, 1], math.log(4)),
    # 0.7·log 2 + 0.3·(log 2 + log 4 + log 4)/3 = 0.7·0.6931 + 0.5·0.6931
    ("cross_entropy", {"label_smoothing": 0.3}, HALF, 0, [1, 1, 1], 1.2 * math.log(2)),
    # (1 - 1/2)² · log 2
    ("focal", {"gamma": 2.0}, HALF, 0, [1, 1, 1], 0.25 * math.log(2)),
    # (3/4)^1 · log 4
    ("focal", {"gamma": 1.0}, HALF, 1, [1, 1, 1], 0.75 * math.log(4)),
    # margins ∝ n^(-1/4): (1/2, 1) → (0.25, 0.5); logits (0, 0) of label 1 become (0, -0.5)
    ("ldam", {"max_margin": 0.5}, [0.0, 0.0], 1, [16, 1], math.log(1 + math.exp(0.5))),
    ("ldam", {"max_margin": 0.5, "scale": 2.0}, [0.0, 0.0], 0, [16, 1], math.log1p(math.exp(0.5))),
    # a class without rows counts as one
    ("ldam", {"max_margin": 0.5}, [0.0, 0.0], 0, [16, 0], math.log(1 + math.exp(0.25))),
    # logits (0, 0) + log (3/4, 1/4)
    ("logit_adjusted", {"tau": 1.0}, [0.0, 0.0], 0, [3, 1], -math.log(0.75)),
    ("logit_adjusted", {"tau": 1.0}, [0.0, 0.0], 1, [3, 1], -math.log(0.25)),
    # e^(2·log 3/4) : e^(2·log 1/4) = 9 : 1
    ("logit_adjusted", {"tau": 2.0}, [0.0, 0.0], 0, [3, 1], -math.log(0.9)),
    # a class without rows counts as one
    ("logit_adjusted", {"tau": 1.0}, [0.0, 0.0], 1, [3, 0], -math.log(0.25)),
]


def test_every_loss_has_a_worked_example() -> None:
    assert {row[0] for row in WORKED} == set(LOSSES)


@pytest.mark.parametrize(("name", "options", "logits", "label", "counts", "expected"), WORKED)
def test_one_example(
    name: str, options: dict, logits: list, label: int, counts: list, expected: float
) -> None:
    value = loss(name, counts, **options)(torch.tensor([logits]), torch.tensor([label]))
    assert value.item() == pytest.approx(expected, abs=1e-6)


def test_worked_example_of_the_documentation_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "extending.md"
    piece, table = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.setitem(LOSSES, "poly1", Loss)  # so that it is gone afterwards
    del LOSSES["poly1"]
    exec(piece, dict(vars(losses)))
    names = {"HALF": HALF, "math": math}
    exec(table, names)
    (row,) = [row for row in names["WORKED"] if row is not ...]
    assert set(LOSSES) == {row[0]} | {worked[0] for worked in WORKED}
    test_one_example(*row)
    assert len(piece.splitlines()) < 20


def batch() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return 3 * torch.randn(8, 3), torch.tensor([0, 1, 2, 0, 0, 1, 2, 2])


def test_cross_entropy_is_pytorchs() -> None:
    logits, labels = batch()
    ours = loss("cross_entropy", [1, 1, 1], label_smoothing=0.1)(logits, labels)
    torch.testing.assert_close(ours, functional.cross_entropy(logits, labels, label_smoothing=0.1))


def test_weighted_cross_entropy_is_pytorchs() -> None:
    logits, labels = batch()
    weights = {"a": 0.5, "b": 2.0, "c": 3.0}
    ours = loss("cross_entropy", [1, 1, 1], class_weights=weights)(logits, labels)
    theirs = functional.cross_entropy(logits, labels, weight=torch.tensor([0.5, 2.0, 3.0]))
    torch.testing.assert_close(ours, theirs)


def test_smoothed_row_has_the_weight_of_its_own_class() -> None:
    logits, labels = torch.tensor([HALF, HALF]), torch.tensor([0, 1])
    options = {"label_smoothing": 0.3, "class_weights": {"a": 3.0, "b": 1.0, "c": 1.0}}
    value = loss("cross_entropy", [1, 1, 1], **options)(logits, labels)
    # in log 2: row 0 is 0.7·1 + 0.5, row 1 is 0.7·2 + 0.5; (3·1.2 + 1·1.9)/4
    assert value.item() == pytest.approx(1.375 * math.log(2), abs=1e-6)


@pytest.mark.parametrize("weights", ["none", "inverse_frequency", {"a": 1.0, "b": 5.0, "c": 2.0}])
def test_focal_with_gamma_0_is_cross_entropy_to_the_last_digit(weights: Any) -> None:
    logits, labels = batch()
    focal = loss("focal", [5, 2, 9], gamma=0.0, class_weights=weights)(logits, labels)
    entropy = loss("cross_entropy", [5, 2, 9], class_weights=weights)(logits, labels)
    assert focal.item() == entropy.item()


def test_focal_is_per_example_and_not_of_the_batch_mean() -> None:
    """The frequent mistake: (1 - exp(-mean CE))^γ · mean CE."""
    logits = torch.tensor([HALF, [math.log(8), 0.0, 0.0]])  # p = 1/2 and 4/5
    value = loss("focal", [1, 1, 1], gamma=2.0)(logits, torch.tensor([0, 0])).item()
    right = (0.25 * math.log(2) + 0.04 * math.log(1.25)) / 2
    mean = (math.log(2) + math.log(1.25)) / 2
    assert value == pytest.approx(right, abs=1e-6)
    assert value != pytest.approx((1 - math.exp(-mean)) ** 2 * mean, abs=1e-3)


def test_focal_gradient_is_finite_where_the_model_is_sure() -> None:
    logits = torch.tensor([[90.0, 0.0, 0.0]], requires_grad=True)
    loss("focal", [1, 1, 1], gamma=0.5)(logits, torch.tensor([0])).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


# rule, options, rows of each class, weights; the mean over the classes with rows is 1
WEIGHTS = [
    ("none", {}, [9, 1], [1.0, 1.0]),
    # 1/9 and 1 → divided by their mean 5/9
    ("inverse_frequency", {}, [9, 1], [0.2, 1.8]),
    ("inverse_frequency", {}, [1, 1, 0], [1.0, 1.0, 1.0]),
    # (1 - 0.5)/(1 - 0.25) = 2/3 and (1 - 0.5)/(1 - 0.5) = 1 → divided by 5/6
    ("effective_number", {"beta": 0.5}, [2, 1], [0.8, 1.2]),
]


@pytest.mark.parametrize(("rule", "options", "counts", "expected"), WEIGHTS)
def test_class_weights(rule: str, options: dict, counts: list, expected: list) -> None:
    piece = LOSSES.build({"name": "focal", "class_weights": rule, **options}, "loss")
    assert piece.weights(counts, NAMES[: len(counts)]) == pytest.approx(expected)


def test_given_weights_must_name_every_relation() -> None:
    with pytest.raises(ParameterError, match="relation 'b' has no weight. Give one for each of"):
        loss("focal", [1, 1], class_weights={"a": 1.0})


def test_given_weights_must_not_name_another() -> None:
    with pytest.raises(ParameterError, match="there is no relation 'x'. Remove its weight"):
        loss("focal", [1, 1], class_weights={"a": 1.0, "b": 1.0, "x": 1.0})


def test_given_weights_must_be_positive() -> None:
    with pytest.raises(ParameterError, match=r"loss.class_weights.*greater than 0"):
        loss("focal", [1, 1], class_weights={"a": 0.0, "b": 1.0})


def test_given_weights_must_be_finite() -> None:
    with pytest.raises(ParameterError, match=r"loss.class_weights.*finite number"):
        loss("focal", [1, 1], class_weights={"a": math.inf, "b": 1.0})


def test_rdrop_by_hand() -> None:
    # p = (1/2, 1/2), q = (3/4, 1/4): KL(p‖q) + KL(q‖p) = Σ (p - q)(log p - log q)
    #   = -1/4·(log 1/2 - log 3/4) + 1/4·(log 1/2 - log 1/4) = 1/4·(log 3/2 + log 2) = log 3 / 4
    first, second = torch.tensor([[0.0, 0.0]]), torch.tensor([[math.log(3), 0.0]])
    assert rdrop_penalty(first, second).item() == pytest.approx(math.log(3) / 8, abs=1e-6)
    assert rdrop_penalty(first, first).item() == 0


def test_rdrop_is_off_by_default_and_scaled_by_alpha() -> None:
    assert LOSSES.build({"name": "focal"}, "loss").penalty() is None
    penalty = LOSSES.build({"name": "focal", "rdrop_alpha": 4.0}, "loss").penalty()
    assert penalty is not None
    value = penalty(torch.tensor([[0.0, 0.0]]), torch.tensor([[math.log(3), 0.0]]))
    assert value.item() == pytest.approx(math.log(3) / 2, abs=1e-6)


def test_rdrop_is_the_mean_over_the_batch() -> None:
    # the second row agrees with itself
    first = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    second = torch.tensor([[math.log(3), 0.0], [1.0, 0.0]])
    assert rdrop_penalty(first, second).item() == pytest.approx(math.log(3) / 16, abs=1e-6)


@pytest.mark.parametrize("name", list(LOSSES))
def test_gradient_raises_the_gold_logit_alone(name: str) -> None:
    logits, labels = batch()
    logits.requires_grad_()
    loss(name, [5, 2, 9])(logits, labels).backward()
    assert logits.grad is not None
    gold = functional.one_hot(labels, 3).bool()
    assert (logits.grad[gold] < 0).all()
    assert (logits.grad[~gold] > 0).all()


OUT_OF_RANGE = [
    ("cross_entropy", "label_smoothing", 1.0),
    ("cross_entropy", "label_smoothing", -0.1),
    ("focal", "gamma", -1.0),
    ("ldam", "max_margin", 0.0),
    ("ldam", "scale", 0.0),
    ("logit_adjusted", "tau", -1.0),
    ("focal", "beta", 1.0),
    ("focal", "rdrop_alpha", -1.0),
]


@pytest.mark.parametrize(("name", "option", "value"), OUT_OF_RANGE)
def test_options_out_of_range_are_named(name: str, option: str, value: float) -> None:
    with pytest.raises(ParameterError, match=rf"^loss\.{option}: .*found: {value}"):
        LOSSES.build({"name": name, option: value}, "loss")


def test_half_precision_is_computed_in_single() -> None:
    logits, labels = batch()
    half = logits.to(torch.bfloat16)
    value = loss("focal", [1, 1, 1])(half, labels)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss("focal", [1, 1, 1])(half.float(), labels))


def test_options_are_checked_without_torch() -> None:
    code = "import sys, gwangye.training.losses, gwangye.model.heads; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "False\n", result.stderr
