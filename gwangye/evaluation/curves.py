"""Learning curves of all runs of all variants: DVCLive's tables, one per metric and run, as one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

CURVES = {
    "loss": ("loss", "training loss"),
    "validation_loss": ("eval/loss", "validation loss"),
    "micro_f1": ("eval/micro_f1", "validation micro-F1"),
    "auprc": ("eval/auprc", "validation AUPRC"),
}
"""By name: DVCLive's file without its suffix, and a title. The Trainer logs the training loss as
``loss``; ``train/loss`` is its mean over the whole training, one number."""


FIELDS = ("step", "value", "line", "variant")


def read_curves(folder: Path, variants: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read the curves of all runs of all variants.

    Args:
        folder: Holds a folder per variant; in it, or in one folder per fold and seed below it, the
            tables are ``plots/metrics/<curve>.tsv``.
        variants: The variants' names, in order.

    Returns:
        By name of :data:`CURVES`: step (of the optimizer), value (4 decimals), line (what to call
        it: the variant, with fold and seed where it has several), variant; without rows where no
        run has the curve.
    """
    tables = {}
    for name, (file, _) in CURVES.items():
        found = [table for variant in variants for table in _lines(folder, variant, file)]
        empty = pd.DataFrame(columns=list(FIELDS))
        tables[name] = pd.concat(found, ignore_index=True) if found else empty
    return tables


def _lines(folder: Path, variant: str, file: str) -> Iterator[pd.DataFrame]:
    for run in _runs(folder / variant):
        path = run / "plots" / "metrics" / f"{file}.tsv"
        if path.is_file():
            where = run.relative_to(folder / variant).as_posix()
            several = "" if where == "." else ", " + where.replace("_", " ").replace("/", ", ")
            table = pd.read_csv(path, sep="\t").rename(columns={path.stem: "value"})
            table = table[["step", "value"]].astype({"value": "float64"}).round(4)
            yield table.assign(line=variant + several, variant=variant)


def _runs(folder: Path) -> list[Path]:
    plots = [path.parent for path in folder.glob("**/plots") if path.is_dir()]
    return sorted(plots, key=lambda path: _numbers(path.relative_to(folder)))


def _numbers(run: Path) -> list[int]:
    # fold_2 comes before fold_10
    return [int(number) for number in re.findall(r"[0-9]+", run.as_posix())]
