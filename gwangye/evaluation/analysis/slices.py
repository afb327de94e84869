"""Scores of parts of the rows: by what kind of row does a model err?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.evaluation.analysis.confusions import error_masks
from gwangye.evaluation.seen import seen_entities, seen_pairs
from gwangye.evaluation.shift.f1_replicates import defined_limits, f1_replicates, micro_counts
from gwangye.evaluation.shift.resampling import resample_counts
from gwangye.evaluation.targets import categories
from gwangye.examples import Dataset, Task
from gwangye.metrics import negative_id

LENGTHS = (40, 80, 120, 160)
"""Upper ends of the classes of sentence length, in characters; half of KLUE-RE's are 64 to 118."""

DISTANCES = (2, 5, 10, 20, 40)
"""Upper ends of the classes of distance, in characters; half of KLUE-RE's are 2 to 24."""

SCRIPTS = {
    "hangul": "[가-힣ㄱ-ㆎ\u1100-\u11ff]",
    "latin": "[A-Za-zÀ-ɏ]",
    "hanja": "[㐀-䶿一-鿿\uf900-\ufaff]",
    "digits": r"\d",
}


def slice_values(examples: pd.DataFrame, part: str, dataset: Dataset) -> pd.DataFrame:
    """Tell which slice of each kind every row is in.

    Args:
        examples: Canonical table of rows of one part.
        part: "validation" or "test".
        dataset: The split.

    Returns:
        (rows, kinds), each column a category whose values are in the order to list them: classes of
        numbers by size, others with the most frequent first.

        - type_pair: entity types, "PER-ORG" for subject and object.
        - source: where the sentence is from.
        - sentence_length: in characters.
        - entity_distance: characters between the two entities; "overlap" where they share some.
        - order: which of the two stands first.
        - script: that of both entities: hangul, latin, hanja or digits; "mixed" where they have
          several of these, "other" where none.
        - subject, object: whether the entity stands, in either role, in what the row's model was
          trained on ("seen" or "unseen").
        - pair: whether both do so together in a row.
    """
    subject_start, object_start = examples["subject_start"], examples["object_start"]
    ends = examples[["subject_end", "object_end"]].min(axis=1)
    gap = np.maximum(subject_start, object_start) - ends
    words = examples["subject_word"] + examples["object_word"]
    seen = seen_entities(examples, part, dataset)
    columns = {
        "type_pair": _by_frequency(categories(examples, "type_pair", part, dataset)),
        "source": _by_frequency(categories(examples, "source", part, dataset)),
        "sentence_length": _binned(examples["sentence"].str.len(), LENGTHS),
        "entity_distance": _binned(gap, DISTANCES),
        "order": _either(subject_start <= object_start, "subject_first", "object_first"),
        "script": _by_frequency(_scripts(words)),
        "subject": _either([value in ("both", "subject") for value in seen], "seen", "unseen"),
        "object": _either([value in ("both", "object") for value in seen], "seen", "unseen"),
        "pair": _either(seen_pairs(examples, part, dataset), "seen", "unseen"),
    }
    return pd.DataFrame(columns)


def slice_scores(
    values: pd.DataFrame,
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    task: Task,
    *,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Score every slice.

    Args:
        values: (rows, kinds), from :func:`slice_values`.
        true: (rows,) label ids.
        predicted: (rows,) label ids.
        task: The relations.
        resamples: Bootstrap resamples of all rows.
        seed: Seed of the resamples.

    Returns:
        One row per slice: slice (the kind), value, rows, their share, micro_f1 with its 95 %
        interval, accuracy (percent, 2 decimals), and the three kinds of error in rows. Micro-F1 is
        missing where no row has a relation and none is predicted, its interval also where all
        resamples score alike.
    """
    codes, names = _numbered(values)
    negative = negative_id(task.labels, task.negative_label)
    counts = micro_counts(true, predicted, negative, codes, len(names))
    limits = np.full((2, len(names)), np.nan)
    if len(true):
        drawn = resample_counts(len(true), resamples, seed)
        limits = defined_limits(f1_replicates(counts, drawn))
    masks = error_masks(true, predicted, task.labels, task.negative_label)

    def rows_with(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Count such rows in each slice."""
        return np.bincount(codes[:, mask].ravel(), minlength=len(names))

    rows = rows_with(np.ones(len(true), dtype=bool))
    return pd.DataFrame(
        {
            "slice": [kind for kind, _ in names],
            "value": [value for _, value in names],
            "rows": rows,
            "share": (100 * rows / max(len(true), 1)).round(2),
            "micro_f1": counts.f1(np.ones((len(true), 1)))[:, 0].round(2),
            "micro_f1_low": limits[0].round(2),
            "micro_f1_high": limits[1].round(2),
            "accuracy": (100 * rows_with(true == predicted) / rows).round(2),
            **{kind: rows_with(mask) for kind, mask in masks.items()},
        }
    )


def _numbered(values: pd.DataFrame) -> tuple[NDArray[np.intp], list[tuple[str, str]]]:
    """Return the (kinds, rows) number of each row's slice, and kind and value by number."""
    names: list[tuple[str, str]] = []
    codes = []
    for kind in values.columns:
        column = values[kind].cat.remove_unused_categories()
        codes.append(column.cat.codes.to_numpy(dtype=np.intp) + len(names))
        names += [(str(kind), str(value)) for value in column.cat.categories]
    return np.stack(codes), names


def _by_frequency(values: Sequence[str]) -> pd.Series[str]:
    """Order values by the rows that have them, most first, then by name."""
    found, rows = np.unique(np.array(values, dtype=object), return_counts=True)
    return _ordered(values, found[np.argsort(-rows, kind="stable")].tolist())


def _either(holds: Iterable[Any], yes: str, no: str) -> pd.Series[str]:
    """Name the rows of which something holds, and the others."""
    return _by_frequency([yes if value else no for value in holds])


def _binned(numbers: pd.Series[int], ends: Sequence[int]) -> pd.Series[str]:
    """Class numbers by the upper ends of the classes; those below 0 are "overlap"."""
    between = [f"{below + 1}–{end}" for below, end in pairwise(ends)]
    names = ["overlap", f"≤ {ends[0]}", *between, f"> {ends[-1]}"]
    return _ordered([names[place] for place in np.searchsorted([-1, *ends], numbers)], names)


def _ordered(values: Sequence[str], order: Sequence[str]) -> pd.Series[str]:
    return pd.Series(values, dtype=pd.CategoricalDtype(list(order), ordered=True))


def _scripts(words: Iterable[str]) -> list[str]:
    """Name the script of each text."""
    found = [[name for name, one in SCRIPTS.items() if re.search(one, text)] for text in words]
    return ["mixed" if len(names) > 1 else "".join(names) or "other" for names in found]
