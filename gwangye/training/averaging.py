"""Averaging the weights along the way: the average is evaluated and kept, training goes on.

Importing this module imports neither torch nor transformers: parameters are checked in every
stage, and only training computes.
"""

from __future__ import annotations

import abc

from pydantic import Field

from gwangye.options import Piece, Registry


class Averaging(Piece, abc.ABC):
    """Base of all averages: says how much the newest weights count."""

    @abc.abstractmethod
    def share(self, step: int, max_steps: int, count: int) -> float:
        """Return the newest weights' share of the average (0 to 1).

        Args:
            step: Optimizer steps done, from 1.
            max_steps: Optimizer steps of the whole training.
            count: Steps that are in the average already; with 0 the share is 1 or, where
                averaging has not begun, 0.
        """


AVERAGING: Registry[Averaging] = Registry("weight averaging")


@AVERAGING.register("none")
class NoAveraging(Averaging):
    """The weights as they are.

    Example:
        Weights 1, 2, 3 after three steps: 3.

    References:
        None
    """

    def share(self, step: int, max_steps: int, count: int) -> float:
        """Return 1: the newest weights are all."""
        return 1.0


@AVERAGING.register("ema")
class EMA(Averaging):
    """Exponential moving average: w̄ ← d·w̄ + (1 - d)·w after every step.

    d is at most (1 + n)/(10 + n) at the n-th step, so that the first weights are soon forgotten.

    Example:
        Weights 1, 2, d = 0.1: 0.1·1 + 0.9·2 = 1.9

    References:
        Polyak & Juditsky 1992; the growing d is TensorFlow's ExponentialMovingAverage
    """

    decay: float = Field(
        0.99, gt=0, lt=1, description="d: near 1 looks back further, about 1/(1 - d) steps"
    )

    def share(self, step: int, max_steps: int, count: int) -> float:
        """Return 1 - d."""
        return 1.0 if count == 0 else 1 - min(self.decay, (1 + count) / (10 + count))


@AVERAGING.register("swa")
class SWA(Averaging):
    """Stochastic weight averaging: the plain mean of the weights of the last steps.

    Evaluations before averaging begins see the weights as they are.

    Example:
        Four steps with weights 1, 2, 3, 5, start = 0.5: (3 + 5)/2 = 4

    References:
        Izmailov et al. 2018, arXiv 1803.05407 (there once an epoch at a constant learning rate)
    """

    start: float = Field(
        0.5, ge=0, lt=1, description="share of the steps after which averaging begins"
    )

    def share(self, step: int, max_steps: int, count: int) -> float:
        """Return 1 / (count + 1), or 0 before the start."""
        return 0.0 if step <= self.start * max_steps else 1 / (count + 1)
