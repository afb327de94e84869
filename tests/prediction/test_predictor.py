from __future__ import annotations

import re
from pathlib import Path

import pytest

from gwangye.errors import DataError
from gwangye.prediction.predictor import Predictor


def test_predictor_without_a_model() -> None:
    with pytest.raises(DataError, match="No model was named"):
        Predictor([])


def test_folder_without_a_model_names_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "bigru").mkdir()
    (tmp_path / "bigru" / "config.json").write_text("{}", encoding="utf-8")
    missing = tmp_path / "bigrru"
    with pytest.raises(DataError, match=re.escape(f"{missing} holds no trained model")) as caught:
        Predictor([missing])
    assert str(caught.value).endswith("Trained here: bigru.")
