"""Dropout that draws its random numbers faster than torch does on a processor.

``torch.nn.Dropout`` draws a float for each element, one after the other. Here one draw of 64 bits
serves four elements.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

LEVELS = 2**16
"""The probability is rounded to a multiple of 1 / LEVELS: 0.1 is 0.10001."""


class FastDropout(nn.Dropout):
    """Dropout on a processor: the same distribution as ``torch.nn.Dropout``, other draws.

    References:
        Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting"
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, in training with a share ``p`` of them 0 and the others scaled."""
        return fast_dropout(features, self.p) if self.training else features


def fast_dropout(features: Tensor, p: float) -> Tensor:
    """Return features of any shape, a share ``p`` of them 0 and the others scaled by 1 / (1 - p).

    The numbers come from torch's generator, so seeds and checkpoints hold.
    """
    dropped = round(p * LEVELS)
    if features.device.type != "cpu" or dropped in (0, LEVELS):
        return dropout(features, p)
    draws = torch.empty((features.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    numbers = draws.view(torch.int16)[: features.numel()].view(features.shape)
    kept = numbers >= dropped - LEVELS // 2
    return features * kept.to(features.dtype).mul_(LEVELS / (LEVELS - dropped))


def use_fast_dropout(model: nn.Module) -> None:
    """Replace every ``torch.nn.Dropout`` of a model, in place. Weights and predictions stay."""
    for module in model.modules():
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, FastDropout(child.p))
