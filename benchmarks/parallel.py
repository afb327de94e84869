"""``gwangye repro -j N`` against ``dvc repro``: all variants trained again, in a temporary copy.

The copy holds a finished pipeline's (``--project``) tracked files, its split, features and
encoder, and a cache of its own, so nothing is restored and nothing of the project is touched.
Before each run ``train.max_steps`` is set to another number (``--steps`` and a few more), which
makes the train stages and all after them stale. Timed is the whole command: training, prediction
and scores.

With ``--one-worker`` once more ``dvc repro``, on as many cores as each of the N workers has: what
one of N machines would take.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.noop import commit_all, copy_tracked
from benchmarks.timing import (
    ROOT,
    Prepare,
    Report,
    Timed,
    emit,
    interleave,
    parser,
    ratio,
    run_command,
    spread,
)

STAGES = ("encoder", "split", "preprocess")
INPUTS = ("data/split", "data/features", "models/encoders")


def copy_finished(project: Path, folder: Path, **environment: str) -> None:
    """Copy a finished pipeline up to its train stages."""
    copy_tracked(project, folder)
    for name in INPUTS:
        if not (project / name).is_dir():
            raise SystemExit(f"{project / name} does not exist: name a finished pipeline.")
        shutil.copytree(project / name, folder / name)
    commit_all(folder)
    # into the copy's own cache: DVC runs a stage again whose outputs are not there
    run_command(["dvc", "commit", "--force", "--quiet", *STAGES], folder, **environment)


def set_steps(folder: Path, steps: int) -> None:
    """Set ``train.max_steps``, as text, so that nothing else of the file changes."""
    file = folder / "params.yaml"
    text = re.sub(r"\n  max_steps: .*", "", file.read_text(encoding="utf-8"))
    text = re.sub(r"\ntrain:\n", f"\ntrain:\n  max_steps: {steps}\n", text, count=1)
    file.write_text(text, encoding="utf-8")


def measure(
    project: Path, commands: Sequence[str], steps: int, repeats: int
) -> list[dict[str, Any]]:
    """Return the table's rows; the first command is what the others are compared with."""
    numbers = count(steps)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        folder.mkdir()
        cache = {"DVC_SITE_CACHE_DIR": str(Path(temporary) / "cache")}
        copy_finished(project, folder, **cache)

        def prepared(command: str) -> Prepare:
            def prepare() -> Timed:
                set_steps(folder, next(numbers))
                return lambda: run_command(command.split(), folder, **cache)

            return prepare

        runs = {command: prepared(command) for command in commands}
        seconds = interleave(runs, repeats, warm_up=False)
    return [
        {
            "command": name,
            "seconds": round(statistics.median(seconds[name]), 1),
            "range": spread(seconds[name]),
            f"times {commands[0]}": round(ratio(seconds[name], seconds[commands[0]]), 2),
        }
        for name in runs
    ]


def main() -> None:
    options = parser(__doc__, repeats=1)
    options.add_argument("--project", type=Path, default=ROOT, help="a finished pipeline")
    options.add_argument("--jobs", "-j", type=int, default=2)
    options.add_argument("--steps", type=int, default=30, help="training steps of each variant")
    options.add_argument("--one-worker", action="store_true", help="also on one worker's cores")
    chosen = options.parse_args()
    run_command(["gwangye", "repro", "--help"], ROOT)  # a version without it fails at once
    commands = ["dvc repro", f"gwangye repro -j {chosen.jobs}"]
    if chosen.one_worker:
        cores = sorted(os.sched_getaffinity(0))
        own = ",".join(map(str, cores[: max(1, len(cores) // chosen.jobs)]))
        commands.append(f"taskset --cpu-list {own} dvc repro")
    rows = measure(chosen.project.resolve(), commands, chosen.steps, chosen.repeats)
    note = (
        f"All variants, about {chosen.steps} steps each, and all after them; {chosen.repeats} "
        "interleaved round(s)."
    )
    emit([Report("Several stages at once", rows, [note])], chosen.json)


if __name__ == "__main__":
    main()
