"""The heads' modules. B: batch, L: length, H: the encoder's width, 2 roles: subject, object.

Every module takes hidden_states (B, L, H), attention_mask (B, L) and entity_positions (B, 2, 4);
see :mod:`gwangye.inputs.features` for the four positions of a role. A module that reads a few
tokens only says which: ``reads(entity_positions)`` → (B, n).
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

if TYPE_CHECKING:
    from gwangye.model.heads import Attention, HeadOptions, Recurrent

OPENING, FIRST, PAST, CLOSING = range(4)


def entity_means(hidden: Tensor, positions: Tensor) -> Tensor:
    """Return the mean state of each entity's own tokens, (B, 2·H)."""
    index = torch.arange(hidden.shape[1], device=hidden.device)  # (L,)
    first, past = positions[:, :, FIRST, None], positions[:, :, PAST, None]  # (B, 2, 1)
    inside = ((index >= first) & (index < past)).to(hidden.dtype)  # (B, 2, L)
    means = inside @ hidden / inside.sum(-1, keepdim=True)  # (B, 2, H)
    return means.flatten(1)


def _at(hidden: Tensor, index: Tensor) -> Tensor:
    """Return the states at (B, n) positions, one after the other: (B, n·H)."""
    rows = torch.arange(len(hidden), device=hidden.device)[:, None]
    return hidden[rows, index].flatten(1)


def linear(in_features: int, out_features: int) -> nn.Linear:
    """Return a linear layer initialised as BERT's are."""
    layer = nn.Linear(in_features, out_features)
    nn.init.normal_(layer.weight, std=0.02)
    nn.init.zeros_(layer.bias)
    return layer


class TokenHead(nn.Module, abc.ABC):
    """The states of some tokens, one after the other → dropout → linear."""

    num_tokens: int

    def __init__(self, hidden_size: int, num_labels: int, options: HeadOptions) -> None:
        super().__init__()
        self.dropout = nn.Dropout(options.dropout)
        self.output = linear(self.num_tokens * hidden_size, num_labels)

    @staticmethod
    @abc.abstractmethod
    def reads(positions: Tensor) -> Tensor:
        """Return where the tokens are, (B, num_tokens)."""

    def forward(self, hidden: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return (B, num_labels) logits."""
        logits: Tensor = self.output(self.dropout(_at(hidden, self.reads(positions))))
        return logits


class FirstTokenHead(TokenHead):
    """The first token's state."""

    num_tokens = 1

    @staticmethod
    def reads(positions: Tensor) -> Tensor:
        """Return where the first token is, (B, 1)."""
        return torch.zeros_like(positions[:, 0, :1])


class OpeningMarkersHead(TokenHead):
    """The states of subject's and object's opening markers."""

    num_tokens = 2

    @staticmethod
    def reads(positions: Tensor) -> Tensor:
        """Return where the opening markers are, (B, 2)."""
        return positions[:, :, OPENING]


class BothMarkersHead(TokenHead):
    """The states of opening and closing markers: subject's, then object's."""

    num_tokens = 4

    @staticmethod
    def reads(positions: Tensor) -> Tensor:
        """Return where the markers are, (B, 4)."""
        return positions[:, :, [OPENING, CLOSING]].flatten(1)


class EntityMeanHead(nn.Module):
    """Both entities' mean states → dropout → linear."""

    def __init__(self, hidden_size: int, num_labels: int, options: HeadOptions) -> None:
        super().__init__()
        self.dropout = nn.Dropout(options.dropout)
        self.output = linear(2 * hidden_size, num_labels)

    def forward(self, hidden: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return (B, num_labels) logits."""
        logits: Tensor = self.output(self.dropout(entity_means(hidden, positions)))
        return logits


class RBertHead(nn.Module):
    """R-BERT: dense layers over tanh of the first token and of both entity means."""

    def __init__(self, hidden_size: int, num_labels: int, options: HeadOptions) -> None:
        super().__init__()
        self.dropout = nn.Dropout(options.dropout)
        self.first = linear(hidden_size, hidden_size)
        self.entity = linear(hidden_size, hidden_size)
        self.output = linear(3 * hidden_size, num_labels)

    def forward(self, hidden: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return (B, num_labels) logits."""
        first = self.first(self.dropout(hidden[:, 0].tanh()))  # (B, H)
        means = entity_means(hidden, positions).unflatten(1, (2, -1))  # (B, 2, H)
        entities = self.entity(self.dropout(means.tanh())).flatten(1)  # (B, 2·H)
        logits: Tensor = self.output(self.dropout(torch.cat([first, entities], dim=-1)))
        return logits


class RecurrentHead(nn.Module):
    """A bidirectional recurrent network over all real tokens → pooling → linear."""

    def __init__(self, hidden_size: int, num_labels: int, options: Recurrent) -> None:
        super().__init__()
        self.pooling = options.pooling
        self.recurrent = getattr(nn, options.network)(
            hidden_size,
            options.hidden_size,
            num_layers=options.num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=options.dropout if options.num_layers > 1 else 0.0,
        )
        self.dropout = nn.Dropout(options.dropout)
        width = 2 * options.hidden_size
        self.output = linear(2 * width if self.pooling == "entity_start" else width, num_labels)

    def forward(self, hidden: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return (B, num_labels) logits."""
        lengths = mask.sum(-1)
        packed = pack_padded_sequence(hidden, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, state = self.recurrent(packed)
        if self.pooling == "last":
            # an LSTM's state is (hidden, cell); the top layer's two directions come last
            final = state[0] if isinstance(state, tuple) else state
            pooled = torch.cat([final[-2], final[-1]], dim=-1)  # (B, 2·width)
        else:
            # padding is filled with what the maximum never takes; autocast may have made the
            # outputs narrower than the states they come from
            sequence, _ = pad_packed_sequence(
                outputs,
                batch_first=True,
                padding_value=torch.finfo(outputs.data.dtype).min,
                total_length=hidden.shape[1],
            )
            is_max = self.pooling == "max"
            pooled = sequence.amax(1) if is_max else _at(sequence, positions[:, :, OPENING])
        logits: Tensor = self.output(self.dropout(pooled))
        return logits


class AttentionHead(nn.Module):
    """A mean of all real tokens, weighted by a learnt score."""

    def __init__(self, hidden_size: int, num_labels: int, options: Attention) -> None:
        super().__init__()
        self.project = linear(hidden_size, options.attention_size)
        self.score = nn.Linear(options.attention_size, 1, bias=False)
        nn.init.normal_(self.score.weight, std=0.02)
        self.dropout = nn.Dropout(options.dropout)
        self.output = linear(hidden_size, num_labels)

    def forward(self, hidden: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return (B, num_labels) logits."""
        scores = self.score(self.project(hidden).tanh()).squeeze(-1)  # (B, L)
        scores = scores.masked_fill(mask == 0, torch.finfo(scores.dtype).min)
        pooled = (scores.softmax(-1)[:, None] @ hidden).squeeze(1)  # (B, H)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits
