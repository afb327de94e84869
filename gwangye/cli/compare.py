"""``gwangye compare``: is one model better than another, or is it chance?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gwangye.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gwangye.examples import Dataset
    from gwangye.experiments.comparison import Comparison, Flips, Pair

PREDICTIONS = Path("data/predictions")
SPLIT = Path("data/split")
TARGET = Path("data/target/target.json")


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
    from gwangye.examples import Dataset
    from gwangye.files import write_csv

    if part not in ("validation", "test"):
        raise ParameterError(f"--part {part}: allowed are validation and test.")
    dataset = Dataset.read(SPLIT)
    found, flipped = compared(first, second, dataset, part, resamples=resamples, seed=seed)
    if rows is not None:
        write_csv(flipped.table, rows)
    _print(found, flipped, output_format)


def compared(
    first: str,
    second: str,
    dataset: Dataset,
    part: str = "validation",
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[dict[str, Comparison], Flips]:
    """Compare two models of this project: on the rows as they are, and re-weighted to the target.

    Raises:
        DataError: Predictions or rows are missing or do not go together.
    """
    from gwangye.experiments.comparison import align, flips
    from gwangye.experiments.comparison import compare as test
    from gwangye.experiments.revisions import predictions_of

    a, b = (predictions_of(name, PREDICTIONS, dataset.task.labels) for name in (first, second))
    pair = align(a, b, dataset, part, names=(first, second))
    found = {"plain": test(pair, resamples=resamples, seed=seed)}
    weights = _weights(pair, dataset)
    if weights is not None:
        found["re-weighted to the target"] = test(
            pair, weights=weights, resamples=resamples, seed=seed
        )
    return found, flips(pair, dataset.rows(part, pair.guids))


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


def _weights(pair: Pair, dataset: Dataset) -> NDArray[Any] | None:
    """Return the (rows,) weights of validation rows to the target, if there is one."""
    from gwangye.evaluation.targets import Target

    if pair.part != "validation" or not TARGET.is_file():
        return None
    rows = dataset.labelled("validation").set_index("guid", drop=False).loc[list(pair.guids)]
    raking = Target.read(TARGET).weigh(rows, dataset)
    return None if raking is None else raking.weights
