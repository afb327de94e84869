"""How far many experiments are, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gwangye.errors import GwangyeError
from gwangye.experiments.workbench import Experiment, Outcome

Report = Callable[[Experiment, Outcome | GwangyeError], None]


@contextmanager
def show_progress(total: int, workers: int) -> Iterator[Report]:
    """Show a bar on the error output, and a line for each experiment that ends.

    Args:
        total: How many experiments there are.
        workers: How many run at once.

    Yields:
        What is to be called with each experiment and what became of it.
    """
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    took: list[float] = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, left="")

        def report(experiment: Experiment, result: Outcome | GwangyeError) -> None:
            if isinstance(result, GwangyeError):
                progress.console.print(
                    f"ERROR: {result}", style="red", markup=False, highlight=False
                )
            elif result.new:
                took.append(result.seconds)
                state = "" if result.revision else ", stopped"
                progress.console.print(f"{experiment.name}: {_clock(result.seconds)}{state}")
            progress.advance(task)
            progress.update(
                task, left=time_left(took, total - progress.tasks[0].completed, workers)
            )

        yield report


def time_left(took: list[float], experiments: float, workers: int) -> str:
    """Return "about 1:02:30 left", or "" where nothing is known.

    Args:
        took: Seconds of the experiments that have run.
        experiments: How many are left.
        workers: How many run at once.
    """
    if not took or not experiments:
        return ""
    return f"about {_clock(sum(took) / len(took) * experiments / workers)} left"


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
