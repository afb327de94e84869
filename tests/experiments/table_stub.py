"""Stands in for the stages' commands in `conftest.PIPELINE`, with tables that can be read.

Of every eight rows four have the relation; two of them are missed, one where `entity_start` has
another gamma than 1.
Each stage adds a line to the file that STUB_RECORD names, if it is set.
"""

import json
import os
import shutil
import sys
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset, Task, make_frame
from gwangye.files import write_json
from gwangye.prediction.tables import prediction_table, write_predictions

TASK = Task(["no_relation", "per:title"], "no_relation", ["PER"])
TRUE = np.array([1, 1, 1, 1, 0, 0, 0, 0] * 10)
PARAMS = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
VARIANTS = PARAMS["variants"]
GAMMA = VARIANTS["entity_start"]["loss"].get("gamma", PARAMS["loss"]["gamma"])


def frame(prefix: str) -> pd.DataFrame:
    """Return 80 labelled rows."""
    rows = len(TRUE)
    columns = {
        "guid": [f"{prefix}{i:03}" for i in range(rows)],
        "sentence": ["가 나"] * rows,
        **{f"{role}_word": [word] * rows for role, word in (("subject", "가"), ("object", "나"))},
        **{f"{role}_start": [at] * rows for role, at in (("subject", 0), ("object", 2))},
        **{f"{role}_end": [at] * rows for role, at in (("subject", 1), ("object", 3))},
        **{f"{role}_type": ["PER"] * rows for role in ("subject", "object")},
        "label": [TASK.labels[label] for label in TRUE],
        "source": [None] * rows,
        "fold": [0] * rows,
    }
    return make_frame(columns)


def predictions() -> pd.DataFrame:
    """Predict both parts."""
    missed = 2 if GAMMA == 1 else 1
    chosen = np.where(np.arange(len(TRUE)) % 8 < missed, 0, TRUE)
    parts = [
        prediction_table(frame(part[0])["guid"], part, 0.1 + 0.8 * np.eye(2)[chosen], TASK.labels)
        for part in ("validation", "test")
    ]
    return pd.concat(parts)


def split(train: str, test: str, out: str) -> None:
    for path in (train, test):
        if not Path(path).is_file():
            sys.exit(f"ERROR: {path} does not exist.")
    Dataset(frame("v"), frame("t"), TASK).write(Path(out))


def target(out: str) -> None:
    write_json(Target(None, "not matched", {}).to_dict(), Path(out) / "target.json")


def train(variant: str, model: str) -> None:
    # a model is another one each time
    write_json({"id": uuid.uuid4().hex}, Path(model) / "config.json")
    seconds = Path(".cache/seconds") / f"train@{variant}"
    seconds.parent.mkdir(parents=True, exist_ok=True)
    seconds.write_text("90.0")


def ensemble(models: str, out: str) -> None:
    for folder in Path(models).iterdir():
        if folder.name not in VARIANTS:
            shutil.rmtree(folder)
    Path(out).mkdir(parents=True)
    write_predictions(predictions(), Path(out) / "predictions.parquet")


def evaluate(folder: str) -> None:
    write_json({"ensemble": {"validation": {"micro_f1": 50.0}}}, Path(folder) / "metrics.json")
    row = "ensemble,validation,all,micro_f1,50.0,40.0,60.0,80,80.0,"
    head = "model,column,pairs,metric,value,low,high,rows,effective_rows,note"
    (Path(folder) / "scores.csv").write_text(f"{head}\n{row}\n")


if __name__ == "__main__":
    stage, *arguments = sys.argv[1].removeprefix("stages."), *sys.argv[2:]
    if "STUB_RECORD" in os.environ:
        seeds = {name: variant.get("seeds") for name, variant in VARIANTS.items()}
        with Path(os.environ["STUB_RECORD"]).open("a", encoding="utf-8") as record:
            record.write(f"{stage} {json.dumps(seeds)} {GAMMA}\n")
    globals()[stage](*arguments)
