"""Learning curves, as DVCLive wrote them: one table per metric and run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwangye.report.tables import read_table

CURVES = {
    "loss": "training loss",
    "eval/loss": "validation loss",
    "eval/micro_f1": "validation micro-F1",
    "eval/auprc": "validation AUPRC",
}
"""Which curves are shown: file without suffix → title."""


def read_curves(folder: Path, variants: Sequence[str]) -> list[dict[str, Any]]:
    """Read the curves of all runs of all variants.

    Args:
        folder: Holds a folder per variant; in it, or in one folder per fold and seed below it, the
            tables are ``plots/metrics/<curve>.tsv``.
        variants: The variants' names, in order.

    Returns:
        One entry per curve that any run has: ``title`` and ``lines``, each with ``variant``,
        ``run`` (its fold and seed, empty if there is one), ``step`` and ``value``.
    """
    shown = []
    for curve, title in CURVES.items():
        lines = [
            line
            for variant in variants
            for run in _runs(folder / variant)
            if (line := _line(folder, variant, run, curve))
        ]
        if lines:
            shown.append({"title": title, "lines": lines})
    return shown


def _runs(folder: Path) -> list[Path]:
    plots = [path.parent for path in folder.glob("**/plots") if path.is_dir()]
    return sorted(plots, key=lambda path: _numbers(path.relative_to(folder)))


def _numbers(run: Path) -> list[int]:
    # fold_2 comes before fold_10
    return [int(number) for number in re.findall(r"[0-9]+", run.as_posix())]


def _line(folder: Path, variant: str, run: Path, curve: str) -> dict[str, Any] | None:
    name = Path(curve).name
    found = read_table(run / "plots" / "metrics" / f"{curve}.tsv", ("step", name))
    if found is None:
        return None
    where = run.relative_to(folder / variant).as_posix()
    return {
        "variant": variant,
        "run": "" if where == "." else where.replace("_", " ").replace("/", ", "),
        "step": found.columns["step"],
        "value": [None if value is None else round(value, 4) for value in found.columns[name]],
    }
