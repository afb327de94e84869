from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.errors import DataError
from gwangye.model.folders import fold_folder, model_folders, runs, seed_of


def trained(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "config.json").touch()


def test_one_fold_is_the_variants_own_folder() -> None:
    assert fold_folder(Path("models/a"), 3, [3]) == Path("models/a")


def test_one_of_several_folds_has_a_folder_below() -> None:
    assert fold_folder(Path("models/a"), 3, [0, 3]) == Path("models/a/fold_3")


def test_single_model(tmp_path: Path) -> None:
    trained(tmp_path, "single")
    assert model_folders(tmp_path / "single") == [tmp_path / "single"]


def test_folds_come_by_number_and_not_by_letter(tmp_path: Path) -> None:
    trained(tmp_path, "a/fold_10", "a/fold_2", "a/fold_0")
    (tmp_path / "a" / "fold_3").mkdir()  # training broke off: no model in it
    names = [path.name for path in model_folders(tmp_path / "a")]
    assert names == ["fold_0", "fold_2", "fold_10"]


RUNS = [
    ([4], [42], ["."]),
    ([0, 3], [42], ["fold_0", "fold_3"]),
    ([4], [7, 42], ["seed_7", "seed_42"]),
    ([0, 3], [7, 42], ["fold_0/seed_7", "fold_0/seed_42", "fold_3/seed_7", "fold_3/seed_42"]),
]


@pytest.mark.parametrize(("folds", "seeds", "expected"), RUNS)
def test_folders_of_runs(folds: list[int], seeds: list[int], expected: list[str]) -> None:
    found = runs(folds, seeds)
    assert [run.folder.as_posix() for run in found] == expected
    assert [(run.fold, run.seed) for run in found] == [(f, s) for f in folds for s in seeds]


@pytest.mark.parametrize("folds", [[4], [0, 1], list(range(12))])
@pytest.mark.parametrize("seeds", [[1], [3, 20]])
def test_what_is_written_is_found(tmp_path: Path, folds: list[int], seeds: list[int]) -> None:
    written = [tmp_path / "a" / run.folder for run in runs(folds, seeds)]
    for folder in written:
        trained(folder.parent, folder.name)
    assert model_folders(tmp_path / "a") == written
    for fold in folds:
        below = model_folders(fold_folder(tmp_path / "a", fold, folds))
        assert [seed_of(path) for path in below] == (seeds if len(seeds) > 1 else [None])


def test_folder_without_a_model_names_the_trained_ones(tmp_path: Path) -> None:
    """Those with folds too, and not the encoders, which lie one level deeper."""
    trained(tmp_path, "single", "folds/fold_0", "folds/fold_1", "encoders/e5")
    message = r"bigru holds no trained model. Train one with `dvc repro`. Trained here: folds, sin"
    with pytest.raises(DataError, match=message) as caught:
        model_folders(tmp_path / "bigru")
    assert str(caught.value).endswith("Trained here: folds, single.")


def test_nothing_is_trained_yet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no trained model. Train one with `dvc repro`.$"):
        model_folders(tmp_path / "models" / "bigru")
