"""Checkpoints: in a folder that no other configuration or data shares; training resumes there."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import Trainer

logger = logging.getLogger(__name__)


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


def train_on(trainer: Trainer, checkpoints: Path) -> None:
    """Train from the last checkpoint of a folder; from the start where there is none."""
    from transformers.trainer_utils import get_last_checkpoint

    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    if last is not None:
        logger.info("resuming from %s", last)
    trainer.train(resume_from_checkpoint=last)
