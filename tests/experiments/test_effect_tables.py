"""The table of effects in its forms."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from gwangye.errors import GwangyeError
from gwangye.experiments.effect_tables import WRITERS, overview, write_plot
from gwangye.experiments.tables import to_terminal

MISSING = np.nan
COLUMNS = [
    *("factor", "alternative", "column", "metric", "seeds", "rows", "score", "sd"),
    *("difference", "low", "high", "p", "p_holm", "paired", "minutes"),
]
NONE = [MISSING] * 5
ROWS = [
    ("", "base", "validation", 3, 180, 50.04, 1.26, *NONE, True, 2.04),
    ("loss", "ce | smooth", "validation", 3, 180, 55, 2, 4.96, 1, 9, 0.004, 0.008, True, 2.5),
    (
        "split",
        "other",
        "validation",
        2,
        170,
        49.96,
        MISSING,
        -0.04,
        -8,
        7,
        0.9,
        0.9,
        False,
        MISSING,
    ),
    ("", "base", "test", 3, 600, 30, 1, *NONE, True, 2.04),
    ("loss", "ce | smooth", "test", 3, 600, 31, 1, 1, -1, 3, 0.3, 0.6, True, 2.5),
    ("split", "other", "test", 2, 600, 28, 1, -2, -3, -1, 0.0005, 0.001, True, MISSING),
]


@pytest.fixture
def effects() -> pd.DataFrame:
    rows = [(*row[:3], metric, *row[3:]) for metric in ("micro_f1", "auprc") for row in ROWS]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_markdown_has_a_table_per_metric_and_explains_itself(
    effects: pd.DataFrame, tmp_path: Path
) -> None:
    WRITERS[".md"](effects, tmp_path / "effects.md")
    parts = (tmp_path / "effects.md").read_text(encoding="utf-8").split("\n\n")
    assert (parts[0], parts[2]) == ("**micro-F1**", "**AUPRC**")
    rows = [[cell.strip() for cell in line.split(" | ")] for line in parts[1].splitlines()]
    assert [[cell.strip("| ") for cell in row] for row in rows[2:]] == [
        ["base<br>2.0 min", "50.0 ± 1.3", "30.0 ± 1.0"],
        [
            "loss: ce \\| smooth<br>2.5 min",
            "55.0 ± 2.0<br>+5.0\\* (+1.0 to +9.0)<br>p 0.004 (0.008)",
            "31.0 ± 1.0<br>+1.0 (-1.0 to +3.0)<br>p 0.3 (0.6)",
        ],
        [
            "split: other (2)",
            "50.0°<br>+0.0 (-8.0 to +7.0)<br>p 0.9 (0.9)",
            "28.0 ± 1.0<br>-2.0\\* (-3.0 to -1.0)<br>p &lt;0.001 (0.001)",
        ],
    ]
    assert parts[4] == (
        "Percent: mean ± standard deviation over 3 seeds; difference to the base in points with "
        "its 95 % interval over rows and seeds; p, and in brackets p by Holm's correction for 2 "
        "alternatives. *: the corrected p is below 0.05. In brackets behind the name: fewer "
        "seeds. °: other rows than the base's, so not paired.\n"
    )


def test_terminal_has_score_difference_and_p_below_each_other(effects: pd.DataFrame) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(to_terminal(overview(effects, "micro_f1"), show_lines=True))
    lines = [line.split("│") for line in console.export_text().splitlines() if "│" in line]
    cells = [[cell.strip() for cell in line[1:-1]] for line in lines]
    assert cells == [
        ["base", "50.0 ± 1.3", "30.0 ± 1.0"],
        ["2.0 min", "", ""],
        ["loss: ce | smooth", "55.0 ± 2.0", "31.0 ± 1.0"],
        ["2.5 min", "+5.0* (+1.0 to +9.0)", "+1.0 (-1.0 to +3.0)"],
        ["", "p 0.004 (0.008)", "p 0.3 (0.6)"],
        ["split: other (2)", "50.0°", "28.0 ± 1.0"],
        ["", "+0.0 (-8.0 to +7.0)", "-2.0* (-3.0 to -1.0)"],
        ["", "p 0.9 (0.9)", "p <0.001 (0.001)"],
    ]


def test_csv_has_everything_rounded(effects: pd.DataFrame, tmp_path: Path) -> None:
    WRITERS[".csv"](effects, tmp_path / "effects.csv")
    lines = (tmp_path / "effects.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1] == ",base,validation,micro_f1,3,180,50.04,1.26,,,,,,True,2.0"
    assert lines[6].endswith("test,micro_f1,2,600,28.0,1.0,-2.0,-3.0,-1.0,0.0005,0.001,True,")
    assert len(lines) == 13


def test_plot_names_what_it_shows_and_is_the_same_each_time(
    effects: pd.DataFrame, tmp_path: Path
) -> None:
    for name in ("one.svg", "two.svg", "one.png"):
        write_plot(effects, tmp_path / name)
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    for words in ("split: other", "validation", "test", "points of micro-F1 above the base"):
        assert words in text
    assert (tmp_path / "two.svg").read_text(encoding="utf-8") == text
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_plot_without_matplotlib_says_what_to_install(
    effects: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GwangyeError, match=r"pip install 'gwangye\[plot\]'"):
        write_plot(effects, tmp_path / "x.svg")
