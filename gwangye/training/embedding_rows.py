"""AdamW that touches only those rows of the token embeddings that a batch touches.

The embedding table is most of a small encoder's parameters, and a batch reads a few hundred of its
tens of thousands of rows; yet AdamW goes over all of it, and so do clearing, accumulating and
clipping its gradient, at every step. Here the gradient is sparse, and a row's update is put off
until the row is read: what AdamW would have done to it in all the steps without a gradient has a
closed form (:class:`RowAdamW`), so the weights are those of plain AdamW.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import AdamW

if TYPE_CHECKING:
    from torch.optim import Optimizer


class RowAdamW(AdamW):
    """AdamW with a sparse gradient for one table of token embeddings, and the same weights.

    Let a row have its last gradient at step s, momentum m and second moment v. At a later step j
    without a gradient AdamW scales it by ``1 - lr_j·λ`` and subtracts, with k = j - s::

        lr_j / (1 - β₁ʲ) · β₁ᵏ·m / (√(v·β₂ᵏ) / √(1 - β₂ʲ) + ε)

    which is ``lr_j·√(1 - β₂ʲ) / (1 - β₁ʲ) · (β₁/√β₂)ᵏ`` times ``m / (√v + ε')``. What several steps
    scale and subtract is the same for all rows with the same s, so two numbers are kept for each
    past step. (``ε' = ε·√(1 - β₂ˢ⁺¹)`` stands for the right one of each step: it matters where the
    root of v is not far above ε, and there the steps differ by a few percent of ε.)

    Rows are brought up to date when the embedding reads them, and all of them when its weights are
    saved; other code calls :meth:`catch_up` before it reads the weights.

    Args:
        params: Parameter groups, or parameters.
        embedding: The table. Its gradient becomes sparse: clip it by :func:`clip_grad_norm`.
        **options: As for :class:`torch.optim.AdamW`.

    References:
        AdamW: Loshchilov & Hutter 2019, arXiv 1711.05101
    """

    def __init__(self, params: Iterable[Any], embedding: nn.Embedding, **options: Any) -> None:
        super().__init__(params, **options)
        self.weight = embedding.weight
        embedding.sparse = True
        embedding.register_forward_pre_hook(lambda _, inputs: self.catch_up(inputs[0]))
        embedding.register_state_dict_pre_hook(lambda *_: self.catch_up())
        embedding.register_load_state_dict_pre_hook(lambda *_: self._forget())

    @staticmethod
    def suits(optimizer: Optimizer, embedding: nn.Module) -> bool:
        """Return whether it does for an embedding what an optimizer does.

        Only on the processor; what it would gain on a GPU has not been measured.
        """
        if type(optimizer) is not AdamW or type(embedding) is not nn.Embedding:
            return False
        weight = embedding.weight
        groups = [g for g in optimizer.param_groups if any(p is weight for p in g["params"])]
        return (
            len(groups) == 1
            and not groups[0]["amsgrad"]
            and not groups[0]["maximize"]
            and weight.device.type == "cpu"
            and weight.dtype == torch.float32
            and embedding.max_norm is None
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Do a step: all other parameters as AdamW does, and the rows that have a gradient."""
        gradient, self.weight.grad = self.weight.grad, None
        loss = super().step(closure)
        if gradient is not None:
            self._step_rows(gradient.coalesce())
        return loss

    def _step_rows(self, gradient: Tensor) -> None:
        state, group = self._table()
        rows, values = gradient.indices()[0], gradient.values()
        self.catch_up(rows)
        beta1, beta2 = group["betas"]
        step = int(state["step"]) + 1
        correction = (1 - beta2**step) ** 0.5
        size = float(group["lr"]) * correction / (1 - beta1**step)
        kept = 1 - float(group["lr"]) * group["weight_decay"]
        first = state["exp_avg"][rows].lerp(values, 1 - beta1)
        second = (state["exp_avg_sq"][rows] * beta2).addcmul_(values, values, value=1 - beta2)
        change = first / (second.sqrt() + group["eps"] * correction)
        self.weight[rows] = (self.weight[rows] * kept).sub_(change, alpha=size)
        state["exp_avg"][rows], state["exp_avg_sq"][rows] = first, second
        group["last"][rows] = step
        state["step"] += 1
        # what this step does to the rows without a gradient, by the step of their last one
        missed = torch.arange(step, 0, -1, dtype=torch.float64)
        ratio = beta1 / beta2**0.5
        new = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        owed = group["owed"] * kept + size * ratio**missed
        group["owed"] = torch.cat([owed, new[0]])
        group["scale"] = torch.cat([group["scale"] * kept, new[1]])

    @torch.no_grad()
    def catch_up(self, rows: Tensor | None = None) -> None:
        """Bring rows of the table up to date.

        Args:
            rows: Row numbers, of any shape; None for all rows.
        """
        if self.weight not in self.state:
            return
        state, group = self._table()
        beta1, beta2 = group["betas"]
        step = int(state["step"])
        rows = torch.arange(len(self.weight)) if rows is None else rows.unique()
        rows = rows[group["last"][rows] < step]
        if len(rows) == 0:
            return
        last = group["last"][rows]
        missed = (step - last)[:, None]
        owed, scale = (group[name][last].float()[:, None] for name in ("owed", "scale"))
        first, second = state["exp_avg"][rows], state["exp_avg_sq"][rows]
        epsilon = group["eps"] * (1 - beta2 ** (last + 1)).sqrt()[:, None]
        self.weight[rows] = self.weight[rows] * scale - owed * first / (second.sqrt() + epsilon)
        state["exp_avg"][rows] = first * beta1**missed
        state["exp_avg_sq"][rows] = second * beta2**missed
        group["last"][rows] = step

    def _forget(self) -> None:
        """Owe nothing: the weights are about to be replaced."""
        if self.weight in self.state:
            state, group = self._table()
            group["last"].fill_(int(state["step"]))

    def _table(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the table's state and its parameter group."""
        group = next(g for g in self.param_groups if any(p is self.weight for p in g["params"]))
        state = self.state[self.weight]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"] = torch.zeros_like(self.weight)
            state["exp_avg_sq"] = torch.zeros_like(self.weight)
            # in the group: there, load_state_dict keeps whole numbers and double precision
            # (rows,) the step up to which a row is up to date
            group["last"] = torch.zeros(len(self.weight), dtype=torch.int64)
            # (steps + 1,)
            group["owed"] = torch.zeros(1, dtype=torch.float64)
            group["scale"] = torch.ones(1, dtype=torch.float64)
        return state, group


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Clip gradients in place, as ``torch.nn.utils.clip_grad_norm_`` does; sparse ones too.

    Args:
        parameters: The parameters; those without a gradient are left out.
        max_norm: The Euclidean norm that all gradients may have together; infinite to compute the
            norm only.

    Returns:
        () the norm before clipping.
    """
    gradients = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            # a row that occurs twice in the batch has one gradient, the sum
            parameter.grad = parameter.grad.coalesce()
            gradients.append(parameter.grad.values())
        elif parameter.grad is not None:
            gradients.append(parameter.grad)
    norm = get_total_norm(gradients)
    factor = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor)
    return norm
