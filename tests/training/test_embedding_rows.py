"""AdamW over the touched rows of the embeddings gives plain AdamW's weights."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from gwangye.training.embedding_rows import RowAdamW, clip_grad_norm

ROWS, STEPS = 50, 300


class Run:
    """A small classifier that is trained on random ids, frequent and rare ones."""

    def __init__(self, optimizer: Callable[[nn.Sequential], Optimizer]) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Embedding(ROWS, 8), nn.Flatten(), nn.Linear(48, 3))
        self.optimizer = optimizer(self.model)
        self.schedule = LambdaLR(
            self.optimizer, lambda step: (1 - step / STEPS) * min(1, (step + 1) / 20)
        )
        self.random = torch.Generator().manual_seed(1)
        self.norms: list[float] = []

    def steps(self, count: int, clip: Callable[..., Tensor]) -> Run:
        for _ in range(count):
            self.optimizer.zero_grad()
            for _ in range(2):  # gradients of two batches are accumulated
                ids = (torch.rand(2, 6, generator=self.random) ** 4 * ROWS).long()
                label = torch.randint(0, 3, (2,), generator=self.random)
                nn.functional.cross_entropy(self.model(ids), label).backward()
            self.norms.append(float(clip(self.model.parameters(), 0.5)))
            self.optimizer.step()
            self.schedule.step()
        return self


def plain(decay: float) -> Run:
    return Run(lambda model: AdamW(model.parameters(), lr=1e-2, weight_decay=decay))


def rowwise(decay: float = 0.0) -> Run:
    return Run(lambda model: RowAdamW(model.parameters(), model[0], lr=1e-2, weight_decay=decay))


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_are_those_of_adamw(decay: float) -> None:
    expected = plain(decay).steps(STEPS, nn.utils.clip_grad_norm_)
    found = rowwise(decay).steps(STEPS, clip_grad_norm)
    assert found.norms == pytest.approx(expected.norms, abs=1e-5)
    weights = found.model.state_dict()
    for name, value in expected.model.state_dict().items():
        assert torch.allclose(weights[name], value, atol=2e-5), name
    # they have moved, the rarest rows too
    torch.manual_seed(0)
    start = nn.Embedding(ROWS, 8).weight
    assert (expected.model[0].weight - start).abs().max(dim=1).values.median() > 0.05


def test_a_row_by_hand() -> None:
    """β = 0: a gradient of 2 moves the row by lr · 2 / √4 = 0.1, and momentum is gone at once.

    With β₁ = 0.5 and β₂ = 0: the first step moves by 0.1 again; the second, without a gradient, has
    m = 0.5 · 1 (bias-corrected: / 0.75), but v = 0: plain AdamW divides by ε. So β₂ = 0.25: after
    the first step v = 3, m = 1, both corrected to 4 and 2; at the second v = 0.75 / (15/16) = 0.8,
    m = 0.5 / 0.75, and the row moves by 0.1 · 0.66667 / √0.8 = 0.0745356.
    """
    embedding = nn.Embedding.from_pretrained(torch.zeros(3, 1), freeze=False)
    optimizer = RowAdamW(
        [embedding.weight], embedding, lr=0.1, betas=(0.5, 0.25), eps=0, weight_decay=0
    )
    (embedding(torch.tensor([[1, 1]])).sum() * 1.0).backward()  # a gradient of 2 for row 1
    optimizer.step()
    assert embedding.weight.flatten().tolist() == pytest.approx([0, -0.1, 0])
    optimizer.zero_grad()
    embedding(torch.tensor([2])).sum().backward()
    optimizer.step()
    # row 1 waits until it is read
    assert embedding.weight[1].item() == pytest.approx(-0.1)
    assert embedding(torch.tensor([1])).item() == pytest.approx(-0.1745356)
    assert embedding.weight[0].item() == 0


def test_saved_weights_are_up_to_date() -> None:
    expected = plain(0.1).steps(30, nn.utils.clip_grad_norm_).model.state_dict()["0.weight"]
    found = rowwise(0.1).steps(30, clip_grad_norm)
    assert not torch.allclose(found.model[0].weight, expected, atol=1e-5)
    assert torch.allclose(found.model.state_dict()["0.weight"], expected, atol=1e-5)


def test_loaded_weights_stay_as_they_are() -> None:
    run = rowwise().steps(10, clip_grad_norm)
    zeros = {name: torch.zeros_like(value) for name, value in run.model.state_dict().items()}
    run.steps(5, clip_grad_norm)
    run.model.load_state_dict(zeros)
    assert run.model[0](torch.arange(ROWS)).count_nonzero() == 0


def test_training_goes_on_from_a_checkpoint() -> None:
    whole = rowwise(0.1).steps(25, clip_grad_norm)
    whole.model.state_dict()  # a checkpoint brings all rows up to date
    whole.steps(15, clip_grad_norm)
    first = rowwise(0.1).steps(25, clip_grad_norm)
    second = rowwise(0.1)
    second.model.load_state_dict(first.model.state_dict())
    second.optimizer.load_state_dict(copy.deepcopy(first.optimizer.state_dict()))
    second.schedule.load_state_dict(first.schedule.state_dict())
    second.random.set_state(first.random.get_state())
    second.steps(15, clip_grad_norm)
    assert torch.equal(second.model.state_dict()["0.weight"], whole.model.state_dict()["0.weight"])


def test_table_without_a_gradient_is_left_alone() -> None:
    run = rowwise()
    before = run.model[0].weight.clone()
    run.model[2](torch.ones(1, 48)).sum().backward()
    run.optimizer.step()
    assert torch.equal(run.model[0].weight, before)
    assert run.model[2].bias.grad is not None


def test_norm_only() -> None:
    """A row that occurs twice has one gradient, their sum: √(2² + 1²)."""
    embedding = nn.Embedding(4, 1, sparse=True)
    embedding(torch.tensor([3, 3, 0])).sum().backward()
    assert clip_grad_norm([embedding.weight], float("inf")).item() == pytest.approx(5**0.5)
    assert embedding.weight.grad.to_dense().flatten().tolist() == [1, 0, 0, 2]
    assert clip_grad_norm([embedding.weight], 5**0.5 / 2).item() == pytest.approx(5**0.5)
    assert embedding.weight.grad.to_dense().flatten().tolist() == pytest.approx([0.5, 0, 0, 1])
    assert clip_grad_norm([nn.Parameter(torch.ones(1))], 1.0).item() == 0


TABLE = nn.Embedding(4, 2)
SUITABLE = [
    (AdamW(TABLE.parameters()), TABLE, True),
    (AdamW(TABLE.parameters(), amsgrad=True), TABLE, False),
    (AdamW(TABLE.parameters(), maximize=True), TABLE, False),
    (SGD(TABLE.parameters()), TABLE, False),
    (RowAdamW(nn.Embedding(4, 2).parameters(), nn.Embedding(4, 2)), TABLE, False),
    (AdamW(nn.Linear(2, 2).parameters()), TABLE, False),
    (AdamW(TABLE.parameters()), nn.Linear(2, 2), False),
    (AdamW((half := nn.Embedding(4, 2, dtype=torch.bfloat16)).parameters()), half, False),
    (AdamW((capped := nn.Embedding(4, 2, max_norm=1.0)).parameters()), capped, False),
]


@pytest.mark.parametrize(("optimizer", "embedding", "expected"), SUITABLE)
def test_which_optimizers_it_stands_for(
    optimizer: Optimizer, embedding: nn.Module, expected: bool
) -> None:
    assert RowAdamW.suits(optimizer, embedding) is expected
