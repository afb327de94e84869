"""``gwangye data``: bring KLUE-RE, and look at a file before training on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Bring KLUE-RE, or check a file of your own.", no_args_is_help=True)


@app.command()
def klue(
    target: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("data/raw/klue-re"),
    source: Annotated[
        Path | None, typer.Option(help="Folder that holds the official files; else the hub.")
    ] = None,
) -> None:
    """Bring KLUE-RE (CC BY-SA 4.0) from the Hugging Face hub or a local folder."""
    from gwangye.data.klue import fetch_klue

    train, test = fetch_klue(target, source)
    typer.echo(f"{train}\n{test}")
    typer.echo(f"Now: dvc exp run -S data.train={train} -S data.test={test}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="KLUE-RE JSON, Boostcamp CSV, JSONL, CSV, Parquet.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="Your column name for a canonical one, e.g. sentence=text. Repeatable."),
    ] = None,
    entity_type: Annotated[
        list[str] | None, typer.Option(help="An allowed entity type. Repeatable; default: KLUE's.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="JSON list of the allowed relations.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the description as JSON.")] = False,
) -> None:
    """Print what is in a file and what is wrong with it. Exit code 1 if a row is rejected."""
    from gwangye.data.describe import describe
    from gwangye.data.labels import read_labels
    from gwangye.data.reading import read_examples
    from gwangye.errors import ParameterError
    from gwangye.examples import ENTITY_TYPES

    pairs = [item.partition("=") for item in column or []]
    for name, sign, theirs in pairs:
        if not (name and sign and theirs):
            raise ParameterError(f"--column {name}: write canonical=yours, e.g. sentence=text.")
    result = read_examples(
        file,
        columns={name: theirs for name, _, theirs in pairs} or None,
        labels=read_labels(labels) if labels else None,
        entity_types=entity_type or ENTITY_TYPES,
        on_invalid="drop",
    )
    description = describe(result.frame)
    if as_json:
        typer.echo(json.dumps(description, ensure_ascii=False, indent=2))
    else:
        _print_description(file, description)
    for row in result.rejected.itertuples():
        typer.echo(f"rejected: row {row.row}, guid {row.guid}: {row.reason}", err=True)
    if len(result.rejected):
        raise typer.Exit(1)


def _print_description(file: Path, description: dict[str, Any]) -> None:
    """Print the numbers of a description, and its counts as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{file}[/bold]")
    for name, value in description.items():
        if isinstance(value, dict):
            table = Table("", "", title=name.replace("_", " "), show_header=False)
            for key, count in value.items():
                table.add_row(str(key), str(count))
            console.print(table)
        else:
            console.print(f"{name.replace('_', ' ')}: {value}")
