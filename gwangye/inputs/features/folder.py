"""The preprocess stage's folder: features, and what a model needs to know of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.examples import Example, Task, read_parquet, to_examples
from gwangye.inputs.features.table import FeatureTable, read_features
from gwangye.inputs.markers.input_form import InputForm


@dataclass(frozen=True)
class FeatureFolder:
    """Features of all rows in one input form.

    Args:
        table: Labelled and test rows.
        form: The input form.
        task: The relations.
        tokenizer: Folder of the tokenizer with the form's markers.
        labelled: File of the labelled rows themselves, for training that changes their text.
    """

    table: FeatureTable
    form: InputForm
    task: Task
    tokenizer: Path
    labelled: Path

    @classmethod
    def read(cls, folder: Path) -> FeatureFolder:
        """Read what :func:`preprocess` wrote.

        Raises:
            DataError: The folder is not what the preprocess stage writes.
        """
        if not (folder / "input.json").is_file():
            raise DataError(f"{folder} holds no features. Run `dvc repro preprocess`.")
        form = json.loads((folder / "input.json").read_text(encoding="utf-8"))
        return cls(
            table=read_features(folder / "features.parquet"),
            form=InputForm.from_dict(form),
            task=Task.read(folder / "task.json"),
            tokenizer=folder / "tokenizer",
            labelled=folder / "labelled.parquet",
        )

    def examples(self, guids: NDArray[np.object_]) -> list[Example]:
        """Return the labelled rows with these guids, in their order."""
        frame = read_parquet(self.labelled).set_index("guid", drop=False)
        return list(to_examples(frame.loc[guids.tolist()]))
