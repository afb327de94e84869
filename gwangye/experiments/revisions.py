"""Outputs of the pipeline at other Git revisions, which DVC has in its cache or remote."""

from __future__ import annotations

from pathlib import Path

from gwangye.errors import DataError


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
        folder = files.info(path.as_posix())["type"] == "directory"
    except FileNotFoundError as error:
        raise DataError(f"Revision '{revision}' has no {path}. Check the names.") from error
    except (DvcException, SCMError, OSError) as error:
        raise DataError(f"Revision '{revision}' cannot be read: {error}") from error
    try:
        files.get(path.as_posix(), str(copy), recursive=folder)
    except (DvcException, SCMError, OSError) as error:
        raise DataError(
            f"{path} of revision '{revision}' is neither in DVC's cache nor in a remote: that run "
            "was on another machine, as those that come with a clone were. Commit a first run of "
            'your own (`dvc repro`, `git commit -m "first run" dvc.lock metrics`) and compare with '
            "that; or get theirs by `dvc pull`, where they were pushed to a DVC remote."
        ) from error
    return copy
