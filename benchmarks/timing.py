"""What the benchmarks share: interleaved runs, their medians and ratios, and the printed table.

Importing this module imports nothing heavy, so that a child's peak memory is its own (Linux counts
what a process inherited from its parent) and start-up times are those of what is started.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")

Timed = Callable[[], object]
Prepare = Callable[[], Timed]


@dataclass
class Report:
    """One benchmark's table.

    Args:
        title: What was measured.
        rows: Column → value; all rows have the same columns.
        notes: What is compared with what, below the table.
    """

    title: str
    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        columns = list(self.rows[0])
        lines = [f"### {self.title}", "", f"| {' | '.join(columns)} |"]
        lines.append(f"|{'|'.join(['---'] * len(columns))}|")
        lines += [f"| {' | '.join(_cell(row[c]) for c in columns)} |" for row in self.rows]
        return "\n".join([*lines, "", *(f"{note}\n" for note in self.notes)])


def emit(reports: Sequence[Report], file: Path | None) -> None:
    """Print the tables; write them as JSON too, a list, if a file is named."""
    for report in reports:
        print(report.markdown(), flush=True)
    if file is not None:
        values = [asdict(report) for report in reports]
        file.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def parser(description: str | None, *, repeats: int) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--repeats", type=int, default=repeats, help=f"rounds ({repeats})")
    made.add_argument("--json", type=Path, help="write the rows to this file, too")
    return made


def interleave(
    contestants: Mapping[str, Prepare], repeats: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """Run the contestants in turn, A B A B ..., and return each one's seconds per round.

    Args:
        contestants: Name → what prepares a run, which is not timed, and returns what is.
        repeats: Rounds.
        warm_up: Whether a first round is run and left out.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(-1 if warm_up else 0, repeats):
        for name, prepare in contestants.items():
            run = prepare()
            start = time.perf_counter()
            run()
            taken = time.perf_counter() - start
            counted = f"round {number + 1} of {repeats}" if number >= 0 else "warm-up"
            print(f"{counted}: {name}: {taken:.2f} s", file=sys.stderr, flush=True)
            if number >= 0:
                seconds[name].append(taken)
    return seconds


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median over the rounds of one contestant's seconds by another's."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def spread(seconds: Sequence[float]) -> str:
    """Return the fastest and the slowest run, in seconds."""
    return f"{min(seconds):.2f}–{max(seconds):.2f}"


def run_command(command: Sequence[str], folder: Path, **environment: str) -> str:
    """Run a command to its end and return its standard output.

    Raises:
        RuntimeError: It failed; the message is what it printed.
    """
    binaries = str(Path(sys.executable).parent)
    variables = {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        **environment,
    }
    done = subprocess.run(
        list(command), cwd=folder, capture_output=True, text=True, env=variables, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def machine() -> list[str]:
    """Describe where the numbers come from: day, processor, cores, flags, versions."""
    try:
        information = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        information = ""
    found: dict[str, str] = {}
    for line in information.splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), value.strip())
    has = set((found.get("flags") or found.get("Features") or "").split())
    bf16 = {"avx512_bf16", "amx_bf16", "bf16"} & has
    packages = ("torch", "transformers", "tokenizers", "dvc")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        f"- date: {date.today().isoformat()}",
        f"- processor: {found.get('model name') or platform.processor() or platform.machine()}, "
        f"{cores} cores; {', '.join(flag for flag in FLAGS if flag in has) or 'no known flags'}; "
        f"bfloat16 in hardware: {'yes' if bf16 else 'no'}",
        f"- versions: python {platform.python_version()}, {versions}",
    ]
