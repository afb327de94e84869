"""Helpers around the pipeline: run it in parallel, print the scores, sync, merge branches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwangye.errors import DataError, GwangyeError

if TYPE_CHECKING:
    from gwangye.experiments.parallel import Reproduction

COLUMNS = ("validation", "validation_reweighted", "test")


def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Stages or groups of stages; all by default.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Stages that run at once; one per GPU by default."),
    ] = None,
) -> None:
    """Run the stale stages at once where the graph allows it: `dvc repro` on several GPUs or cores.

    Each worker has a GPU of its own, or without GPUs a group of cores. One worker is
    `dvc repro --keep-going`, and so is the default without GPUs.
    """
    from gwangye.experiments.parallel import reproduce
    from gwangye.experiments.workers import usable_cores, visible_gpus, worker_shares

    gpus = visible_gpus()
    shares = worker_shares(
        max(1, len(gpus)) if jobs is None else jobs, gpus=gpus, cores=usable_cores()
    )
    if len(shares) == 1:
        # the same process: DVC's progress bars, its answer to signals and its exit code
        command = [sys.executable, "-m", "dvc", "repro", "--keep-going", *(targets or [])]
        os.execv(sys.executable, command)
    start = time.monotonic()
    reproduction = reproduce(targets or [], shares, typer.echo)
    _print_stages(reproduction, time.monotonic() - start)
    if reproduction.interrupted:
        typer.echo("Interrupted. Finished stages are kept; the same command goes on.", err=True)
        raise typer.Exit(130)
    if failed := reproduction.stages("failed"):
        raise GwangyeError(
            f"Failed: {', '.join(failed)}. Mend what their lines above name and repeat the "
            "command: finished stages are kept."
        )


def _print_stages(reproduction: Reproduction, seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("stage", "state", show_footer=True)
    table.columns[0].footer = "total"
    table.add_column("seconds", justify="right", footer=f"{seconds:.1f}")
    for stage, state, took in reproduction.results:
        table.add_row(stage, state, f"{took:.1f}" if took else "")
    Console().print(table)


def scores(
    file: Annotated[Path, typer.Argument(help="What the evaluate stage wrote.")] = Path(
        "metrics/metrics.json"
    ),
) -> None:
    """Print the scores of the ensemble and every variant as a table.

    Percent, with 95 % intervals, in three columns: plain validation, validation re-weighted to the
    target, and test where it has labels.
    """
    from rich.console import Console
    from rich.table import Table

    if not file.is_file():
        raise DataError(f"{file} does not exist. Run `dvc repro` first.")
    models = json.loads(file.read_text(encoding="utf-8"))
    columns = [name for name in COLUMNS if any(name in parts for parts in models.values())]
    table = Table("model", "metric", *(name.replace("_", " ") for name in columns))
    for model, parts in models.items():
        for metric, title in (("micro_f1", "micro-F1"), ("auprc", "AUPRC")):
            cells = [_score(parts.get(name), metric) for name in columns]
            table.add_row(model, title, *cells, end_section=metric == "auprc")
    Console().print(table)


def _score(values: dict[str, Any] | None, metric: str) -> str:
    if values is None:
        return ""
    low, high = values[f"{metric}_low"], values[f"{metric}_high"]
    return f"{values[metric]:.1f} ({low:.1f}–{high:.1f})"


def sync(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if out of step.")
    ] = False,
) -> None:
    """Bring dvc.yaml in step with the variants of params.yaml.

    DVC cannot list the predictions and curves of all variants by itself, so ``ensemble``,
    ``evaluate`` and ``plots`` name them one by one. Run this after adding, renaming or removing a
    variant.
    """
    from gwangye.experiments.pipeline import sync_dependencies
    from gwangye.params import load_params

    variants = list(load_params(Path("params.yaml")).variants)
    path = Path("dvc.yaml")
    text = path.read_text(encoding="utf-8")
    synced = sync_dependencies(text, variants)
    if synced == text:
        typer.echo("dvc.yaml is in step with params.yaml.")
    elif check:
        typer.echo("dvc.yaml is out of step with params.yaml: run `gwangye sync`.", err=True)
        raise typer.Exit(1)
    else:
        path.write_text(synced, encoding="utf-8")
        typer.echo(f"dvc.yaml now lists {', '.join(variants)}.")


def merge(
    branch: Annotated[str, typer.Argument(help="The branch to merge into the current one.")],
) -> None:
    """Merge an experiment's branch without retraining.

    Git merges; conflicts in files that the pipeline writes (dvc.lock, metrics) are settled by
    running the pipeline, which takes trained models from DVC's cache. Other conflicts are left
    to you.
    """
    from gwangye.experiments.pipeline import merge_branch

    merged = merge_branch(branch, Path.cwd(), run=_run)
    typer.echo(f"Merged {branch}." if merged else f"{branch} is merged already.")


def _run(*command: str) -> int:
    try:
        return subprocess.run(command, check=False).returncode
    except FileNotFoundError as error:
        raise GwangyeError(f"{command[0]} is not installed: {error}") from error
