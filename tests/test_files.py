from __future__ import annotations

from pathlib import Path

from gwangye.files import remove_strays


def test_only_what_is_named_stays(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "c" / "fold_0").mkdir(parents=True)
    remove_strays(tmp_path, ["a.parquet"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
