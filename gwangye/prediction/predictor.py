"""Prediction: the same function serves the predict stage, the command line and other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.model.folders import model_folders

if TYPE_CHECKING:
    from gwangye.examples import Example
    from gwangye.inputs.features.table import FeatureTable
    from gwangye.model.relation_model import RelationModel


class Prediction(NamedTuple):
    """A relation and its probability (0 to 1)."""

    relation: str
    probability: float


class Predictor:
    """One or several trained models that predict together (the mean of their probabilities).

    Args:
        folders: Trained model folders; a folder with several folds counts as one model.

    Raises:
        DataError: A folder is no trained model, or the models have different relations.

    Example:
        >>> predictor = Predictor(["models/entity_start"])
        >>> predictor.predict([example], top_k=1)
        [[Prediction(relation='per:title', probability=0.93)]]
    """

    def __init__(self, folders: Sequence[str | Path]) -> None:
        from gwangye.model.relation_model import load_model

        if not folders:
            raise DataError("No model was named. Name a trained model's folder.")
        self._groups = [[load_model(path) for path in model_folders(Path(f))] for f in folders]
        self.labels = self._groups[0][0][0].config.labels
        for folder, group in zip(folders, self._groups, strict=True):
            if group[0][0].config.labels != self.labels:
                raise DataError(
                    f"{folder} predicts other relations than {folders[0]}. Models that predict "
                    "together must be trained on the same labels."
                )

    @property
    def entity_types(self) -> list[str]:
        """The entity types that every one of the models knows."""
        configs = [model.config for group in self._groups for model, _ in group]
        return [t for t in configs[0].entity_types if all(t in c.entity_types for c in configs)]

    def probabilities(
        self, examples: Sequence[Example], *, progress: bool = False
    ) -> NDArray[np.float64]:
        """Return (examples, relations) probabilities, relations in the order of ``labels``."""
        from gwangye.inputs.markers.input_form import InputForm
        from gwangye.inputs.tokens.tokenising import tokenise

        total = np.zeros((len(examples), len(self.labels)))
        for group in self._groups:
            for model, tokenizer in group:
                form = InputForm.from_dict(model.config.input_form)
                table = tokenise(examples, tokenizer, form)
                part = predict_probabilities(
                    model, table, tokenizer.pad_token_id, progress=progress
                )
                total += part / (len(group) * len(self._groups))
        return total

    def predict(
        self, examples: Sequence[Example], *, top_k: int = 1, progress: bool = False
    ) -> list[list[Prediction]]:
        """Return the ``top_k`` most probable relations of each example, best first."""
        result = []
        for row in self.probabilities(examples, progress=progress):
            best = np.argsort(-row, kind="stable")[:top_k]
            result.append([Prediction(self.labels[i], float(row[i])) for i in best])
        return result


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
