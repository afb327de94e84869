"""A project with stubbed stages, and experiments that train a single variant."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from gwangye.experiments.workbench import REMOVED, Experiment
from tests.pipeline.conftest import Project, new_repository


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """Stages run `python`: this environment's."""
    folder = str(Path(sys.executable).parent)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def stubbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Reproduced and committed; tests leave it as they found it, but for experiments."""
    return new_repository(tmp_path_factory.mktemp("stubbed"))


def experiment(name: str, **changes: Any) -> Experiment:
    """Make an experiment of one variant; ``__`` stands for the dots of parameters."""
    single = {
        "variants.bilstm": REMOVED,
        "variants.bigru": REMOVED,
        "ensemble.members": ["entity_start"],
    }
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return Experiment(name, {**single, **dotted}, f"about {name}")
