"""What all stages share."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from gwangye.errors import DataError
from stages import run

ROOT = Path(__file__).parents[1]


def start(
    monkeypatch: pytest.MonkeyPatch, folder: Path, main: Any, module: str, *arguments: str
) -> None:
    """Run a stage as `python -m` does, in a folder with the real parameters."""
    shutil.copy2(ROOT / "params.yaml", folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [f"/somewhere/stages/{module}.py", *arguments])
    run(main)


@pytest.mark.parametrize(
    ("module", "arguments", "name"),
    [
        ("train", ("bilstm", "models/bilstm", "metrics/train/bilstm"), "train@bilstm"),
        ("predict", ("models/a", "data/predictions/a.parquet"), "predict@a"),
        ("evaluate", ("data/split", "metrics"), "evaluate"),
    ],
)
def test_stage_writes_how_long_it_took(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    arguments: tuple[str, ...],
    name: str,
) -> None:
    given: list[Any] = []
    start(monkeypatch, tmp_path, lambda *args: given.append(args), module, *arguments)
    assert [(params.seed, *rest) for params, *rest in given] == [(42, *arguments)]
    (file,) = (tmp_path / ".cache" / "seconds").iterdir()
    assert file.name == name
    assert 0 <= float(file.read_text(encoding="utf-8")) < 60


def test_failed_stage_tells_its_fault_and_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DataError("row 3: no such label")

    with pytest.raises(SystemExit, match="ERROR: row 3: no such label"):
        start(monkeypatch, tmp_path, fail, "split", "a", "b")
    assert not (tmp_path / ".cache").exists()
