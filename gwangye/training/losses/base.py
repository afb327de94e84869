"""What all losses share: weights of classes, R-Drop, and the mean over a batch."""

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
        """Return the loss of a batch, (logits, labels) → scalar, for a training set.

        Args:
            class_counts: Training rows of each class.
            labels: Relation names in label order.

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

        Args:
            labels: Relation names in label order.
            where: The loss's path in the parameters, for messages.

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
