"""Small files: how they are written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gwangye.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


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
