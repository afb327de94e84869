"""What a comparison found: in words, as tables, as JSON.

Scores and differences are percentages (0 to 100), and a difference is always B minus A.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

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
        left_out: Rows that only A and that only B predicts.
        unlabelled: Rows that both predict, without a label.
        min_rows: Fewer rows than this are not tested.
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
        if self.rows < self.min_rows:
            sentences.append(f"{self.rows} rows are too few for a test; it takes {self.min_rows}.")
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
        values["metrics"] = _records(self._metrics_table())
        values["per_relation"] = _records(self.per_relation)
        values["description"] = self.describe()
        return values

    def _metrics_table(self) -> pd.DataFrame:
        return pd.DataFrame([asdict(metric) for metric in self.metrics])

    def to_markdown(self) -> str:
        """Return the sentences and both tables as Markdown."""
        few = self.per_relation["few_rows"].map({True: " (few)", False: ""})
        relations = self.per_relation.assign(rows=self.per_relation["rows"].astype(str) + few)
        tables = (
            self._texts(self._metrics_table(), ["metric"], {"p": "p"}),
            self._texts(relations, ["relation", "rows"], {"p_holm": "p (Holm)"}),
        )
        sentences = "".join(f"- {sentence}\n" for sentence in self.describe())
        return "\n".join([sentences, "\n\n".join(map(to_markdown, tables)), ""])

    def _texts(self, found: pd.DataFrame, first: list[str], p: dict[str, str]) -> pd.DataFrame:
        """Return scores, difference, interval and p as texts; what is missing is empty."""
        a, b = self.names
        forms = {"a": "{:.2f}", "b": "{:.2f}", "difference": "{:+.2f}", "low": "{:+.2f}"}
        forms |= {"high": "{:+.2f}", **dict.fromkeys(p, "{:.4f}")}
        texts = found[first].copy()
        for name, form in forms.items():
            values = found[name].round(4 if name in p else 2) + 0.0  # never -0.0
            texts[name] = [form.format(value) if value == value else "" for value in values]
        texts["interval"] = (texts["low"] + " to " + texts["high"]).where(texts["low"] != "", "")
        titles = {"a": a, "b": b, "difference": f"{b} minus {a}", "interval": "95 % interval", **p}
        return texts[[*first, *titles]].rename(columns=titles)


def _signed(value: float) -> str:
    return f"{value:+.1f}" if round(value, 1) else "0.0"


def _plain(value: float) -> str:
    return f"{value:.1f}" if round(value, 1) else "0.0"  # never -0.0


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return JSON values: missing as None, p to 6 decimals, other numbers to 2."""
    numbers = table.select_dtypes("float")
    digits = {name: 6 if name in ("p", "p_holm") else 2 for name in numbers}
    rounded = table.assign(**(numbers.round(digits) + 0.0))  # never -0.0
    records: list[dict[str, Any]] = json.loads(rounded.to_json(orient="records"))
    return records
