"""``gwangye ablate``: what does each ingredient do by itself?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwangye.errors import DataError, GwangyeError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from gwangye.experiments.plan import Plan, Run
    from gwangye.experiments.workbench import Experiment, Workbench


def ablate(
    plan: Annotated[Path, typer.Argument(help="YAML file, such as experiments/ingredients.yaml.")],
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Table (.md, .csv) or plot (.svg, .png); repeatable."),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="Experiments that run at once.")
    ] = 1,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Run at most so many that are missing.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would run.")] = False,
    table_only: Annotated[
        bool, typer.Option("--table-only", help="Run nothing; the table of what there is.")
    ] = False,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 1000,
) -> None:
    """Run a plan of single changes over several seeds; print what each does to the scores.

    Every run is a DVC experiment of the last commit, made beside the workspace. What is there
    already is not run again: interrupted, the same command goes on.
    """
    from gwangye.experiments.plan import Plan
    from gwangye.experiments.workbench import Workbench
    from gwangye.experiments.worktree import PARAMS
    from gwangye.params import read_values

    _check_outputs(output or [])
    read = Plan.read(plan)
    with Workbench(Path.cwd(), workers=jobs) as workbench:
        runs = read.runs(read_values(workbench.repository.read(PARAMS), PARAMS))
        missing = [run.experiment for run in runs if workbench.saved(run.experiment) is None]
        typer.echo(f"{read.name}: {len(runs)} runs, {len(runs) - len(missing)} of them saved.")
        if dry_run:
            for experiment in missing[:limit]:
                typer.echo(experiment.name)
            return
        faults = False
        if missing and not table_only:
            faults = _run(workbench, missing[:limit], jobs)
        _tell(read, runs, workbench, output or [], resamples)
        if faults:
            raise GwangyeError("Some experiments failed, see above. The others are in the table.")


def _check_outputs(outputs: list[Path]) -> None:
    from gwangye.experiments.effect_tables import WRITERS

    for path in outputs:
        if path.suffix not in WRITERS:
            raise ParameterError(
                f"--output {path}: the name's ending must be one of {', '.join(WRITERS)}."
            )
        if not path.parent.is_dir():
            raise DataError(f"--output {path}: the folder does not exist. Make it first.")


def _run(workbench: Workbench, experiments: list[Experiment], jobs: int) -> bool:
    """Run what is missing; return whether something failed."""
    from gwangye.experiments.progress import show_progress
    from gwangye.experiments.running import run_all

    workbench.open()  # once, rather than a fault for each
    with show_progress(len(experiments), jobs) as report:
        finished = run_all(workbench, experiments, workers=jobs, report=report)
    if finished.interrupted:
        typer.echo("Interrupted. What is finished is kept; the same command goes on.", err=True)
        raise typer.Exit(130)
    return bool(finished.failed)


def _tell(
    plan: Plan, runs: list[Run], workbench: Workbench, outputs: list[Path], resamples: int
) -> None:
    from rich.console import Console

    from gwangye.experiments.effect_tables import METRICS, WRITERS, legend, to_table

    table = _effects(plan, runs, workbench, resamples)
    console = Console()
    for metric in METRICS:
        console.print(to_table(table, metric))
    console.print(legend(table))
    for path in outputs:
        WRITERS[path.suffix](table, path)
        typer.echo(f"Written: {path}")


def _effects(plan: Plan, runs: list[Run], workbench: Workbench, resamples: int) -> pd.DataFrame:
    from gwangye.experiments.ablation import read_trained
    from gwangye.experiments.effects import effects

    saved = [(run, revision) for run in runs if (revision := workbench.saved(run.experiment))]
    if not any(not run.factor for run, _ in saved):
        raise DataError(f"{plan.name}: the base has not run yet. Run without --table-only.")
    return effects(read_trained(workbench.repository, saved, plan.model), resamples=resamples)
