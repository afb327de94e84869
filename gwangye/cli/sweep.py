"""``gwangye sweep``: a search over parameters, every trial a DVC experiment."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from gwangye.errors import DataError, GwangyeError, ParameterError


def sweep(
    plan: Annotated[Path, typer.Argument(help="The plan, e.g. experiments/learning_rate.yaml.")],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Trials at once.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Table to write: .md or .csv.")
    ] = None,
) -> None:
    """Search parameters for the best score: a grid, or drawn values with early stops.

    Each trial is a DVC experiment of HEAD that `dvc exp show`, `apply` and `branch` know. The
    workspace stays as it is. Interrupted at any time, the same command goes on: nothing is trained
    twice.
    """
    from rich.console import Console

    from gwangye.experiments.running import signals_handled_by
    from gwangye.experiments.sweep import open_sweep
    from gwangye.experiments.sweep_plan import load_plan

    _check_output(output)
    console, stop = Console(), Event()
    with (
        open_sweep(load_plan(plan), Path.cwd(), jobs, typer.echo) as running,
        signals_handled_by(lambda *_: stop.set()),
    ):
        typer.echo(f"{running.plan.name}: {running.remaining()}")
        running.run(stop)
        summary = running.summary()
    console.print(summary.table())
    for paragraph in summary.advice():
        console.print(paragraph, markup=False, highlight=False, soft_wrap=True)
    if output is not None:
        text = summary.markdown() if output.suffix == ".md" else summary.csv()
        output.write_text(text, encoding="utf-8", newline="\n")
    if stop.is_set():
        typer.echo("Interrupted. Finished trials are kept; the same command goes on.", err=True)
        raise typer.Exit(130)
    if failed := [trial.name for trial in summary.trials if trial.state == "failed"]:
        raise GwangyeError(
            f"Failed: {', '.join(failed)}. Mend what their lines above name and repeat the "
            "command: it runs these again and no others."
        )


def _check_output(output: Path | None) -> None:
    if output is None:
        return
    if output.suffix not in (".md", ".csv"):
        raise ParameterError(f"--output {output}: the name's ending must be one of .md, .csv.")
    if not output.parent.is_dir():
        raise DataError(f"--output {output}: the folder does not exist. Make it first.")
