"""``gwangye sweep``: a search over parameters, every trial a DVC experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwangye.cli.ablate import check_end, check_outputs, run, tell


def sweep(
    plan: Annotated[Path, typer.Argument(help="The plan, e.g. experiments/learning_rate.yaml.")],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Trials at once.")] = 1,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Table to write: .md or .csv; repeatable."),
    ] = None,
) -> None:
    """Search parameters for the best score: a grid, or drawn values with early stops.

    Each trial is a DVC experiment of HEAD that `dvc exp show`, `apply` and `branch` know. The
    workspace stays as it is. Interrupted at any time, the same command goes on: nothing is trained
    twice.
    """
    from rich.console import Console

    from gwangye.experiments.plan import Plan
    from gwangye.experiments.sweep import Sweep
    from gwangye.experiments.sweep_tables import advice, details, overview
    from gwangye.experiments.tables import to_csv, to_markdown, to_terminal
    from gwangye.experiments.workbench import Workbench

    check_outputs(output or [], (".md", ".csv"))
    read = Plan.read(plan, "space")
    failed, interrupted = list[str](), False
    with Workbench(Path.cwd(), workers=jobs) as workbench:
        running = Sweep(read, workbench, jobs, tell)
        tell(f"{read.name}: {running.left()}")
        if running.over < running.total:
            failed, interrupted = run(running)
    trials = running.trials()
    console = Console()
    console.print(to_terminal(overview(read, trials)))
    paragraphs = advice(read, trials)
    for paragraph in paragraphs:
        console.print(paragraph, markup=False, highlight=False, soft_wrap=True)
    for path in output or []:
        text = to_csv(details(read, trials))
        if path.suffix == ".md":
            text = "\n\n".join([to_markdown(overview(read, trials)), *paragraphs]) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
        typer.echo(f"Written: {path}")
    check_end(failed, interrupted=interrupted)
