"""Outputs of the pipeline at this and other Git revisions, which DVC has in its cache or remote."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gwangye.errors import DataError
from gwangye.prediction.tables import read_predictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def fetch_output(path: Path, revision: str, target: Path, *, root: Path | None = None) -> Path:
    """Copy an output, a file or a folder, as a revision has it.

    Args:
        path: The output, relative to the project.
        revision: A Git revision, or a DVC experiment's name or hash.
        target: The folder that it is copied to, under its own name.
        root: The project; where we are by default.

    Returns:
        The copy.

    Raises:
        DataError: The revision does not exist, has no such output, or its content is not at hand.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    copy = target / path.name
    try:
        files = DVCFileSystem(url=None if root is None else str(root), rev=revision)
        files.get(path.as_posix(), str(copy), recursive=files.isdir(path.as_posix()))
    except (DvcException, SCMError, OSError) as error:
        raise DataError(
            f"{path} cannot be had from revision '{revision}': {error}. Check the names; "
            "`dvc fetch` gets what is not in the cache."
        ) from error
    return copy


def predictions_of(model: str, folder: Path, labels: Sequence[str]) -> pd.DataFrame:
    """Read a model's predictions, of the workspace or of a revision.

    Args:
        model: ``<name>``, or ``<name>@<revision>``.
        folder: The folder of predictions, relative to the project.
        labels: Relation names in label order.

    Returns:
        A prediction table; the mean over seeds where there are several.

    Raises:
        DataError: There are no such predictions, they are not at hand, or of other relations.
    """
    name, _, revision = model.partition("@")
    path = folder / f"{name}.parquet"
    if not revision:
        return read_predictions(path, labels)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            local = fetch_output(path, revision, Path(temporary))
        except DataError as error:
            raise DataError(f"{model}: {error}") from error
        return read_predictions(local, labels)
