"""The table of effects for people, as CSV, and as a plot."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gwangye.errors import GwangyeError
from gwangye.evaluation.scores import METRICS, TITLES
from gwangye.experiments.comparison import SIGNIFICANCE
from gwangye.experiments.tables import to_csv, to_markdown

_ROUNDED = {
    **dict.fromkeys(("score", "sd", "difference", "low", "high"), 2),
    **{"p": 4, "p_holm": 4, "minutes": 1},
}


def overview(effects: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return a row per change: score, difference and p of each column below each other.

    Args:
        effects: See :func:`gwangye.experiments.effects.effects`.
        metric: "micro_f1" or "auprc".
    """
    chosen = effects[effects["metric"] == metric]
    rows = []
    for (factor, alternative), group in chosen.groupby(["factor", "alternative"], sort=False):
        name = f"{factor}: {alternative}".removeprefix(": ")
        seeds = group["seeds"].max()
        if seeds < effects["seeds"].max():
            name += f" ({seeds})"
        minutes = group["minutes"].iloc[0]
        if not np.isnan(minutes):
            name += f"\n{minutes:.1f} min"
        cells = {row["column"]: _cell(row) for row in group.to_dict(orient="records")}
        columns = {TITLES[column]: cells.get(column, "") for column in _columns(effects)}
        rows.append({"change": name, **columns})
    return pd.DataFrame(rows)


def legend(effects: pd.DataFrame) -> str:
    """Say what the cells mean."""
    seeds, tests = int(effects["seeds"].max()), int((effects["p"].notna()).sum())
    tests //= max(1, effects.groupby(["column", "metric"]).ngroups)
    text = (
        f"Percent: mean ± standard deviation over {seeds} seeds; difference to the base in points "
        "with its 95 % interval over rows and seeds; p, and in brackets p by Holm's correction for "
        f"{tests} alternatives. *: the corrected p is below {SIGNIFICANCE}."
    )
    if effects["seeds"].nunique() > 1:
        text += " In brackets behind the name: fewer seeds."
    if not effects["paired"].all():
        text += " °: other rows than the base's, so not paired."
    return text


def _columns(effects: pd.DataFrame) -> list[str]:
    return [name for name in TITLES if (effects["column"] == name).any()]


def _cell(values: Mapping[Hashable, Any]) -> str:
    score = f"{values['score']:.1f}"
    if not np.isnan(values["sd"]):
        score += f" ± {values['sd']:.1f}"
    if not values["paired"]:
        score += "°"
    if np.isnan(values["p"]):
        return score
    difference, low, high = (
        f"{round(values[name], 1) + 0.0:+.1f}" for name in ("difference", "low", "high")
    )
    if values["p_holm"] < SIGNIFICANCE:
        difference += "*"
    p, corrected = (
        "<0.001" if values[name] < 0.001 else f"{values[name]:.2g}" for name in ("p", "p_holm")
    )
    return f"{score}\n{difference} ({low} to {high})\np {p} ({corrected})"


def write_markdown(effects: pd.DataFrame, path: Path) -> None:
    """Write a table per metric, and what their cells mean."""
    tables = [
        f"**{title}**\n\n{to_markdown(overview(effects, metric))}"
        for metric, title in METRICS.items()
    ]
    _write("\n\n".join([*tables, legend(effects)]) + "\n", path)


def write_csv(effects: pd.DataFrame, path: Path) -> None:
    """Write all columns, a row per alternative, column and metric."""
    _write(to_csv(effects.round(_ROUNDED)), path)


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
    ".md": write_markdown,
    ".csv": write_csv,
    ".svg": write_plot,
    ".png": write_plot,
}
"""What writes the table to a file, by the ending of its name."""


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
