"""The probabilities of tokenised rows, by one model, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gwangye.inputs.features.table import FeatureTable
    from gwangye.model.relation_model import RelationModel


def predict_probabilities(
    model: RelationModel, table: FeatureTable, pad_token_id: int, *, progress: bool = False
) -> NDArray[np.float64]:
    """Compute the probabilities of all relations for tokenised rows, by the model's temperature.

    Batches hold rows of like length under a token budget, longest first, so that memory runs out
    at once or not at all. Where the machine multiplies bfloat16 in hardware, it does: that moves a
    probability by up to a few hundredths. The process keeps the memory that is freed
    (:func:`gwangye.model.devices.keep_freed_memory`).

    Returns:
        (rows, relations), each row summing to 1, in the order of ``table``.
    """
    import torch
    from tqdm.auto import tqdm

    from gwangye.inputs.features.batches import Collator
    from gwangye.model.devices import (
        compute_device,
        has_fast_bf16,
        keep_freed_memory,
        tokens_per_batch,
    )

    keep_freed_memory()
    collate = Collator(pad_token_id, with_labels=False)
    probabilities = np.zeros((len(table), len(model.config.labels)))
    device = compute_device()
    model = model.eval().to(device)
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16()),
        tqdm(total=len(table), desc="predict", unit="row", disable=not progress) as bar,
    ):
        for rows in batches_by_tokens(table.lengths, tokens_per_batch()):
            batch = collate([table.row(int(i)) for i in rows])
            logits = model(**{key: value.to(device) for key, value in batch.items()}).logits
            # double precision: the rows are to sum to 1 within the reader's tolerance
            scaled = logits.double() / model.config.softmax_temperature
            probabilities[rows] = scaled.softmax(dim=-1).cpu().numpy()
            bar.update(len(rows))
    return probabilities


def batches_by_tokens(
    lengths: NDArray[np.integer], tokens_per_batch: int
) -> Iterable[NDArray[np.intp]]:
    """Yield row numbers in batches of at most ``tokens_per_batch`` tokens, longest rows first.

    A batch's tokens are its rows times its longest row; a row longer than the budget is a batch
    of its own.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, tokens_per_batch // max(1, int(lengths[order[start]])))
        yield order[start : start + size]
        start += size
