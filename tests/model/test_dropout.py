from __future__ import annotations

import pytest
import torch
from torch import nn

from gwangye.model.dropout import FastDropout, use_fast_dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_that_is_dropped_and_scale_of_the_rest(p: float) -> None:
    """Of a million elements a share within five standard deviations of p is 0."""
    torch.manual_seed(0)
    features = torch.full((1000, 1000), 3.0)
    result = FastDropout(p)(features)
    zeros = result == 0
    assert zeros.float().mean().item() == pytest.approx(
        p, abs=5 * (p * (1 - p) / 1e6) ** 0.5 + 1e-5
    )
    assert result[~zeros].unique().tolist() == pytest.approx([3 / (1 - p)], rel=1e-3)
    # what is expected is the features
    assert result.mean().item() == pytest.approx(3, abs=0.05)


def test_elements_are_dropped_independently() -> None:
    """Four neighbours come from one draw: all 16 ways to drop them are equally likely at p = .5."""
    torch.manual_seed(0)
    zeros = FastDropout(0.5)(torch.ones(160_000, 4)) == 0
    ways = torch.bincount((zeros * torch.tensor([1, 2, 4, 8])).sum(1), minlength=16)
    assert ways.tolist() == pytest.approx([10_000] * 16, abs=500)


def test_gradient_goes_where_the_features_went() -> None:
    torch.manual_seed(0)
    features = torch.ones(7, 5, requires_grad=True)  # 35 is no multiple of four
    result = FastDropout(0.25)(features)
    result.sum().backward()
    assert torch.equal(features.grad, result.detach())
    assert sorted(result.unique().tolist()) == pytest.approx([0, 4 / 3])


def test_seed_decides() -> None:
    dropout, features = FastDropout(0.5), torch.ones(64)
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(dropout(features).tolist())
    assert results[0] == results[1] != results[2]


@pytest.mark.parametrize(
    ("p", "training", "expected"), [(0.5, False, 1), (0.0, True, 1), (1, True, 0)]
)
def test_nothing_is_drawn_where_nothing_is_left_to_chance(
    p: float, training: bool, expected: float
) -> None:
    before = torch.get_rng_state()
    assert FastDropout(p).train(training)(torch.ones(3)).tolist() == [expected] * 3
    assert torch.equal(torch.get_rng_state(), before)


def test_all_of_a_model_is_replaced_and_nothing_else() -> None:
    model = nn.Sequential(
        nn.Linear(2, 2), nn.Dropout(0.3), nn.Sequential(nn.Dropout(0.2), nn.AlphaDropout(0.1))
    ).eval()
    features = torch.ones(1, 2)
    expected, names = model(features), list(model.state_dict())
    use_fast_dropout(model)
    kinds = [(type(m).__name__, m.p) for m in model.modules() if hasattr(m, "p")]
    assert kinds == [("FastDropout", 0.3), ("FastDropout", 0.2), ("AlphaDropout", 0.1)]
    assert torch.equal(model.eval()(features), expected)
    assert list(model.state_dict()) == names
