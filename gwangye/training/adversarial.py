"""Adversarial training: a second pass over each batch, disturbed where it hurts most.

Importing this module imports neither torch nor transformers: parameters are checked in every
stage, and only training computes.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import Field

from gwangye.options import Piece, Registry

if TYPE_CHECKING:
    from torch import Tensor, nn


class Adversarial(Piece, abc.ABC):
    """Base of all kinds: says how the embedded tokens are moved, given their gradient."""

    @abc.abstractmethod
    def perturbation(self, gradient: Tensor) -> Tensor:
        """Return what is added to the embedded tokens.

        Args:
            gradient: (batch, length, width), of the batch's loss by its embedded tokens.
        """


ADVERSARIAL: Registry[Adversarial] = Registry("adversarial training")


@ADVERSARIAL.register("none")
class NoAdversarial(Adversarial):
    """One pass over each batch, as it is.

    Example:
        Gradient (3, 4): nothing is added.

    References:
        None
    """

    def perturbation(self, gradient: Tensor) -> Tensor:
        """Return zeros."""
        return gradient.new_zeros(gradient.shape)


@ADVERSARIAL.register("fgm")
class FGM(Adversarial):
    """Fast gradient method: each row's word embeddings take a step of length ε uphill.

    r = ε·g/‖g‖₂, g the gradient of the loss by all word embeddings of the row, as one vector; the
    gradients of both passes are added. Every step takes twice the time. A row's embeddings of the
    default encoder have a length of about 16, so ε = 0.1 is a small step; ε = 1 kept it from
    learning anything at a learning rate of 5e-4. (Where ε is given for the gradient of the whole
    embedding table, as is common, a row's part of the step is far smaller.)

    Example:
        Gradient (3, 4), ε = 1: r = (0.6, 0.8)

    References:
        Miyato et al. 2017, arXiv 1605.07725
    """

    epsilon: float = Field(
        0.1, gt=0, allow_inf_nan=False, description="length of a row's step, Euclidean"
    )

    def perturbation(self, gradient: Tensor) -> Tensor:
        """Return (batch, length, width) steps of length ε a row; none where no gradient is."""
        norms = gradient.flatten(1).norm(dim=1).clamp(min=1e-12)  # (batch,)
        return self.epsilon * gradient / norms[:, None, None]


@contextmanager
def recorded(embedding: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the outputs of an embedding layer, in order, and keep their gradients."""
    outputs: list[Tensor] = []

    def record(module: nn.Module, inputs: Any, output: Tensor) -> None:
        output.retain_grad()
        outputs.append(output)

    handle = embedding.register_forward_hook(record)
    try:
        yield outputs
    finally:
        handle.remove()


@contextmanager
def disturbed(embedding: nn.Module, perturbations: list[Tensor]) -> Iterator[None]:
    """Add perturbations to the outputs of an embedding layer: the first to the first output, ..."""
    remaining = iter(perturbations)
    handle = embedding.register_forward_hook(
        lambda module, inputs, output: output + next(remaining)
    )
    try:
        yield
    finally:
        handle.remove()
