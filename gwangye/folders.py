"""Where a variant's models are: in its folder, or in one folder per fold below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gwangye.errors import DataError


def fold_folder(folder: Path, fold: int, folds: Sequence[int]) -> Path:
    """Return the folder of one fold's model: the variant's own where only one fold is trained."""
    return folder if len(folds) == 1 else folder / f"fold_{fold}"


def model_folders(folder: Path) -> list[Path]:
    """Return the folders of single models: the folder itself, or its folds' by number.

    Raises:
        DataError: The folder does not exist or holds no model.
    """
    if (folder / "config.json").is_file():
        return [folder]
    folds = [path.parent for path in folder.glob("fold_*/config.json")]
    if not folds:
        beside = {path.parent.name for path in folder.parent.glob("*/config.json")}
        beside |= {path.parent.parent.name for path in folder.parent.glob("*/fold_*/config.json")}
        known = f" Trained here: {', '.join(sorted(beside))}." if beside else ""
        raise DataError(f"{folder} holds no trained model. Train one with `dvc repro`.{known}")
    # by length first: fold_2 comes before fold_10
    return sorted(folds, key=lambda path: (len(path.name), path.name))
