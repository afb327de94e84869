"""Is model B better than model A? A paired test on the same rows.

Scores and differences are percentages (0 to 100), and a difference is always B minus A. The test
says what other *rows* would have done to the difference. It does not say what another training seed
would have done: for that, train each variant with several seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.calibration import check_weights
from gwangye.dataset import Dataset
from gwangye.errors import DataError, ParameterError
from gwangye.metrics import check_ids, check_probabilities
from gwangye.predictions import stack
from gwangye.shift.precision_recall import curves, mean_area
from gwangye.shift.resampling import percentiles, resample_counts
from gwangye.shift.reweighting import effective_sample_size

Floats = NDArray[np.float64]

SIGNIFICANCE = 0.05
"""Two models are told apart where p is below this and the 95 % interval leaves out 0."""


@dataclass(frozen=True)
class Pair:
    """Two models' predictions of the same labelled rows, from :func:`align`.

    Args:
        names: What A and B are called.
        part: "validation" or "test".
        labels: Relation names in label order.
        negative_label: The relation left out of micro-F1, or None.
        guids: One per row.
        true: (rows,) label ids.
        probabilities: (2, rows, relations): A's and B's.
        left_out: Rows that only A and that only B predicts.
        unlabelled: Rows that both predict, without a label.
    """

    names: tuple[str, str]
    part: str
    labels: Sequence[str]
    negative_label: str | None
    guids: Sequence[str]
    true: NDArray[np.int64]
    probabilities: Floats
    left_out: tuple[int, int] = (0, 0)
    unlabelled: int = 0


def align(
    table_a: pd.DataFrame,
    table_b: pd.DataFrame,
    dataset: Dataset,
    part: str,
    *,
    names: tuple[str, str] = ("A", "B"),
) -> Pair:
    """Line up two prediction tables by guid, on the labelled rows of a part that both predict.

    Tables of two revisions may hold different rows: those of one table only are left out, and
    counted. Labels are those of ``dataset`` for both.

    Args:
        table_a: Prediction table of A; it gives the order of rows.
        table_b: Prediction table of B.
        dataset: The split with the labels.
        part: "validation" or "test".
        names: What A and B are called.

    Raises:
        ParameterError: Both have the same name.
        DataError: A row is predicted twice, the tables have no row of this part in common, or none
            of the common rows has a label.
    """
    if names[0] == names[1]:
        raise ParameterError(f"Both models are called '{names[0]}'. Give them different names.")
    first, second = (table[table["part"] == part] for table in (table_a, table_b))
    common = first["guid"][first["guid"].isin(second["guid"])]
    if common.empty:
        raise DataError(
            f"'{names[0]}' ({len(first)} rows) and '{names[1]}' ({len(second)} rows) predict no "
            f"{part} row in common. Compare models of the same data, or predict both with one "
            "split: `dvc repro`."
        )
    labelled = dataset.labelled(part).set_index("guid")
    compared = common[common.isin(labelled.index)]
    if compared.empty:
        raise DataError(
            f"None of the {len(common)} {part} rows that '{names[0]}' and '{names[1]}' have in "
            "common has a label. Compare them on the other part, or add labels to the file."
        )
    both = {
        name: table[table["guid"].isin(compared)]
        for name, table in zip(names, (first, second), strict=True)
    }
    return Pair(
        names=names,
        part=part,
        labels=dataset.task.labels,
        negative_label=dataset.task.negative_label,
        guids=compared.tolist(),
        true=dataset.task.label_ids(labelled.loc[compared]),
        probabilities=stack(both, dataset.task.labels).probabilities,
        left_out=(len(first) - len(common), len(second) - len(common)),
        unlabelled=len(common) - len(compared),
    )


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
        a, b = self.names
        head = f"{a} | {b} | {b} minus {a} | 95 % interval | p"
        lines = [*(f"- {sentence}" for sentence in self.describe()), ""]
        lines += [f"| metric | {head} |", "|---|---|---|---|---|---|"]
        lines += [_markdown_row([metric.metric], asdict(metric), "p") for metric in self.metrics]
        lines += ["", f"| relation | rows | {head} (Holm) |", "|---|---|---|---|---|---|---|"]
        for row in _records(self.per_relation):
            rows = f"{row['rows']} (few)" if row["few_rows"] else str(row["rows"])
            lines.append(_markdown_row([row["relation"], rows], row, "p_holm"))
        return "\n".join(lines) + "\n"


def compare(
    pair: Pair,
    *,
    weights: NDArray[np.floating] | None = None,
    groups: Sequence[object] | NDArray[Any] | None = None,
    resamples: int = 10_000,
    auprc_resamples: int = 1_000,
    seed: int = 0,
    min_rows: int = 20,
) -> Comparison:
    """Test the difference between two models by a paired bootstrap.

    Each resample draws as many rows as there are, with replacement, and the same ones for A and B;
    the interval holds the middle 95 % of the resampled differences (percentile interval). With
    ``d`` the difference found and ``d*`` a resampled one::

        p = (1 + number of resamples with |d* - d| >= |d|) / (1 + resamples)

    that is: were there no difference, and the resampled ones scattered around 0 as they do around
    ``d``, how often would one be at least as large as ``d``, on either side. The 1 counts the
    observed one among the resamples, so p is never 0. Equal models have p = 1.

    Micro-F1 is that of :func:`gwangye.metrics.micro_f1`, AUPRC that of
    :func:`gwangye.metrics.auprc`; a relation that a resample does not hold is left out of its mean.
    A relation's F1 is 0 in a resample that holds and predicts it nowhere.

    Args:
        pair: The predictions.
        weights: (rows,), not negative, as from re-weighting; they stay fixed over the resamples.
        groups: (rows,) group of each row. Rows of a sentence or entity pair tend to be right or
            wrong together; with groups, whole groups are drawn in place of rows.
        resamples: Resamples of micro-F1 and of each relation's F1.
        auprc_resamples: Resamples of AUPRC, which is slower; 0 leaves it out.
        seed: Seed of the resamples.
        min_rows: A relation of fewer rows is marked and not tested; with fewer rows (or groups) in
            all, nothing is told apart, since the bootstrap is too sure of itself there.

    Raises:
        ParameterError: A number of resamples is out of range.
        DataError: There is no row, or the rows, weights and groups do not fit.

    References:
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile interval) and
        16 (tests). Koehn 2004, Statistical Significance Tests for Machine Translation Evaluation,
        EMNLP: paired, but counts d* <= 0 on one side; centred as in Riezler & Maxwell 2005, On Some
        Pitfalls in Automatic Evaluation and Significance Testing for MT. Phipson & Smyth 2010,
        Permutation P-values Should Never Be Zero, arXiv 1603.05766. Holm 1979, A Simple
        Sequentially Rejective Multiple Test Procedure.
    """
    if resamples < 1 or auprc_resamples < 0:
        raise ParameterError(
            f"{resamples=}, {auprc_resamples=}: there must be at least 1, and 0 or more for AUPRC."
        )
    units = _units(pair, weights, groups)
    counts = _outcomes(pair, units)
    found = _f1(counts.sum(axis=0), pair)
    drawn = [
        _f1(block.T @ counts, pair) for block in resample_counts(units.number, resamples, seed)
    ]
    drawn_micro = np.concatenate([block.micro for block in drawn])
    enough = units.number >= max(min_rows, 2)
    area = None
    if auprc_resamples:
        area = _difference("AUPRC", *_auprc(pair, units, auprc_resamples, seed), enough=enough)
    return Comparison(
        names=pair.names,
        part=pair.part,
        rows=len(pair.true),
        effective_rows=effective_sample_size(units.weights),
        groups=None if groups is None else units.number,
        left_out=pair.left_out,
        unlabelled=pair.unlabelled,
        min_rows=min_rows,
        resamples=resamples,
        auprc_resamples=auprc_resamples,
        seed=seed,
        micro_f1=_difference("micro-F1", found.micro[0], drawn_micro, enough=enough),
        auprc=area,
        per_relation=_per_relation(
            pair, found.relations[0], np.concatenate([b.relations for b in drawn]), min_rows, enough
        ),
    )


def holm(p: Floats) -> Floats:
    """Correct p for the number of tests, so that the chance of any false find stays what it was.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none is below one before it.

    Args:
        p: (tests,), 0 to 1.

    Returns:
        (tests,) corrected p, at most 1.

    References:
        Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Statistics 6.
    """
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(corrected, 1.0)


class _Units(NamedTuple):
    """What is resampled: rows, or groups of them."""

    weights: Floats  # (rows,)
    of_row: NDArray[np.intp]  # (rows,) the unit that a row belongs to
    number: int


def _units(
    pair: Pair,
    weights: NDArray[np.floating] | None,
    groups: Sequence[object] | NDArray[Any] | None,
) -> _Units:
    """Check the rows, their weights and groups."""
    rows = len(pair.true)
    if rows == 0:
        raise DataError("There is no row to compare the models on.")
    if pair.probabilities.shape != (2, rows, len(pair.labels)):
        raise DataError(
            f"Probabilities have shape {pair.probabilities.shape}; with {rows} rows and "
            f"{len(pair.labels)} relations it must be (2, {rows}, {len(pair.labels)})."
        )
    check_ids(pair.true, len(pair.labels))
    for probabilities in pair.probabilities:
        check_probabilities(probabilities)
    weight = np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64)
    check_weights(weight, rows)
    if groups is None:
        return _Units(weight, np.arange(rows), rows)
    if len(groups) != rows:
        raise DataError(f"There are {len(groups)} groups for {rows} rows. Give one per row.")
    codes, names = pd.factorize(np.asarray(groups, dtype=object))
    if (codes < 0).any():
        raise DataError("A row has no group: every row needs one, also one of its own.")
    return _Units(weight, codes, len(names))


def _outcomes(pair: Pair, units: _Units) -> Floats:
    """Return (units, 5 · relations) weight of rows per relation.

    The five: it is the true one; A chooses it; A rightly; B chooses it; B rightly.
    """
    relations = len(pair.labels)
    columns = [(pair.true, units.weights)]
    for probabilities in pair.probabilities:
        chosen = probabilities.argmax(axis=1)
        columns.append((chosen, units.weights))
        columns.append((chosen, np.where(chosen == pair.true, units.weights, 0.0)))
    tables = [
        np.bincount(units.of_row * relations + label, weight, units.number * relations)
        for label, weight in columns
    ]
    return np.hstack([table.reshape(units.number, relations) for table in tables])


class _F1(NamedTuple):
    """F1 of A and B in each resample, percent."""

    micro: Floats  # (resamples, 2)
    relations: Floats  # (resamples, 2, relations)


def _f1(counts: Floats, pair: Pair) -> _F1:
    """Return the F1 of (resamples, 5 · relations) counts, or of one such row."""
    relations = len(pair.labels)
    table = counts.reshape(-1, 5, relations)
    positive = np.array([label != pair.negative_label for label in pair.labels])
    chosen, right = table[:, [1, 3]], table[:, [2, 4]]
    sizes = table[:, [0]] + chosen  # 2TP + FP + FN
    micro_right, micro_sizes = (of[..., positive].sum(axis=2) for of in (right, sizes))
    return _F1(
        micro=200 * _share(micro_right, micro_sizes, empty=0.0),
        relations=200 * _share(right, sizes, empty=0.0),
    )


def _share(part: Floats, whole: Floats, *, empty: float) -> Floats:
    """Divide, with ``empty`` where the whole is 0."""
    result: Floats = np.divide(part, whole, out=np.full_like(part, empty), where=whole > 0)
    return result


def _difference(metric: str, found: Floats, drawn: Floats, *, enough: bool) -> Difference:
    """Make a difference of (2,) scores and their (resamples, 2) resampled ones."""
    low, high, p = (
        float(value) for value in bootstrap_test(found[1] - found[0], drawn[:, 1] - drawn[:, 0])
    )
    return Difference(
        metric=metric,
        a=float(found[0]),
        b=float(found[1]),
        difference=float(found[1] - found[0]),
        low=low,
        high=high,
        p=p,
        told_apart=enough and bool(_apart(p, low, high)),
    )


def bootstrap_test(difference: Any, drawn: Floats) -> tuple[Any, Any, Any]:
    """Return the 95 % interval and p of a difference, or of (relations,) differences.

    See :func:`compare` for both.

    Args:
        difference: A number or (relations,).
        drawn: (resamples,) or (resamples, relations): the difference in each resample.
    """
    low, high = percentiles(drawn)
    # the small amount lets d* = 0 and d* = 2d count whatever their rounding
    as_large = np.abs(drawn - difference) >= np.abs(difference) - 1e-9
    return low, high, (1 + as_large.sum(axis=0)) / (1 + len(drawn))


def _apart(p: Any, low: Any, high: Any) -> Any:
    """Return whether both p and the interval say so: of a skewed difference one alone may."""
    return (p < SIGNIFICANCE) & ((low > 0) | (high < 0))


def _per_relation(
    pair: Pair, found: Floats, drawn: Floats, min_rows: int, enough: bool
) -> pd.DataFrame:
    """Return the table of relations from (2, relations) scores and their resampled ones."""
    rows = np.bincount(pair.true, minlength=len(pair.labels))
    difference = found[1] - found[0]
    low, high, p = bootstrap_test(difference, drawn[:, 1] - drawn[:, 0])
    tested = (rows >= max(min_rows, 1)) & enough
    p = np.where(tested, p, np.nan)
    corrected = np.full(len(p), np.nan)
    corrected[tested] = holm(p[tested])
    absent = np.where(rows > 0, 0.0, np.nan)  # added, makes what is undefined missing
    return pd.DataFrame(
        {
            "relation": list(pair.labels),
            "rows": rows,
            "few_rows": rows < min_rows,
            "a": found[0] + absent,
            "b": found[1] + absent,
            "difference": difference + absent,
            "low": low + absent,
            "high": high + absent,
            "p": p,
            "p_holm": corrected,
            "told_apart": _apart(corrected, low, high),  # False where p is missing
        }
    )


def _auprc(pair: Pair, units: _Units, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Return (2,) AUPRC and its (resamples, 2) resampled values, percent."""
    models = [curves(pair.true, model) for model in pair.probabilities]

    def areas(counts: Floats) -> Floats:
        """Return the (some resamples, 2) AUPRC of (units, some resamples) counts."""
        weights = counts[units.of_row] * units.weights[:, None]  # (rows, some resamples)
        return np.stack([mean_area(model, weights) for model in models], axis=1)

    found = areas(np.ones((units.number, 1)))[0]
    blocks = resample_counts(units.number, resamples, seed)
    return found, np.concatenate([areas(block) for block in blocks])


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


def _markdown_row(first: list[str], values: dict[str, Any], p: str) -> str:
    """Return a table's row: names, both scores, difference, interval and p."""
    if np.isnan(values["a"]):
        cells = [*first, "", "", "", "", ""]
    else:
        low, high, difference = (
            f"{round(values[name], 2) + 0.0:+.2f}" for name in ("low", "high", "difference")
        )
        chance = "" if np.isnan(values[p]) else f"{values[p]:.4f}"
        cells = [*first, f"{values['a']:.2f}", f"{values['b']:.2f}"]
        cells += [difference, f"{low} to {high}", chance]
    return f"| {' | '.join(cells)} |"
