"""``gwangye ablate``: what does each ingredient do by itself?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from gwangye.errors import DataError, GwangyeError, ParameterError

if TYPE_CHECKING:
    from gwangye.experiments.plan import Plan, Run
    from gwangye.experiments.running import Experiments
    from gwangye.experiments.workbench import Workbench

tell = partial(typer.echo, err=True)
"""Writes a line about what happens meanwhile."""


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
    from gwangye.experiments.effect_tables import WRITERS
    from gwangye.experiments.plan import Plan
    from gwangye.experiments.repository import PARAMS
    from gwangye.experiments.running import Experiments
    from gwangye.experiments.workbench import Workbench

    check_outputs(output or [], WRITERS)
    read = Plan.read(plan, "factors")
    with Workbench(Path.cwd(), workers=jobs) as workbench:
        runs = read.runs(workbench.repository.read(PARAMS))
        missing = [run.experiment for run in runs if workbench.saved(run.experiment) is None]
        typer.echo(f"{read.name}: {len(runs)} runs, {len(runs) - len(missing)} of them saved.")
        missing = missing[:limit]
        if dry_run:
            typer.echo("\n".join(experiment.name for experiment in missing))
            return
        failed: list[str] = []
        if missing and not table_only:
            failed, interrupted = run(Experiments(workbench, missing, jobs, tell))
            check_end([], interrupted=interrupted)
        _print(read, runs, workbench, output or [], resamples)
    check_end(failed)


def check_outputs(outputs: Iterable[Path], endings: Iterable[str]) -> None:
    """Check the names of files before anything runs.

    Raises:
        ParameterError: An ending is not among those that are allowed.
        DataError: A folder does not exist.
    """
    for path in outputs:
        if path.suffix not in endings:
            raise ParameterError(
                f"--output {path}: the name's ending must be one of {', '.join(endings)}."
            )
        if not path.parent.is_dir():
            raise DataError(f"--output {path}: the folder does not exist. Make it first.")


def run(experiments: Experiments) -> tuple[list[str], bool]:
    """Run experiments; return the names of those that failed, and whether a signal has come."""
    from gwangye.experiments.running import run_all

    experiments.workbench.open()  # a fault is told once, rather than for each
    run_all(experiments, experiments.jobs, interrupted := Event())
    return experiments.failed, interrupted.is_set()


def check_end(failed: list[str], *, interrupted: bool = False) -> None:
    """End with what a signal or a failure asks for.

    Raises:
        typer.Exit: A signal has come.
        GwangyeError: Experiments failed.
    """
    if interrupted:
        tell("Interrupted. What is finished is kept; the same command goes on.")
        raise typer.Exit(130)
    if failed:
        raise GwangyeError(
            f"Failed: {', '.join(failed)}. Mend what their lines above name and repeat the "
            "command: it runs these again and no others."
        )


def _print(
    plan: Plan, runs: list[Run], workbench: Workbench, outputs: list[Path], resamples: int
) -> None:
    from rich.console import Console

    from gwangye.evaluation.scores import METRICS
    from gwangye.experiments.ablation import read_trained
    from gwangye.experiments.effect_tables import WRITERS, legend, overview
    from gwangye.experiments.effects import effects
    from gwangye.experiments.tables import to_terminal

    saved = [(run, revision) for run in runs if (revision := workbench.saved(run.experiment))]
    if not any(not run.factor for run, _ in saved):
        raise DataError(f"{plan.name}: the base has not run yet. Run without --table-only.")
    trained = read_trained(workbench.repository, saved, plan.model)
    table = effects(trained, resamples=resamples)
    console = Console()
    for metric, title in METRICS.items():
        console.print(to_terminal(overview(table, metric), title=title, show_lines=True))
    console.print(legend(table))
    for path in outputs:
        WRITERS[path.suffix](table, path)
        typer.echo(f"Written: {path}")
