"""``gwangye ledger``: every experiment of the repository as one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwangye.errors import DataError, ParameterError


def ledger(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .md, .csv or .html; else printed."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(help="ensemble, a variant, or best: the highest micro-F1 on validation."),
    ] = "ensemble",
    rev: Annotated[
        list[str] | None,
        typer.Option(help="Branch, commit or range (main..mine); repeatable. [default: all]"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("-n", min=1, help="The newest so many. [default: all]")
    ] = None,
) -> None:
    """List every experiment: what was changed, by whom, and the scores.

    Rows are commits of the local branches that change parameters or scores, DVC experiments, and
    the workspace where it is changed. Everything comes from Git and DVC; the first call reads each
    commit once, which DVC remembers.
    """
    from rich.console import Console

    from gwangye.experiments.ledger import collect, to_csv, to_html, to_markdown, to_table

    formats = {".md": to_markdown, ".csv": to_csv, ".html": to_html}
    if output is not None:
        if output.suffix not in formats:
            raise ParameterError(
                f"--output {output}: the name's ending must be one of {', '.join(formats)}."
            )
        if not output.parent.is_dir():
            raise DataError(f"--output {output}: the folder does not exist. Make it first.")
    with Console(stderr=True).status("Reading commits and experiments by DVC"):
        rows = collect(Path.cwd(), rev or [], model=model)[:limit]
    if not rows:
        where = f" in {', '.join(rev)}" if rev else ""
        typer.echo(
            f"No experiments{where}: no commit there changes params.yaml or metrics/metrics.json. "
            "Run `dvc repro` and commit, or try `dvc exp run -S loss.gamma=2`."
        )
    elif output is None:
        console = Console()
        console.print(to_table(rows, console.width))
    else:
        output.write_text(formats[output.suffix](rows), encoding="utf-8", newline="\n")
        typer.echo(f"{len(rows)} experiments: {output}")
