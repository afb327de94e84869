"""Small files: how they are written and read."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gwangye.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)


def write_json(values: Mapping[str, Any], path: Path) -> None:
    """Write JSON as a person reads it: indented, Korean as Korean, with a final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path, next_step: str) -> Any:
    """Read a small JSON file.

    Args:
        path: The file.
        next_step: What to do if it is missing or damaged: "Run `dvc repro target`."

    Raises:
        DataError: There is no such file, or it is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist. {next_step}") from error
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are
        raise DataError(f"{path} is not JSON: {error}. {next_step}") from error


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)


def remove_strays(folder: Path, keep: Collection[str]) -> None:
    """Remove what a folder holds beside the files and folders that are to be there.

    A stage that reads all variants depends on the folder of their outputs. What a variant has left
    there that is no more would count as a dependency for ever: a fresh clone does not have it.

    Args:
        folder: A folder that only stages write to.
        keep: Names of what is to stay.
    """
    for path in folder.iterdir():
        if path.name not in keep:
            logger.info("%s is no variant's: removed", path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
