"""Start-up of each stage, and, with ``--run``, the seconds of the cheap stages of a pipeline.

Imports: a fresh ``python -c "import stages.<stage>"``, interleaved over the stages, with a bare
``python -c pass`` among them; and which of the heavy packages it loads. A stage loads more when it
runs: ``tests/test_imports.py`` says what those that move tables may load.

Runs (``--run``): ``dvc repro --force --single-item <stage>`` of the stages that take no training in
a finished pipeline (``--project``), DVC's own second included. They write the same outputs again.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from benchmarks.timing import ROOT, Prepare, Report, emit, interleave, parser, run_command, spread

HEAVY = ("torch", "transformers", "sklearn", "scipy", "pandas", "pyarrow")
CHEAP = ("split", "preprocess", "predict", "ensemble", "target", "evaluate")


def stage_names() -> list[str]:
    return sorted(path.stem for path in (ROOT / "stages").glob("[a-z]*.py"))


def python(code: str) -> str:
    return run_command(["python", "-c", code], ROOT)


def imports(repeats: int) -> list[dict[str, Any]]:
    """Time the import of each stage's module."""
    names = stage_names()
    runs: dict[str, Prepare] = {"python alone": lambda: lambda: python("pass")}
    for name in names:
        runs[name] = lambda name=name: lambda: python(f"import stages.{name}")
    seconds = interleave(runs, repeats)
    rows = []
    for name in runs:
        loads = "pass" if name == "python alone" else f"import stages.{name}"
        listed = python(f"import sys; {loads}; print(*(m for m in {HEAVY!r} if m in sys.modules))")
        rows.append(
            {
                "import": name,
                "seconds": round(statistics.median(seconds[name]), 2),
                "range": spread(seconds[name]),
                "loads": ", ".join(listed.split()) or None,
            }
        )
    return rows


def cheap_runs(project: Path, repeats: int) -> list[dict[str, Any]]:
    """Time forced single stages of a finished pipeline."""
    listed = run_command(["dvc", "stage", "list", "--name-only"], project).split()
    wanted = [name for name in listed if name.split("@")[0] in CHEAP]
    runs: dict[str, Prepare] = {
        name: lambda name=name: (
            lambda: run_command(["dvc", "repro", "--force", "--single-item", name], project)
        )
        for name in wanted
    }
    seconds = interleave(runs, repeats, warm_up=False)
    return [
        {
            "stage": name,
            "seconds": round(statistics.median(seconds[name]), 1),
            "range": spread(seconds[name]),
        }
        for name in runs
    ]


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument("--run", action="store_true", help="also run the cheap stages")
    options.add_argument("--project", type=Path, default=ROOT, help="a finished pipeline")
    options.add_argument("--run-repeats", type=int, default=1)
    chosen = options.parse_args()
    note = f"Medians of {chosen.repeats} interleaved fresh processes."
    reports = [Report("Start-up of the stages", imports(chosen.repeats), [note])]
    if chosen.run:
        rows = cheap_runs(chosen.project.resolve(), chosen.run_repeats)
        note = f"`dvc repro --force --single-item`, {chosen.run_repeats} round(s)."
        reports.append(Report("The stages that do not train", rows, [note]))
    emit(reports, chosen.json)


if __name__ == "__main__":
    main()
