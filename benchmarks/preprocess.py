"""Speed and peak memory of tokenising many rows: ``gwangye.inputs.features.folder.preprocess``.

The rows are the sample corpus', repeated with fresh guids, a quarter of them as test rows,
which is their share in the corpus. One process makes the split, another one preprocesses it:

- rows/s: rows by the seconds of ``preprocess`` alone; and by those of the whole process (imports
  and reading the split included), which is what the stage takes.
- peak memory: the process's largest resident set, libraries included
  (``getrusage(RUSAGE_SELF).ru_maxrss``, asked at its end).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.timing import ROOT, Report, emit, parser, run_command


def make_split(rows: int, target: Path) -> None:
    """Write a split of many rows."""
    import numpy as np
    import pandas as pd

    from gwangye.data.splitting.files import split_files
    from gwangye.examples import Dataset
    from gwangye.params import load_params

    params = load_params(ROOT / "params.yaml")
    sample = ROOT / "data" / "raw" / "sample"
    files = {"train": str(sample / "train.json"), "test": str(sample / "test.json")}
    data = params.data.model_copy(update=files)
    dataset = split_files(data, params.split, params.seed).dataset

    def repeated(frame: pd.DataFrame, number: int, prefix: str) -> pd.DataFrame:
        chosen = frame.iloc[np.arange(number) % len(frame)].reset_index(drop=True)
        return chosen.assign(guid=pd.Series([f"{prefix}{i}" for i in range(number)], dtype=object))

    test = rows // 4
    Dataset(
        repeated(dataset.train, rows - test, "train"),
        repeated(dataset.test, test, "test"),
        dataset.task,
    ).write(target)


def child(split: Path, encoder: Path, name: str, target: Path) -> dict[str, Any]:
    """Preprocess a split and return seconds and peak memory."""
    from gwangye.examples import Dataset
    from gwangye.inputs.features.folder import preprocess
    from gwangye.params import load_params

    form = load_params(ROOT / "params.yaml").input_form(name)
    dataset = Dataset.read(split)
    start = time.perf_counter()
    report = preprocess(dataset, encoder, form, target)
    seconds = time.perf_counter() - start
    # kilobytes on Linux, bytes on macOS
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return {"rows": report["rows"], "seconds": seconds, "peak": peak}


def measure(rows: int, encoder: Path, name: str, repeats: int) -> dict[str, Any]:
    """Return the table's row."""
    module = ["python", "-m", "benchmarks.preprocess"]
    found, whole = [], []
    with tempfile.TemporaryDirectory() as temporary:
        split, target = Path(temporary) / "split", Path(temporary) / "features"
        run_command([*module, "make", str(rows), str(split)], ROOT)
        for number in range(repeats):
            start = time.perf_counter()
            said = run_command([*module, "run", str(split), str(encoder), name, str(target)], ROOT)
            whole.append(time.perf_counter() - start)
            found.append(json.loads(said.splitlines()[-1]))
            print(
                f"round {number + 1} of {repeats}: {whole[-1]:.1f} s, {found[-1]['peak']:.0f} MiB",
                file=sys.stderr,
            )
    return {
        "rows": rows,
        "rows/s": round(rows / statistics.median(f["seconds"] for f in found)),
        "seconds": round(statistics.median(f["seconds"] for f in found), 1),
        "rows/s of the whole process": round(rows / statistics.median(whole)),
        "peak memory, MiB": round(max(f["peak"] for f in found)),
    }


def main() -> None:
    options = parser(__doc__, repeats=1)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--encoder", type=Path, default=Path("models/encoders/pretrained"))
    options.add_argument("--input", default="typed_punct", help="a key of `inputs`")
    chosen = options.parse_args()
    row = measure(chosen.rows, chosen.encoder.resolve(), chosen.input, chosen.repeats)
    note = (
        f"The sample corpus' rows, repeated with fresh guids; {chosen.repeats} run(s). Aims: 8,000 "
        "rows/s and less than 2,048 MiB for a million rows."
    )
    emit([Report("Preprocessing", [row], [note])], chosen.json)


def task(words: list[str]) -> None:
    """Do what a child process is started for: `make ROWS SPLIT`, or `run SPLIT ENCODER ...`."""
    made = argparse.ArgumentParser()
    made.add_argument("task", choices=("make", "run"))
    made.add_argument("arguments", nargs="+")
    chosen = made.parse_args(words)
    if chosen.task == "make":
        rows, split = chosen.arguments
        make_split(int(rows), Path(split))
    else:
        split, encoder, name, target = chosen.arguments
        print(json.dumps(child(Path(split), Path(encoder), name, Path(target))))


if __name__ == "__main__":
    if sys.argv[1:2] in (["make"], ["run"]):
        task(sys.argv[1:])
    else:
        main()
