"""``gwangye review``: an experiment's differences from its base, for a pull request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gwangye.errors import DataError


def review(
    base: Annotated[str, typer.Argument(help="Branch, tag or commit that HEAD left.")] = "main",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Markdown file; else printed.")
    ] = None,
    plots: Annotated[
        str, typer.Option(help="Link to the page of `dvc plots diff`, to be named.")
    ] = "",
) -> None:
    """Say in Markdown how the workspace differs from a base: for reviewers of a pull request.

    Compared with the merge base: the last commit that HEAD and the base have in common.
    Parameters, stages that were not run, scores, and for each model with other scores whether the
    difference is more than chance. That takes the predictions of both: from DVC's cache, or its
    remote; without them the rest is told.
    """
    from gwangye.experiments.review import compare_changed, read_review

    if output is not None and not output.parent.is_dir():
        raise DataError(f"--output {output}: the folder does not exist. Make it first.")
    found = replace(compare_changed(read_review(Path.cwd(), base)), plots=plots)
    if output is None:
        typer.echo(found.to_markdown(), nl=False)
    else:
        output.write_text(found.to_markdown(), encoding="utf-8", newline="\n")
        typer.echo(f"Review: {output}")
