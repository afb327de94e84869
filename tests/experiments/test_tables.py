from __future__ import annotations

import pandas as pd
from rich.console import Console

from gwangye.experiments.tables import escape_markdown, to_csv, to_markdown, to_terminal

FRAME = pd.DataFrame({"name": ["a|b_c", "[red]x[/b]"], "F1": [41.25, None], "note": [None, "1\n2"]})


def test_markdown_escapes_what_people_wrote() -> None:
    assert to_markdown(FRAME).splitlines() == [
        "| name           |    F1 | note   |",
        "|:---------------|------:|:-------|",
        r"| a\|b_c         | 41.25 |        |",
        r"| \[red\]x\[/b\] |       | 1<br>2 |",
    ]


def test_an_underscore_at_a_words_edge_is_escaped() -> None:
    assert escape_markdown("_a_b < c&d") == r"\_a_b &lt; c&amp;d"


def test_terminal_shows_brackets_as_they_are() -> None:
    console = Console(width=60)
    with console.capture() as capture:
        console.print(to_terminal(FRAME))
    assert "[red]x[/b]" in capture.get()


def test_csv_is_unrounded_and_missing_is_empty() -> None:
    assert to_csv(FRAME) == 'name,F1,note\na|b_c,41.25,\n[red]x[/b],,"1\n2"\n'
