"""What single changes do to the scores, with intervals. Scores are percentages (0 to 100)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.evaluation.scores import METRICS, TITLES
from gwangye.evaluation.shift.reweighting import Raking
from gwangye.evaluation.shift.score_intervals import score_intervals
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.experiments.comparison import bootstrap_test, holm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """One alternative, trained with one seed.

    Args:
        factor: What is changed; "" for the base.
        alternative: To what.
        seed: The seed.
        predictions: Prediction table of the model whose scores count.
        dataset: The split with the labels.
        target: What the re-weighted column should hold for.
        train_seconds: Seconds of training, of all variants together; None where not known.
    """

    factor: str
    alternative: str
    seed: int
    predictions: pd.DataFrame
    dataset: Dataset
    target: Target | None = None
    train_seconds: float | None = None


class _Column(NamedTuple):
    """A column's scores of one training."""

    guids: tuple[str, ...]
    values: Mapping[str, float]  # by metric
    replicates: Mapping[str, Floats]  # by metric, (resamples,)


def effects(trained: Sequence[Trained], *, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Compare every alternative with the base.

    Alternative and base are compared on the seeds that both were trained with. A score is the mean
    over these seeds; a difference is alternative minus base, with the interval and p of
    :func:`gwangye.experiments.comparison.compare`. Each resample draws rows, the same for both and
    for all seeds, and, where there are several, all but one of the seeds, with replacement: of that
    many, the resampled mean varies as much as the mean of all seeds does (Rao & Wu 1988).

    So the interval says what other rows *and* other seeds would have done. With few seeds, it knows
    little of what seeds do: where they matter more than rows, three make it too narrow. With one
    seed it speaks of rows alone. It leaves out what other training data would have done.

    Where an alternative has other validation rows than the base, as another split has, the rows of
    both are drawn independently: not ``paired``, and the difference holds that of the rows too.

    Args:
        trained: All trainings, in the order of the table; the base's factor is "".
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        A row for the base and each alternative (factor, alternative), column and metric: seeds
        (how many), rows, score, sd (over seeds; missing for one), and of alternatives: difference,
        low, high, p, p_holm (Holm's correction for all alternatives in this column and metric),
        paired; minutes (of training, the mean over seeds). A column without labelled rows is left
        out.

    Raises:
        DataError: The base was not trained, or an alternative with none of its seeds.

    References:
        Rao & Wu 1988, Resampling Inference With Complex Survey Data, JASA 83 (n - 1 of n).
    """
    groups: dict[tuple[str, str], dict[int, Trained]] = {}
    for one in trained:
        groups.setdefault((one.factor, one.alternative), {})[one.seed] = one
    base = next((group for (factor, _), group in groups.items() if not factor), None)
    if base is None:
        raise DataError("The base was not trained: there is nothing to compare with.")
    rows = []
    for column in TITLES:
        scored = {number: _score(one, column, resamples, seed) for number, one in base.items()}
        for (factor, alternative), group in groups.items():
            named = {"factor": factor, "alternative": alternative, "column": column}
            ours = scored
            if factor:
                ours = {n: _score(one, column, resamples, seed) for n, one in group.items()}
            minutes = _mean_minutes(group)
            for row in _compare(ours, scored, is_base=not factor, seed=seed):
                rows.append({**named, **row, "minutes": minutes})
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby(["column", "metric"])["p"].transform(_holm)
    return table


def _compare(
    ours: Mapping[int, _Column | None],
    theirs: Mapping[int, _Column | None],
    *,
    is_base: bool,
    seed: int,
) -> list[dict[str, object]]:
    """Return a row per metric; none where the column has no rows."""
    common = [number for number in ours if number in theirs]
    if not common:
        raise DataError("An alternative was trained with none of the base's seeds.")
    pairs = [(ours[number], theirs[number]) for number in common]
    if any(column is None for pair in pairs for column in pair):
        return []
    mine = [pair[0] for pair in pairs if pair[0]]
    base = [pair[1] for pair in pairs if pair[1]]
    paired = mine[0].guids == base[0].guids
    rows = []
    for metric in METRICS:
        values = np.array([column.values[metric] for column in mine])
        row: dict[str, object] = {
            "metric": metric,
            "seeds": len(values),
            "rows": len(mine[0].guids),
            "score": values.mean(),
            "sd": values.std(ddof=1) if len(values) > 1 else np.nan,
        }
        tested = {"difference": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}
        if not is_base:
            difference = values.mean() - np.mean([column.values[metric] for column in base])
            drawn = _drawn_means([c.replicates[metric] for c in mine], seed)
            other = [c.replicates[metric] for c in base]
            if not paired:  # the same numbers of rows would draw the same places
                other = [replicates[::-1] for replicates in other]
            low, high, p = bootstrap_test(difference, drawn - _drawn_means(other, seed))
            tested = {"difference": difference, "low": low, "high": high, "p": p}
        rows.append({**row, **tested, "paired": paired})
    return rows


def _drawn_means(replicates: Sequence[Floats], seed: int) -> Floats:
    """Return the (resamples,) means over drawn seeds of (seeds) replicates, (resamples,) each."""
    table: Floats = np.stack(replicates)  # (seeds, resamples)
    count, resamples = table.shape
    if count == 1:
        return replicates[0]
    generator = np.random.default_rng([seed, 1])  # not the stream that draws rows
    chosen = generator.integers(count, size=(count - 1, resamples))
    drawn: Floats = np.take_along_axis(table, chosen, axis=0)
    means: Floats = drawn.mean(axis=0)
    return means


def _score(one: Trained, column: str, resamples: int, seed: int) -> _Column | None:
    """Score a training's rows, sorted by guid; None where none has a label."""
    part = column.split("_")[0]
    dataset, task = one.dataset, one.dataset.task
    labelled = dataset.labelled(part).set_index("guid", drop=False)
    table = one.predictions[one.predictions["part"] == part].sort_values("guid")
    table = table[table["guid"].isin(labelled.index)]
    if table.empty:
        return None
    examples = labelled.loc[table["guid"]]
    weights: Raking | None = None
    if part != column:
        weights = one.target.weigh(examples, dataset) if one.target else None
        if weights is None:
            return None
    found = score_intervals(
        task.label_ids(examples),
        table[list(task.labels)].to_numpy(dtype=np.float64),
        task.labels,
        task.negative_label,
        resamples=resamples,
        seed=seed,
        weights=weights,
    )
    return _Column(
        guids=tuple(table["guid"]),
        values={"micro_f1": found.micro_f1.value, "auprc": found.auprc.value},
        replicates=found.replicates._asdict(),
    )


def _mean_minutes(group: Mapping[int, Trained]) -> float:
    seconds = [one.train_seconds for one in group.values() if one.train_seconds is not None]
    return float(np.mean(seconds)) / 60 if seconds else float("nan")


def _holm(p: pd.Series[float]) -> pd.Series[float]:
    """Correct the p that there are."""
    corrected = p.copy()
    tested = p.notna()
    corrected[tested] = holm(np.asarray(p[tested], dtype=np.float64))
    return corrected
