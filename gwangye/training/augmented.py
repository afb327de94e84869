"""The training rows of each epoch, augmented and tokenised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gwangye.inputs.tokens.tokenising import tokenise
from gwangye.training.augmentation import Augmentation, augment, for_task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from gwangye.examples import Example, Task
    from gwangye.inputs.features.table import FeatureTable
    from gwangye.inputs.markers.input_form import InputForm


@dataclass(frozen=True)
class AugmentedRows:
    """Makes the training rows of an epoch: each drawn by seed, epoch and its place alone.

    Tokenising all of them at once takes a hundredth of the epoch that trains on them.

    The examples have labels, and the tokenizer has the form's markers.
    """

    examples: Sequence[Example]
    tokenizer: PreTrainedTokenizerBase
    form: InputForm
    task: Task
    augmentations: Mapping[str, Augmentation]
    seed: int

    def __call__(self, epoch: int) -> FeatureTable:
        """Return the rows of an epoch, from 0, in the order of the examples."""
        pieces = for_task(self.augmentations, self.task.labels, "augment")
        rows = [
            augment(example, pieces, np.random.default_rng([self.seed, epoch, i]))
            for i, example in enumerate(self.examples)
        ]
        labels = pd.DataFrame({"label": [row.label for row in rows]}, dtype="object")
        return tokenise(rows, self.tokenizer, self.form).with_columns(
            parts=["train"] * len(rows),
            folds=[-1] * len(rows),
            label_ids=self.task.label_ids(labels).tolist(),
        )
