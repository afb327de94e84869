"""Losses: how wrong a row's scores are, and how rows are weighed against each other.

Importing this module imports neither torch nor transformers: parameters are checked in every
stage, and only training computes.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from gwangye.errors import ParameterError
from gwangye.options import Piece, Registry

if TYPE_CHECKING:
    from torch import Tensor

    Criterion = Callable[[Tensor, Tensor], Tensor]

Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Loss(Piece, abc.ABC):
    """Base of all losses: a loss says what one example costs, the base takes the weighted mean.

    ``loss = Σ w[yᵢ]·ℓᵢ / Σ w[yᵢ]``, as ``torch.nn.functional.cross_entropy(weight=…)`` does.
    """

    class_weights: Literal["none", "inverse_frequency", "effective_number"] | dict[str, Weight] = (
        Field("none", description="class weights: by rule, or {label: weight} for all classes")
    )
    beta: float = Field(
        0.999, ge=0, lt=1, description="effective_number: near 1 weighs rare classes more"
    )
    rdrop_alpha: float = Field(
        0.0, ge=0, description="weight of R-Drop's term; above 0 each batch passes twice"
    )

    @abc.abstractmethod
    def per_example(self, logits: Tensor, labels: Tensor, class_counts: Tensor) -> Tensor:
        """Return the (batch,) losses.

        Args:
            logits: (batch, num_labels), float32.
            labels: (batch,), int64.
            class_counts: (num_labels,), rows of each class in training, float32.
        """

    def build(self, class_counts: Sequence[int], labels: Sequence[str]) -> Criterion:
        """Return the loss of a batch, (logits, labels) → scalar.

        ``class_counts`` are the training rows of each class, in the order of ``labels``.

        Raises:
            ParameterError: A class has no given weight, or a weight no class.
        """
        import torch

        weights = torch.tensor(self.weights(class_counts, labels), dtype=torch.float32)
        counts = torch.tensor(class_counts, dtype=torch.float32)

        def criterion(logits: Tensor, target: Tensor) -> Tensor:
            # float32 whatever the model computes in: bfloat16 has 8 bits of precision
            losses = self.per_example(logits.float(), target, counts.to(logits.device))
            weight = weights.to(logits.device)[target]
            return (weight * losses).sum() / weight.sum()

        return criterion

    def penalty(self) -> Criterion | None:
        """Return R-Drop's term, (logits, second pass's logits) → scalar, or None if off."""
        if self.rdrop_alpha == 0:
            return None
        return lambda first, second: self.rdrop_alpha * rdrop_penalty(first, second)

    def check_labels(self, labels: Sequence[str], where: str) -> None:
        """Check that given class weights are of these relations, one each.

        Raises:
            ParameterError: A class has no given weight, or a weight no class.
        """
        if isinstance(self.class_weights, dict):
            _given(self.class_weights, labels, where)

    def weights(self, class_counts: Sequence[int], labels: Sequence[str]) -> list[float]:
        """Return one weight per class; the mean over the classes that have rows is 1.

        inverse_frequency: ``1 / n``. effective_number: ``(1 - β) / (1 - βⁿ)`` (Cui et al. 2019,
        arXiv 1901.05555). Given weights are taken as they are. A class without rows gets weight 1:
        no row uses it.
        """
        if isinstance(self.class_weights, dict):
            return _given(self.class_weights, labels, "loss")
        if self.class_weights == "none":
            return [1.0] * len(labels)
        if self.class_weights == "inverse_frequency":
            raw = [1 / n if n else 0.0 for n in class_counts]
        else:
            raw = [(1 - self.beta) / (1 - self.beta**n) if n else 0.0 for n in class_counts]
        present = [weight for weight in raw if weight]
        mean = sum(present) / len(present) if present else 1.0
        return [weight / mean if weight else 1.0 for weight in raw]


LOSSES: Registry[Loss] = Registry("loss")


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


def rdrop_penalty(first: Tensor, second: Tensor) -> Tensor:
    """R-Drop's term: how far two passes with different dropout disagree.

    ``(KL(p‖q) + KL(q‖p)) / 2``, mean over the batch (Liang et al. 2021, arXiv 2106.14448).

    Args:
        first: (batch, num_labels) logits.
        second: (batch, num_labels) logits of the same rows.
    """
    log_p, log_q = first.float().log_softmax(-1), second.float().log_softmax(-1)
    # KL(p‖q) + KL(q‖p) = Σ (p - q)·(log p - log q)
    both = ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)
    return both.mean() / 2


def _given(weights: dict[str, float], labels: Sequence[str], where: str) -> list[float]:
    for label in labels:
        if label not in weights:
            raise ParameterError(
                f"{where}.class_weights: relation '{label}' has no weight. Give one for each of "
                f"the {len(labels)} relations, or a rule: inverse_frequency, effective_number."
            )
    for label in weights:
        if label not in labels:
            raise ParameterError(
                f"{where}.class_weights: there is no relation '{label}'. Remove its weight, or "
                "correct the name."
            )
    return [weights[label] for label in labels]
