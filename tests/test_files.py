from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.errors import DataError
from gwangye.files import read_json, remove_strays, write_json


def test_json_is_read_back(tmp_path: Path) -> None:
    write_json({"관계": [1, None]}, tmp_path / "new" / "x.json")
    assert read_json(tmp_path / "new" / "x.json", "Run it.") == {"관계": [1, None]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "x.json does not exist. Run `dvc repro target`."),
        (b"{", "x.json is not JSON: Expecting .* Run `dvc repro target`."),
        (b"\xff", "x.json is not JSON: 'utf-8' codec .* Run `dvc repro target`."),
    ],
    ids=["missing", "cut off", "not UTF-8"],
)
def test_json_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_json(tmp_path / "x.json", "Run `dvc repro target`.")


def test_only_what_is_named_stays(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "c" / "fold_0").mkdir(parents=True)
    remove_strays(tmp_path, ["a.parquet"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
