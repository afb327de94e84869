"""Tables for people: the terminal, Markdown, CSV. A table is a DataFrame of what its cells say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from rich.table import Table


def to_terminal(frame: pd.DataFrame, **options: Any) -> Table:
    """Return a table for the terminal; numbers stand on the right, and no text is markup.

    Args:
        frame: The table; a missing value is an empty cell, :class:`rich.text.Text` keeps its style.
        options: Of :class:`rich.table.Table`.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(**options)
    for name in frame.columns:
        table.add_column(Text(str(name)), justify="right" if _is_number(frame[name]) else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(cell if isinstance(cell, Text) else Text(_text(cell)) for cell in row))
    return table


def to_markdown(frame: pd.DataFrame) -> str:
    """Return a GitHub-flavoured Markdown table; what people wrote stays text.

    Args:
        frame: The table; a missing value is an empty cell, a line break is ``<br>``.
    """
    cells = frame.map(lambda cell: escape_markdown(_text(cell)))
    right = ["right" if _is_number(frame[name]) else "left" for name in frame.columns]
    cells.columns = [escape_markdown(str(name)) for name in frame.columns]
    return str(cells.to_markdown(index=False, colalign=right, disable_numparse=True))


def to_csv(frame: pd.DataFrame) -> str:
    """Return a table as CSV, unrounded; a missing value is empty."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def escape_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, in a table's cell too."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    # an underscore inside a word marks nothing
    text = re.sub(r"([\\`*~|\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", text)
    return text.replace("\n", "<br>")


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell)
