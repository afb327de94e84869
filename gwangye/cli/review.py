"""``gwangye review``: an experiment's differences from its base, for a pull request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gwangye.errors import DataError, GwangyeError


def review(
    base: Annotated[str, typer.Argument(help="Branch, tag or commit to compare with.")] = "main",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Markdown file; else printed.")
    ] = None,
    plots: Annotated[
        str, typer.Option(help="Link to the page of `dvc plots diff`, to be named.")
    ] = "",
) -> None:
    """Say in Markdown how the workspace differs from a base: for reviewers of a pull request.

    Parameters, stages that were not run, scores, and for each model with other scores whether the
    difference is more than chance. That takes the predictions of both: from DVC's cache, or its
    remote; without them the rest is told.
    """
    from gwangye.cli.compare import SPLIT, compared
    from gwangye.examples import Dataset
    from gwangye.experiments.review import read_review

    if output is not None and not output.parent.is_dir():
        raise DataError(f"--output {output}: the folder does not exist. Make it first.")
    found = read_review(Path.cwd(), base)
    comparisons, not_compared = {}, {}
    for model in found.changed_models():
        try:
            tests, flipped = compared(f"{model}@{base}", model, Dataset.read(SPLIT))
        except GwangyeError as error:
            not_compared[model] = str(error)
        else:
            comparisons[model] = [
                sentence if name == "plain" else f"{name}: {sentence}"
                for name, test in tests.items()
                for sentence in test.describe()
            ]
            comparisons[model].append(flipped.sentence())
    whole = replace(found, comparisons=comparisons, not_compared=not_compared, plots=plots)
    text = whole.to_markdown()
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="\n")
        typer.echo(f"Review: {output}")
