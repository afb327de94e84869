"""Losses for few rows of many relations: they know how often each class occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from gwangye.training.losses.base import LOSSES, Loss

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.register("ldam")
class LDAM(Loss):
    """Label-distribution-aware margin: rare relations must win by a larger margin.

    ℓ = cross entropy of s·(z - Δ[y]·onehot(y)), Δ[k] ∝ n[k]^(-1/4); the rarest class has margin m.
    A class without rows counts as one row.

    Example:
        n = (16, 1), m = 0.5: Δ = (0.25, 0.5)

    References:
        Cao et al. 2019, arXiv 1906.07413 (there the logits are cosines; here they are the head's)
    """

    max_margin: float = Field(0.5, gt=0, description="margin of the rarest relation")
    scale: float = Field(1.0, gt=0, description="factor of the logits; the paper's 30 fits cosines")

    def per_example(self, logits: Tensor, labels: Tensor, class_counts: Tensor) -> Tensor:
        """Return the (batch,) losses."""
        margins = class_counts.clamp(min=1) ** -0.25
        margins = margins * (self.max_margin / margins.max())
        shifted = logits.scatter_add(-1, labels[:, None], -margins[labels][:, None])
        log_p = (self.scale * shifted).log_softmax(-1)
        return -log_p.gather(-1, labels[:, None]).squeeze(-1)


@LOSSES.register("logit_adjusted")
class LogitAdjusted(Loss):
    """Cross entropy of logits shifted by the log of the class frequencies.

    ℓ = cross entropy of z + τ·log π, π[k] = n[k]/Σn: the model learns balanced classes

    Example:
        n = (3, 1), z = (0, 0), τ = 1: p = (0.75, 0.25)

    References:
        Menon et al. 2021, arXiv 2007.07314
    """

    tau: float = Field(1.0, ge=0, description="strength of the shift; 0 is cross entropy")

    def per_example(self, logits: Tensor, labels: Tensor, class_counts: Tensor) -> Tensor:
        """Return the (batch,) losses."""
        # a class without rows counts as one row: log 0 would rule it out for good
        counts = class_counts.clamp(min=1)
        log_p = (logits + self.tau * (counts / counts.sum()).log()).log_softmax(-1)
        return -log_p.gather(-1, labels[:, None]).squeeze(-1)
