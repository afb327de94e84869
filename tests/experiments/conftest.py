"""A project with a short pipeline of stubbed stages, and experiments that train one variant."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from gwangye.experiments.parameters import REMOVED
from gwangye.experiments.workbench import Experiment
from tests.pipeline.conftest import ROOT, Project

# the shape of the real one: what reads all variants depends on a folder
PIPELINE = """\
stages:
  split:
    cmd: python table_stub.py stages.split ${data.train} ${data.test} data/split
    deps:
      - ${data.train}
      - ${data.test}
    params:
      - data
      - split
    outs:
      - data/split
  target:
    cmd: python table_stub.py stages.target data/target
    deps:
      - data/split
    outs:
      - data/target
  train:
    foreach: ${variants}
    do:
      cmd: python table_stub.py stages.train ${key} models/${key}
      deps:
        - data/split
      params:
        - seed
        - loss
        - train
        - variants.${key}
      outs:
        - models/${key}
  ensemble:
    cmd: python table_stub.py stages.ensemble models data/ensemble
    deps:
      - models
    params:
      - ensemble
    outs:
      - data/ensemble
  evaluate:
    cmd: python table_stub.py stages.evaluate metrics
    deps:
      - data/ensemble
    params:
      - evaluate
    metrics:
      - metrics/metrics.json:
          cache: false
      - metrics/scores.csv:
          cache: false
"""
IGNORED = (
    *("/models/", "/data/split/", "/data/target/", "/data/ensemble/", "/data/predictions/"),
    *("/data/raw/klue-re/", "/metrics/*", "!/metrics/metrics.json", "!/metrics/scores.csv"),
    *("/.cache/", "/plan.*", ""),
)


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """Stages run `python`: this environment's."""
    folder = str(Path(sys.executable).parent)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(ROOT)


def make_project(folder: Path, pipeline: str, stub: str) -> Project:
    """Make a Git and DVC repository with a pipeline, the real parameters and no commit."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "params.yaml", folder)
    shutil.copy2(Path(__file__).with_name(stub), folder)
    for name, text in {
        "dvc.yaml": pipeline,
        ".dvc/config": "[core]\n    analytics = false\n",
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        ".gitignore": "\n".join(IGNORED),
        "data/raw/sample/train.json": "[]\n",
        "data/raw/sample/test.json": "[]\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    project = Project(folder)
    project.start_git()
    return project


@pytest.fixture(scope="module")
def stubbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Reproduced and committed; tests leave it as they found it, but for experiments."""
    project = make_project(tmp_path_factory.mktemp("stubbed"), PIPELINE, "table_stub.py")
    project.reproduce()
    project.commit("start")
    return project


def experiment(name: str, **changes: Any) -> Experiment:
    """Make an experiment of one variant; ``__`` stands for the dots of parameters."""
    single = {
        "variants.bilstm": REMOVED,
        "variants.bigru": REMOVED,
        "ensemble.members": ["entity_start"],
    }
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return Experiment(name, {**single, **dotted}, f"about {name}")
