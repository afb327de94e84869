"""The command line: ``gwangye data``, ``gwangye predict`` and helpers around the pipeline.

Commands are thin: they parse, call the library and print. Imports of what is slow stand inside
them, so that ``gwangye --help`` answers at once.
"""

from __future__ import annotations

import sys

import typer

from gwangye.cli import ablate, compare, data, ledger, pipeline, predict, review, sweep
from gwangye.errors import GwangyeError

typer_app = typer.Typer(
    name="gwangye",
    help="관계: Korean sentence-level relation extraction. `dvc repro` runs the pipeline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
typer_app.add_typer(data.app, name="data")
typer_app.command("predict")(predict.predict)
typer_app.command("ablate")(ablate.ablate)
typer_app.command("compare")(compare.compare)
typer_app.command("ledger")(ledger.ledger)
typer_app.command("review")(review.review)
typer_app.command("sweep")(sweep.sweep)
typer_app.command("repro")(pipeline.repro)
typer_app.command("scores")(pipeline.scores)
typer_app.command("merge")(pipeline.merge)


def app() -> None:
    """Run the command line; a fault that the user can mend is told without a traceback."""
    try:
        typer_app()
    except GwangyeError as error:
        sys.exit(f"ERROR: {error}")
