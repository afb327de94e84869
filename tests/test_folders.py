from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.errors import DataError
from gwangye.folders import fold_folder, model_folders


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


@pytest.mark.parametrize("folds", [[4], [0, 1], list(range(12))])
def test_what_is_written_is_found(tmp_path: Path, folds: list[int]) -> None:
    written = [fold_folder(tmp_path / "a", fold, folds) for fold in folds]
    for folder in written:
        trained(folder.parent, folder.name)
    assert model_folders(tmp_path / "a") == written


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
