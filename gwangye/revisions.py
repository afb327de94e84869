"""Predictions of this and of other Git revisions, which DVC finds in its cache or remote."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gwangye.errors import DataError
from gwangye.predictions import read_predictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def predictions_of(model: str, folder: Path, labels: Sequence[str]) -> pd.DataFrame:
    """Read a model's predictions, of the workspace or of a revision.

    Args:
        model: ``<name>``, or ``<name>@<revision>``: a commit, branch or DVC experiment.
        folder: The folder of predictions, relative to the repository.
        labels: Relation names in label order.

    Returns:
        A prediction table; the mean over seeds where there are several.

    Raises:
        DataError: The revision has no such predictions, neither DVC's cache nor its remote holds
            them, or they are of other relations.
    """
    name, _, revision = model.partition("@")
    path = folder / f"{name}.parquet"
    if not revision:
        return read_predictions(path, labels)
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    with tempfile.TemporaryDirectory() as temporary:
        local = Path(temporary) / path.name
        try:
            DVCFileSystem(rev=revision).get_file(path.as_posix(), str(local))
        except (DvcException, SCMError, OSError) as error:
            raise DataError(
                f"{model}: {path} cannot be had from revision '{revision}': {error}. Check the "
                "names; `dvc fetch` gets what is not in the cache."
            ) from error
        return read_predictions(local, labels)
