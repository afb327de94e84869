"""What a comparison found: in words, as tables, as JSON.

Scores and differences are percentages (0 to 100), and a difference is always B minus A.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from gwangye.experiments.tables import to_markdown


@dataclass(frozen=True)
class Difference:
    """One metric of A and B, and B minus A with its 95 % interval (all percent) and two-sided p."""

    metric: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    told_apart: bool  # p and interval say so, and there are rows enough

    def sentence(self, names: tuple[str, str], where: str) -> str:
        """Say it in words.

        Args:
            names: What A and B are called.
            where: The rows, as in "3,201 validation rows".
        """
        a, b = names
        chance = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"
        size, (low, high) = abs(self.difference), sorted((self.low, self.high))
        if not self.told_apart:
            return (
                f"{a} and {b} cannot be told apart: {b} minus {a} is {_signed(self.difference)} "
                f"points of {self.metric} (95 % interval {_plain(low)} to {_plain(high)}, "
                f"{chance}) on {where}."
            )
        side = "above" if self.difference > 0 else "below"
        if self.difference < 0:
            low, high = -high, -low
        return (
            f"{b} is {_plain(size)} points of {self.metric} {side} {a} (95 % interval "
            f"{_plain(low)} to {_plain(high)}, {chance}) on {where}."
        )


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found.

    Args:
        names: What A and B are called.
        part: "validation" or "test".
        rows: Rows compared.
        effective_rows: What they are worth without weights, (sum w)² / sum w² (Kish 1965).
        groups: Groups of rows that were resampled, or None where rows were.
        left_out: Rows that only A and that only B predicts.
        unlabelled: Rows that both predict, without a label.
        min_rows: Fewer rows (or groups) than this are not tested.
        resamples: Bootstrap resamples of micro-F1 and the relations; AUPRC may have fewer.
        auprc_resamples: Resamples of AUPRC.
        seed: Seed of the resamples.
        micro_f1: The difference in micro-F1.
        auprc: The difference in AUPRC, or None if it was not asked for.
        per_relation: One row per relation: relation, rows, few_rows (below ``min_rows``), a, b,
            difference, low, high, p, p_holm, told_apart. Missing: all scores of a relation without
            a row, and p and p_holm of one with few.
    """

    names: tuple[str, str]
    part: str
    rows: int
    effective_rows: float
    groups: int | None
    left_out: tuple[int, int]
    unlabelled: int
    min_rows: int
    resamples: int
    auprc_resamples: int
    seed: int
    micro_f1: Difference
    auprc: Difference | None
    per_relation: pd.DataFrame

    @property
    def metrics(self) -> list[Difference]:
        """Return the differences over all relations."""
        return [self.micro_f1] if self.auprc is None else [self.micro_f1, self.auprc]

    def describe(self) -> list[str]:
        """Return the findings as sentences, the most important first."""
        a, b = self.names
        where = f"{self.rows:,} {self.part} rows"
        sentences = [metric.sentence(self.names, where) for metric in self.metrics]
        units = self.rows if self.groups is None else self.groups
        if units < self.min_rows:
            kind = "rows" if self.groups is None else "groups of rows"
            sentences.append(f"{units} {kind} are too few for a test; it takes {self.min_rows}.")
        sentences.append(self._describe_relations())
        if round(self.effective_rows) < self.rows:
            sentences.append(
                f"The rows are re-weighted; they are worth {self.effective_rows:,.0f} unweighted "
                "ones."
            )
        for name, other, count in ((a, b, self.left_out[0]), (b, a, self.left_out[1])):
            if count:
                sentences.append(f"Left out: {count:,} rows that {name} predicts and {other} not.")
        if self.unlabelled:
            sentences.append(f"Left out: {self.unlabelled:,} rows without a label.")
        return sentences

    def _describe_relations(self) -> str:
        tested = int(self.per_relation["p_holm"].notna().sum())
        apart = self.per_relation[self.per_relation["told_apart"]]
        among = f"Of the {tested} relations with at least {self.min_rows} rows"
        if tested == 0:
            return f"No relation has the {self.min_rows} rows that a test of it takes."
        if apart.empty:
            return f"{among}, none can be told apart (Holm's correction for {tested} tests)."
        apart = apart.sort_values("difference", key=lambda column: -column.abs(), kind="stable")
        listed = ", ".join(
            f"{row['relation']} {_signed(row['difference'])}" for _, row in apart.iterrows()
        )
        return (
            f"{among}, {len(apart)} can be told apart (points of F1, {self.names[1]} minus "
            f"{self.names[0]}; Holm's correction for {tested} tests): {listed}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it: scores to 2 decimals, p to 6, missing as None."""
        values = {
            name: value
            for name, value in vars(self).items()
            if name not in ("micro_f1", "auprc", "per_relation")
        }
        values |= {"names": list(self.names), "left_out": list(self.left_out)}
        values["effective_rows"] = round(self.effective_rows, 1)
        values["metrics"] = [_rounded(asdict(metric)) for metric in self.metrics]
        values["per_relation"] = [_rounded(row) for row in _records(self.per_relation)]
        values["description"] = self.describe()
        return values

    def to_markdown(self) -> str:
        """Return the sentences and both tables as Markdown."""
        metrics = [{"metric": m.metric, **self._cells(asdict(m), "p", m.p)} for m in self.metrics]
        relations = [
            {
                "relation": row["relation"],
                "rows": f"{row['rows']} (few)" if row["few_rows"] else str(row["rows"]),
                **self._cells(row, "p (Holm)", row["p_holm"]),
            }
            for row in _records(self.per_relation)
        ]
        sentences = "".join(f"- {sentence}\n" for sentence in self.describe())
        tables = (to_markdown(pd.DataFrame(rows)) for rows in (metrics, relations))
        return "\n".join([sentences, "\n\n".join(tables), ""])

    def _cells(self, values: dict[str, Any], title: str, p: float) -> dict[str, str]:
        """Return both scores, difference, interval and p by their titles."""
        a, b = self.names
        titles = (a, b, f"{b} minus {a}", "95 % interval", title)
        if np.isnan(values["a"]):
            return dict.fromkeys(titles, "")
        low, high, difference = (
            f"{round(values[name], 2) + 0.0:+.2f}" for name in ("low", "high", "difference")
        )
        chance = "" if np.isnan(p) else f"{p:.4f}"
        scores = (f"{values[name]:.2f}" for name in ("a", "b"))
        return dict(zip(titles, (*scores, difference, f"{low} to {high}", chance), strict=True))


def _signed(value: float) -> str:
    return f"{value:+.1f}" if round(value, 1) else "0.0"


def _plain(value: float) -> str:
    return f"{value:.1f}" if round(value, 1) else "0.0"  # never -0.0


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    records = table.to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in records]


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Return JSON values: missing as None, p to 6 decimals, other numbers to 2."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, float):
            digits = 6 if name in ("p", "p_holm") else 2
            result[name] = None if np.isnan(value) else round(value, digits) + 0.0  # never -0.0
        else:
            result[name] = value
    return result
