"""Where a variant's models are: in its folder, or in one folder per fold and seed below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gwangye.errors import DataError


class Run(NamedTuple):
    """One training of a variant."""

    fold: int
    seed: int
    folder: Path
    """Below the variant's: ``fold_0/seed_1``, or without what there is only one of."""


def runs(folds: Sequence[int], seeds: Sequence[int]) -> list[Run]:
    """Return a variant's trainings: every seed on every fold.

    Example:
        >>> [run.folder.as_posix() for run in runs([0], [1, 2])]
        ['seed_1', 'seed_2']
    """
    return [
        Run(fold, seed, fold_folder(Path(), fold, folds) / (f"seed_{seed}" if seeds[1:] else ""))
        for fold in folds
        for seed in seeds
    ]


def fold_folder(folder: Path, fold: int, folds: Sequence[int]) -> Path:
    """Return where one fold's models are: the variant's own folder where only one is trained."""
    return folder if len(folds) == 1 else folder / f"fold_{fold}"


def model_folders(folder: Path) -> list[Path]:
    """Return the folders of single models: the folder itself, or those below it by number.

    Raises:
        DataError: The folder does not exist or holds no model.
    """
    found = _models_below(folder)
    if not found:
        beside = sorted(path.name for path in folder.parent.glob("*") if _models_below(path))
        known = f" Trained here: {', '.join(beside)}." if beside else ""
        raise DataError(f"{folder} holds no trained model. Train one with `dvc repro`.{known}")
    return found


def seed_of(model: Path) -> int | None:
    """Return the seed that a model's folder is named after; None where there was only one."""
    found = re.fullmatch(r"seed_([0-9]+)", model.name)
    return int(found[1]) if found else None


def _models_below(folder: Path) -> list[Path]:
    runs = (".", "fold_*", "seed_*", "fold_*/seed_*")
    models = [path.parent for run in runs for path in folder.glob(f"{run}/config.json")]
    return sorted(models, key=lambda path: _numbers(path.relative_to(folder)))


def _numbers(run: Path) -> list[int]:
    # fold_2 comes before fold_10
    return [int(number) for number in re.findall(r"[0-9]+", run.as_posix())]
