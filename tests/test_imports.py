"""What the stages that only move tables load: start-up is most of the time they take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from gwangye.examples import Dataset
from gwangye.prediction.tables import prediction_table, write_predictions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
VARIANTS = ["entity_start", "bilstm", "bigru"]
HEAVY = ["accelerate", "dvc", "dvclive", "sklearn", "tokenizers", "torch", "transformers"]


def loaded(work: str, *arguments: str, folder: Path = ROOT) -> list[str]:
    """The heavy packages that a fresh process has loaded after some work."""
    listing = f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", f"import json, runpy, sys; {work}; {listing}", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def write_random_predictions(folder: Path) -> None:
    """Predict fold 0 and the test rows at random, for every variant."""
    dataset = Dataset.read(folder / "data" / "split")
    labels = dataset.task.labels
    random = np.random.default_rng(0)
    for name in VARIANTS:
        parts = []
        for part, frame in (
            ("validation", dataset.train[dataset.train["fold"] == 0]),
            ("test", dataset.test),
        ):
            probabilities = random.dirichlet(np.ones(len(labels)), len(frame))
            parts.append(prediction_table(frame["guid"].tolist(), part, probabilities, labels))
        write_predictions(pd.concat(parts), folder / "data" / "predictions" / f"{name}.parquet")


@pytest.fixture(scope="module")
def after_running(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each stage that moves tables has loaded after it ran on the sample corpus."""
    folder = tmp_path_factory.mktemp("imports")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for part in ("train", "test"):
        params["data"][part] = str(ROOT / params["data"][part])
    params["target"]["resamples"] = params["evaluate"]["resamples"] = 20
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    for name in ("train", "robustness"):
        (folder / "metrics" / name).mkdir(parents=True)
    arguments = {
        "split": ("data/split",),
        "ensemble": ("data", "data/ensemble"),
        "target": ("data", "data/target"),
        "evaluate": ("data", "metrics"),
        "report": ("data", "metrics", "metrics/report.html"),
    }
    names = {}
    for stage, given in arguments.items():
        run = f"runpy.run_module('stages.{stage}', run_name='__main__')"
        names[stage] = loaded(run, *given, folder=folder)
        if stage == "split":
            write_random_predictions(folder)
    return names


def test_stages_that_move_tables_load_neither_torch_nor_transformers(
    after_running: dict[str, list[str]],
) -> None:
    assert after_running == {
        "split": [],
        "ensemble": [],
        "target": [],
        "evaluate": ["sklearn"],  # the scores are its
        "report": [],
    }


@pytest.mark.parametrize(
    "stage", ["encoder", "predict", "preprocess", "pretrain", "robustness", "train"]
)
def test_importing_a_stage_that_computes_loads_nothing_heavy_yet(stage: str) -> None:
    # so that a fault in params.yaml is told at once
    assert loaded(f"import stages.{stage}") == []
