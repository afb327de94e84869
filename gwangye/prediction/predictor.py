"""Prediction: the same function serves the predict stage, the command line and other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.model.folders import model_folders
from gwangye.prediction.probabilities import predict_probabilities

if TYPE_CHECKING:
    from gwangye.examples import Example


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
