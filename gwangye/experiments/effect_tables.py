"""The table of effects as Markdown, CSV, a terminal's table, and a plot."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gwangye.errors import GwangyeError
from gwangye.experiments.comparison import SIGNIFICANCE

if TYPE_CHECKING:
    from rich.table import Table

TITLES = {"validation": "validation", "validation_reweighted": "re-weighted", "test": "test"}
METRICS = {"micro_f1": "micro-F1", "auprc": "AUPRC"}
_CSV_DIGITS = {"p": 4, "p_holm": 4, "minutes": 1}


def to_csv(effects: pd.DataFrame) -> str:
    """Return all columns, a row per alternative, column and metric."""
    rounded = effects.copy()
    for name in rounded.select_dtypes("number"):
        rounded[name] = rounded[name].round(_CSV_DIGITS.get(str(name), 2))
    return str(rounded.to_csv(index=False, lineterminator="\n"))


def to_markdown(effects: pd.DataFrame) -> str:
    """Return a table per metric, and what its cells mean."""
    parts = []
    for metric, title in METRICS.items():
        head, *rows = _cells(effects, metric)
        lines = [
            f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
            for row in (head, *rows)
        ]
        lines.insert(1, "|---" * 2 + "|--:" * (len(head) - 2) + "|")
        parts.append("\n".join([f"**{title}**", "", *lines]))
    return "\n\n".join([*parts, legend(effects)]) + "\n"


def to_table(effects: pd.DataFrame, metric: str) -> Table:
    """Return a metric's table for the terminal: score, difference and p below each other."""
    from rich.table import Table

    rows = _cells(effects, metric)[1:]
    columns = _columns(effects)
    table = Table("change", *(TITLES[name] for name in columns), title=METRICS[metric])
    for factor, alternative, *cells, minutes in rows:
        name = f"{factor}: {alternative}".removeprefix(": ")
        stacked = [
            "\n".join([score, difference.replace("*", ""), p and f"p {p}"]).rstrip()
            for score, difference, p in zip(cells[::3], cells[1::3], cells[2::3], strict=True)
        ]
        table.add_row(f"{name}\n{minutes} min" if minutes else name, *stacked, end_section=True)
    return table


def legend(effects: pd.DataFrame) -> str:
    """Say what the cells mean."""
    seeds, tests = int(effects["seeds"].max()), int((effects["p"].notna()).sum())
    tests //= max(1, effects.groupby(["column", "metric"]).ngroups)
    text = (
        f"Percent: mean ± standard deviation over {seeds} seeds; difference to the base in points "
        "with its 95 % interval over rows and seeds; p, and in brackets p by Holm's correction for "
        f"{tests} alternatives. Bold: the corrected p is below {SIGNIFICANCE}."
    )
    if effects["seeds"].nunique() > 1:
        text += " In brackets behind the name: fewer seeds."
    if not effects["paired"].all():
        text += " °: other rows than the base's, so not paired."
    return text


def _columns(effects: pd.DataFrame) -> list[str]:
    return [name for name in TITLES if (effects["column"] == name).any()]


def _cells(effects: pd.DataFrame, metric: str) -> list[list[str]]:
    """Return the head and the rows of a metric's table."""
    chosen = effects[effects["metric"] == metric]
    columns = _columns(effects)
    head = ["factor", "alternative"]
    for name in columns:
        head += [TITLES[name], "difference", "p"]
    rows = [[*head, "minutes"]]
    for (factor, alternative), group in chosen.groupby(["factor", "alternative"], sort=False):
        by_column = {row["column"]: row for row in group.to_dict(orient="records")}
        seeds = max(row["seeds"] for row in by_column.values())
        fewer = f" ({seeds})" if seeds < effects["seeds"].max() else ""
        row = [str(factor), f"{alternative}{fewer}"]
        for name in columns:
            row += _column_cells(by_column[name]) if name in by_column else ["", "", ""]
        minutes = group["minutes"].iloc[0]
        rows.append([*row, "" if np.isnan(minutes) else f"{minutes:.1f}"])
    return rows


def _column_cells(values: Mapping[Hashable, Any]) -> list[str]:
    """Return score, difference and p."""
    score = f"{values['score']:.1f}"
    if not np.isnan(values["sd"]):
        score += f" ± {values['sd']:.1f}"
    if not values["paired"]:
        score += "°"
    if np.isnan(values["p"]):
        return [score, "", ""]
    difference, low, high = (
        f"{round(values[n], 1) + 0.0:+.1f}" for n in ("difference", "low", "high")
    )
    if values["p_holm"] < SIGNIFICANCE:
        difference = f"**{difference}**"
    p, corrected = (_p(values[name]) for name in ("p", "p_holm"))
    return [score, f"{difference} ({low} to {high})", f"{p} ({corrected})"]


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.2g}"


def write_plot(effects: pd.DataFrame, path: Path, *, metric: str = "micro_f1") -> None:
    """Draw the differences with their intervals, a panel per column.

    Args:
        effects: The table.
        path: An SVG or a PNG.
        metric: "micro_f1" or "auprc".

    Raises:
        GwangyeError: Matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise GwangyeError(
            f"{path} takes matplotlib, which is not installed: `pip install 'gwangye[plot]'`."
        ) from error
    chosen = effects[(effects["metric"] == metric) & effects["p"].notna()]
    columns = _columns(effects)
    names = list(dict.fromkeys(zip(chosen["factor"], chosen["alternative"], strict=True)))
    places = {name: -place for place, name in enumerate(names)}
    size = (2.2 + 2.6 * len(columns), 1.2 + 0.26 * len(names))
    # the same bytes each time: ids from a fixed salt, and no date
    with mpl.rc_context({"svg.hashsalt": "gwangye", "font.size": 9, "svg.fonttype": "none"}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            _draw_panel(axis, chosen[chosen["column"] == column], places)
            axis.set_title(TITLES[column])
        axes[0].set_yticks(list(places.values()), [f"{factor}: {a}" for factor, a in names])
        axes[0].set_ylim(0.5 - len(names), 0.5)
        figure.supxlabel(f"points of {METRICS[metric]} above the base, 95 % interval")
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_panel(axis: Any, rows: pd.DataFrame, places: Mapping[tuple[Any, Any], int]) -> None:
    """Draw a column's differences; a full dot where the corrected p is small."""
    keys = zip(rows["factor"], rows["alternative"], strict=True)
    heights = np.array([places[key] for key in keys])
    clear = (rows["p_holm"] < SIGNIFICANCE).to_numpy()
    axis.axvline(0, color="0.6", linewidth=0.8)
    axis.hlines(heights, rows["low"], rows["high"], color="tab:blue", linewidth=1.5)
    for chosen, face in ((clear, "tab:blue"), (~clear, "white")):
        dots = (rows["difference"].to_numpy()[chosen], heights[chosen])
        axis.plot(*dots, "o", color="tab:blue", markerfacecolor=face, markersize=5)
    axis.grid(axis="x", color="0.92")
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".md": lambda effects, path: _write(to_markdown(effects), path),
    ".csv": lambda effects, path: _write(to_csv(effects), path),
    ".svg": write_plot,
    ".png": write_plot,
}
"""What writes the table to a file, by the ending of its name."""


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
