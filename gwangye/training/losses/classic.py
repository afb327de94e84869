"""Cross entropy and focal loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from gwangye.training.losses.base import LOSSES, Loss

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.register("cross_entropy")
class CrossEntropy(Loss):
    """Cross entropy, with optional label smoothing.

    ℓ = -(1 - ε)·log p[y] - ε/K·Σ log p[k]

    Class weights apply to the whole row, by y; in PyTorch each k of the smoothed part has its own.

    Example:
        p = (0.5, 0.25, 0.25), y = 0, ε = 0: ℓ = log 2 = 0.693

    References:
        Label smoothing: Szegedy et al. 2016, arXiv 1512.00567
    """

    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of the target that goes to all relations"
    )

    def per_example(self, logits: Tensor, labels: Tensor, class_counts: Tensor) -> Tensor:
        """Return the (batch,) losses."""
        log_p = logits.log_softmax(-1)
        gold = log_p.gather(-1, labels[:, None]).squeeze(-1)
        epsilon = self.label_smoothing
        return -(1 - epsilon) * gold - epsilon * log_p.mean(-1)


@LOSSES.register("focal")
class Focal(Loss):
    """Focal loss: easy examples count less.

    ℓ = -(1 - p[y])^γ·log p[y]; γ = 0 is cross entropy.

    Example:
        p[y] = 0.5, γ = 2: ℓ = 0.25·log 2 = 0.173

    References:
        Lin et al. 2017, arXiv 1708.02002
    """

    gamma: float = Field(2.0, ge=0, description="how much easy examples count less; 0: not at all")

    def per_example(self, logits: Tensor, labels: Tensor, class_counts: Tensor) -> Tensor:
        """Return the (batch,) losses."""
        log_p = logits.log_softmax(-1).gather(-1, labels[:, None]).squeeze(-1)
        if self.gamma == 0:
            return -log_p
        # 1 - p as -expm1(log p): exact where p is near 1; the floor keeps the gradient of a
        # fractional power finite there
        return -((-log_p.expm1()).clamp(min=1e-8) ** self.gamma) * log_p
