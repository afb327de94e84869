"""Where checkpoints are kept: in a folder that no other configuration or data shares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def configuration_key(settings: Mapping[str, Any], files: Sequence[Path]) -> str:
    """Return a name for a checkpoint folder that no other configuration or data shares.

    Args:
        settings: Everything that decides the training, JSON-serialisable.
        files: The files it reads.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
