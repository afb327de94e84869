"""Learning rates by depth: the head's own, and smaller ones for lower layers."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from gwangye.errors import ParameterError

if TYPE_CHECKING:
    from torch import nn

# encoder.encoder.layer.3. (BERT, RoBERTa, ELECTRA, DeBERTa), encoder.layers.3. (ModernBERT), ...
_LAYER = re.compile(r"^encoder\.(?:\w+\.)*?(?:layer|layers|h|blocks?)\.(\d+)\.")


def learning_rate_of(
    name: str,
    *,
    num_layers: int,
    learning_rate: float,
    head_learning_rate: float | None,
    layer_decay: float,
) -> float:
    """Return the learning rate of a relation model's parameter.

    The top layer has the learning rate itself, each layer below ``layer_decay`` times that of the
    one above it, and the embeddings are one below the lowest layer (Sun et al. 2019, arXiv
    1905.05583). A head without a learning rate of its own has the top layer's.

    Example:
        3 layers, rate 1, decay 0.5: layer 2 has 1, layer 1 0.5, layer 0 0.25, embeddings 0.125.
    """
    if name.startswith("head."):
        return learning_rate if head_learning_rate is None else head_learning_rate
    found = _LAYER.match(name)
    if found:
        return learning_rate * layer_decay ** (num_layers - 1 - int(found[1]))
    return learning_rate * (layer_decay**num_layers if "embed" in name else 1.0)


def parameter_groups(
    model: nn.Module,
    *,
    learning_rate: float,
    head_learning_rate: float | None,
    layer_decay: float,
    weight_decay: float,
    decayed: Collection[str],
) -> list[dict[str, Any]]:
    """Return an optimizer's parameter groups, one per learning rate and weight decay.

    The rates are those of :func:`learning_rate_of`; only parameters named in ``decayed`` have
    weight decay.

    Raises:
        ParameterError: The encoder has no numbered layers, so that none is below another.
    """
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    layers = [int(found[1]) for name in weights if (found := _LAYER.match(name))]
    if layer_decay != 1 and not layers:
        raise ParameterError(
            "train.layer_decay: this encoder's layers have no numbers of their own (they share "
            "their weights, or are named in an unknown way). Set it to 1."
        )
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, weight in weights.items():
        rate = learning_rate_of(
            name,
            num_layers=max(layers, default=0) + 1,
            learning_rate=learning_rate,
            head_learning_rate=head_learning_rate,
            layer_decay=layer_decay,
        )
        groups.setdefault((rate, weight_decay if name in decayed else 0.0), []).append(weight)
    # the Trainer logs the first group's rate: that is to be `learning_rate`, where a group has it
    order = sorted(groups, key=lambda group: (group[0] != learning_rate, -group[0], -group[1]))
    return [{"params": groups[key], "lr": key[0], "weight_decay": key[1]} for key in order]
