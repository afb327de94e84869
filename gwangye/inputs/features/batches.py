"""From feature rows to tensors: a dataset, and a collator that pads to the longest row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

if TYPE_CHECKING:
    from gwangye.inputs.features.table import FeatureTable


class FeatureDataset(Dataset[dict[str, Any]]):
    """The rows of a feature table, one dictionary each."""

    def __init__(self, table: FeatureTable) -> None:
        self.table = table

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.table.row(index)


class AugmentedDataset(FeatureDataset):
    """Rows that are made anew for each epoch, counted from 0; always as many."""

    def __init__(self, table_of: Callable[[int], FeatureTable]) -> None:
        super().__init__(table_of(0))
        self.table_of = table_of
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Make the rows of an epoch; the Trainer calls this when the epoch begins."""
        if epoch != self.epoch:
            self.table, self.epoch = self.table_of(epoch), epoch


@dataclass
class Collator:
    """Makes a batch of feature rows, padded on the right to its longest row."""

    pad_token_id: int
    with_labels: bool = field(default=True, kw_only=True)

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Return the batch's tensors.

        ``input_ids``, ``attention_mask`` and, where the encoder has segments, ``token_type_ids``
        are (batch, length); ``entity_positions`` (batch, 2, 4); ``labels`` (batch,).
        """
        lengths = [len(row["input_ids"]) for row in rows]
        batch = {
            "input_ids": _pad([row["input_ids"] for row in rows], self.pad_token_id),
            "attention_mask": _pad([np.ones(n, dtype=np.int64) for n in lengths], 0),
            "entity_positions": torch.from_numpy(
                np.stack([row["entity_positions"] for row in rows]).astype(np.int64)
            ),
        }
        if "token_type_ids" in rows[0]:
            batch["token_type_ids"] = _pad([row["token_type_ids"] for row in rows], 0)
        if self.with_labels:
            batch["labels"] = torch.tensor([int(row["label_id"]) for row in rows])
        return batch


def _pad(rows: Sequence[Any], value: int) -> Tensor:
    padded = np.full((len(rows), max(len(row) for row in rows)), value, dtype=np.int64)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return torch.from_numpy(padded)
