"""The predictions of a whole split by a trained variant: what the predict stage writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gwangye.model.folders import fold_folder, model_folders, seed_of
from gwangye.prediction.probabilities import predict_probabilities
from gwangye.prediction.tables import mean_by_row, prediction_table

if TYPE_CHECKING:
    from gwangye.inputs.features.table import FeatureTable


def predict_folds(
    folder: Path, table: FeatureTable, folds: Sequence[int], *, progress: bool = False
) -> pd.DataFrame:
    """Predict a whole split with a trained variant.

    The variant's folder holds one model, or one per fold and seed.

    Returns:
        A prediction table: each fold's validation rows, predicted by the model that was not
        trained on them; then the test rows, predicted by the mean over the folds. A validation row
        of several folds (of a repeated split) has the mean of theirs. Where there are several
        seeds, all this once per seed, with a column ``seed``.
    """
    from gwangye.model.relation_model import load_model

    test = table.select(table.parts == "test")
    by_seed: dict[int | None, list[pd.DataFrame]] = {}
    for fold in folds:
        rows = table.select((table.parts == "train") & table.validates(fold))
        for path in model_folders(fold_folder(folder, fold, folds)):
            model, tokenizer = load_model(path)
            for part, chosen in (("validation", rows), ("test", test)):
                predicted = predict_probabilities(
                    model, chosen, tokenizer.pad_token_id, progress=progress
                )
                by_seed.setdefault(seed_of(path), []).append(
                    prediction_table(chosen.guids.tolist(), part, predicted, model.config.labels)
                )
    tables = []
    for seed, parts in by_seed.items():
        mean = mean_by_row(pd.concat(parts, ignore_index=True))
        mean = mean.sort_values("part", key=lambda part: part != "validation", kind="stable")
        if seed is not None:
            mean.insert(2, "seed", seed)
        tables.append(mean)
    return pd.concat(tables, ignore_index=True)
