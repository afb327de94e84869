"""Stands in for the stages of a sweep's trial: scores follow from the learning rate at once.

micro-F1 is 60 less 10 for each order of magnitude between train.learning_rate and 1e-4; training
evaluates after each of 3 epochs: half of it, three quarters, all. In the environment, TRAININGS is
a file that gets a line per training; HOLD is a learning rate at which training hangs after the
first evaluation, SLOW one below which it does, FAIL one at which it fails.
"""

import json
import math
import os
import sys
import time
from pathlib import Path

import yaml


def train(variant: str, predictions: str, curves: str) -> None:
    # PyYAML reads 5e-05 as text
    rate = float(yaml.safe_load(Path("params.yaml").read_text())["train"]["learning_rate"])
    with Path(os.environ["TRAININGS"]).open("a") as file:
        file.write(f"{rate}\n")
    if rate == float(os.environ.get("FAIL", 0)):
        sys.exit("ERROR: out of memory")
    final = 60 - 10 * abs(math.log10(rate) + 4)
    curve = Path(curves) / "plots" / "metrics" / "eval" / "micro_f1.tsv"
    curve.parent.mkdir(parents=True)
    curve.write_text("step\tmicro_f1\n")
    for epoch, part in enumerate((0.5, 0.75, 1), 1):
        with curve.open("a") as file:
            file.write(f"{epoch * 100}\t{final * part}\n")
        held = rate == float(os.environ.get("HOLD", 0)) or rate < float(os.environ.get("SLOW", 0))
        if held and epoch == 1:
            time.sleep(120)
    write(predictions, {variant: final})


def evaluate(predictions: str, metrics: str) -> None:
    rows = ["model,column,pairs,metric,value,low,high,rows,effective_rows,note"]
    for f1 in json.loads(Path(predictions).read_text()).values():
        f1 = round(f1, 2)
        rows += [
            f"ensemble,validation,all,micro_f1,{f1},{f1 - 5},{f1 + 5},80,80,",
            f"ensemble,validation,unseen,micro_f1,{f1 - 9},,,40,40,",
            f"ensemble,validation,all,ece,{f1 / 10},,,80,80,",
            "ensemble,test,all,micro_f1,33.0,28.0,38.0,80,80,",
        ]
        write(f"{metrics}/metrics.json", {"ensemble": {"validation": {"micro_f1": f1}}})
    (Path(metrics) / "scores.csv").write_text("\n".join([*rows, ""]))


def write(path: str, content: object) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(content))


if __name__ == "__main__":
    {"stages.train": train, "stages.evaluate": evaluate}[sys.argv[1]](*sys.argv[2:])
