"""Helpers around the pipeline: run it in parallel, print the scores, merge branches."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwangye.errors import DataError, GwangyeError
from gwangye.experiments.repository import SCORES

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from gwangye.experiments.parallel import Reproduction


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
    import pandas as pd
    from rich.console import Console

    from gwangye.experiments.tables import to_terminal

    rows = [(*of, f"{took:.1f}" if took else "") for *of, took in reproduction.results]
    frame = pd.DataFrame(rows, columns=["stage", "state", "seconds"])
    table = to_terminal(frame, show_footer=True)
    table.columns[0].footer = "total"
    table.columns[2].footer = f"{seconds:.1f}"
    table.columns[2].justify = "right"
    Console().print(table)


def scores(
    file: Annotated[Path, typer.Argument(help="What the evaluate stage wrote.")] = SCORES,
) -> None:
    """Print the scores of the ensemble and every variant as a table.

    Percent, with 95 % intervals, in three columns: plain validation, validation re-weighted to the
    target, and the test file; those that there are. A warning comes first where parameters, data or
    code have changed since.
    """
    from concurrent.futures import ThreadPoolExecutor

    from gwangye.experiments.staleness import data_of_run, stale_warning

    if not file.is_file():
        raise DataError(f"{file} does not exist. Run `dvc repro` first.")
    project = file.resolve().parents[len(SCORES.parts) - 1]
    with ThreadPoolExecutor(1) as pool:  # DVC takes a second, and so do the imports
        asked = pool.submit(stale_warning, project, "scores", "evaluate")
        from rich.console import Console

        from gwangye.evaluation.scores import TITLES, read_scores

        found = read_scores(file.read_text(encoding="utf-8"), str(file))
        table = _scores_table(found)
        data = data_of_run(project)
        warning = asked.result()
    if warning:
        typer.echo(warning, err=True)
    Console().print(table)
    for column, note in found[["column", "note"]].dropna().drop_duplicates().to_numpy():
        typer.echo(f"{TITLES[column]}: {note}")
    if data:
        typer.echo(f"Percent. Data: {', '.join(data)}")


def _scores_table(scores: pd.DataFrame) -> Table:
    """Return a row per model and metric, a column per part."""
    from gwangye.evaluation.scores import METRICS, TITLES, score_text
    from gwangye.experiments.tables import to_terminal

    shown = scores[(scores["pairs"] == "all") & scores["metric"].isin(METRICS)]
    values = shown[["value", "low", "high"]].itertuples(index=False)
    frame = shown.assign(text=[score_text(*of) for of in values]).pivot_table(
        index=["model", "metric"], columns="column", values="text", aggfunc="first", sort=False
    )
    frame = frame[[name for name in TITLES if name in frame]].rename(columns=TITLES).reset_index()
    frame["metric"] = frame["metric"].map(METRICS)
    table = to_terminal(frame)
    for row, goes_on in zip(table.rows, frame["model"].duplicated(keep="last"), strict=True):
        row.end_section = not goes_on
    return table


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
