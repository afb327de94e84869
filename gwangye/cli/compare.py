"""``gwangye compare``: is one model better than another, or is it chance?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gwangye.errors import ParameterError

if TYPE_CHECKING:
    from gwangye.experiments.comparison import Comparison, Flips


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="<variant>, or <variant>@<revision>.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    part: Annotated[
        str, typer.Option(help="validation, or test where it has labels.")
    ] = "validation",
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0,
    output_format: Annotated[
        Literal["text", "markdown", "json"], typer.Option("--format", help="How it is printed.")
    ] = "text",
    rows: Annotated[
        Path | None, typer.Option(help="CSV file for the rows that A and B predict differently.")
    ] = None,
) -> None:
    """Test the difference between two models on the same rows: B minus A.

    A model is a variant (or `ensemble`), in the workspace or at a Git revision (bilstm@main).
    Labels are those of the workspace; rows that only one of the two predicts are left out. On
    validation, the difference is tested twice: on the rows as they are, and re-weighted to the
    target. Rows that B mends and rows that it breaks are counted, and with --rows listed.
    """
    from gwangye.experiments.comparison import compare_models
    from gwangye.experiments.staleness import stale_warning
    from gwangye.files import write_csv

    if part not in ("validation", "test"):
        raise ParameterError(f"--part {part}: allowed are validation and test.")
    found, flipped = compare_models(first, second, part, resamples=resamples, seed=seed)
    if rows is not None:
        write_csv(flipped.table, rows)
    here = not ("@" in first and "@" in second)
    if here and (warning := stale_warning(Path.cwd(), "predictions", "ensemble")):
        typer.echo(warning, err=True)
    _print(found, flipped, output_format)


def _print(found: dict[str, Comparison], flipped: Flips, output_format: str) -> None:
    if output_format == "json":
        values = {name: comparison.to_dict() for name, comparison in found.items()}
        typer.echo(json.dumps(values | {"flips": flipped.counts}, indent=2, ensure_ascii=False))
        return
    for name, comparison in found.items():
        if output_format == "markdown":
            typer.echo(f"### {name}\n\n{comparison.to_markdown()}")
        else:
            typer.echo(f"{name}:")
            for sentence in comparison.describe():
                typer.echo(f"  {sentence}")
    typer.echo(flipped.sentence())
