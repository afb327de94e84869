"""What a table of examples looks like, and how two tables differ: plain counts for reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from gwangye.data.duplicates import SAME_EXAMPLE, SAME_TRIPLE, contradicting_groups
from gwangye.examples import entity_pairs

MARKER_CHARACTERS = ("@", "#", "*", "^", "§", "[", "]", "<", ">")
"""Characters that entity markers are made of; in a sentence they are just text."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def describe(frame: pd.DataFrame) -> dict[str, Any]:
    """Describe a canonical table with at least one row, labelled or not.

    Returns:
        A dict that JSON can hold, the same for the same table. Counts by name are sorted from
        the most frequent down:

        - ``rows``, ``labelled_rows``; ``labels``, ``sources``, ``subject_types``,
          ``object_types``, ``type_pairs`` ("PER-LOC": subject, object): counts by name.
        - ``sentence_length``: characters, by quantile ("0.5" is the median).
        - ``object_first_share``: share of rows (0-1) whose object stands before the subject.
        - ``distinct_sentences``, ``distinct_entity_pairs`` (unordered pairs of words),
          ``rows_sharing_sentence`` (rows whose sentence another row has too).
        - ``repeated_triples``: rows whose sentence and spans an earlier row has; and
          ``exact_duplicates``: those of them with the same types and label as well.
        - ``contradicting``: groups of guids with the same sentence and spans, but unlike labels.
        - ``marker_characters``: rows whose sentence holds the character.
    """
    lengths = frame["sentence"].str.len().quantile(list(QUANTILES), interpolation="lower")
    return {
        "rows": len(frame),
        "labelled_rows": int(frame["label"].notna().sum()),
        "labels": _counts(frame["label"]),
        "sources": _counts(frame["source"]),
        "subject_types": _counts(frame["subject_type"]),
        "object_types": _counts(frame["object_type"]),
        "type_pairs": _counts(_type_pairs(frame)),
        "sentence_length": {f"{name:g}": int(length) for name, length in lengths.items()},
        "object_first_share": _rounded((frame["object_start"] < frame["subject_start"]).mean()),
        "distinct_sentences": int(frame["sentence"].nunique()),
        "distinct_entity_pairs": len(set(entity_pairs(frame))),
        "rows_sharing_sentence": int(frame.duplicated("sentence", keep=False).sum()),
        "repeated_triples": int(frame.duplicated(SAME_TRIPLE).sum()),
        "exact_duplicates": int(frame.duplicated(SAME_EXAMPLE).sum()),
        "contradicting": contradicting_groups(frame),
        "marker_characters": {
            character: int(frame["sentence"].str.contains(character, regex=False).sum())
            for character in MARKER_CHARACTERS
        },
    }


def compare(
    train: pd.DataFrame, test: pd.DataFrame, near: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    """Say how a test table differs from the training table, and what it shares with it.

    A shift is the total variation distance of two distributions p and q,
    ``0.5 * sum(abs(p - q))``: 0 where they are equal, 1 where they have nothing in common. Each
    table has at least one row; ``near`` is as in :func:`count_seen`.

    Returns:
        A dict that JSON can hold: ``label_shift``, ``source_shift`` and ``type_pair_shift``,
        each with ``total_variation``, ``train`` and ``test`` (shares by name, 0-1), or None
        where one of the two tables has no such values; ``overlap``: see :func:`count_seen`.
    """
    return {
        "label_shift": _shift(train["label"], test["label"]),
        "source_shift": _shift(train["source"], test["source"]),
        "type_pair_shift": _shift(_type_pairs(train), _type_pairs(test)),
        "overlap": count_seen(train, test, near),
    }


def count_seen(
    train: pd.DataFrame, other: pd.DataFrame, near: Mapping[str, Collection[str]]
) -> dict[str, int]:
    """Count the rows of a canonical table of which something is seen in a training table too.

    ``near`` gives the sentences that are nearly the same as one, by sentence (from
    :func:`gwangye.data.splitting.similarity.near_duplicates`).

    Returns:
        ``rows`` of ``other``, and how many of them have in ``train``: the ``sentence``; the
        ``entity_pair`` (both words in one row, in either role); the ``subject_word`` as a subject;
        ``both_entities`` (each word somewhere, in either role); ``either_entity`` (one of them or
        both); the same sentence or nearly the same one (``near_sentence``).
    """
    sentences, pairs = set(train["sentence"]), set(entity_pairs(train))
    words = set(train["subject_word"]) | set(train["object_word"])
    subject, object_ = other["subject_word"].isin(words), other["object_word"].isin(words)
    similar = {s for s, others in near.items() if not sentences.isdisjoint(others)}
    return {
        "rows": len(other),
        "sentence": int(other["sentence"].isin(sentences).sum()),
        "entity_pair": sum(pair in pairs for pair in entity_pairs(other)),
        "subject_word": int(other["subject_word"].isin(set(train["subject_word"])).sum()),
        "both_entities": int((subject & object_).sum()),
        "either_entity": int((subject | object_).sum()),
        "near_sentence": int(other["sentence"].isin(sentences | similar).sum()),
    }


def _type_pairs(frame: pd.DataFrame) -> pd.Series[Any]:
    return frame["subject_type"].str.cat(frame["object_type"], sep="-")


def _counts(values: pd.Series[Any]) -> dict[str, int]:
    counts = {str(name): int(count) for name, count in values.value_counts().items()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _shift(train: pd.Series[Any], test: pd.Series[Any]) -> dict[str, Any] | None:
    if train.isna().all() or test.isna().all():
        return None
    counts = [pd.Series(_counts(values), dtype=float) for values in (train, test)]
    names = list(dict.fromkeys([*counts[0].index, *counts[1].index]))
    p, q = ((count / count.sum()).reindex(names, fill_value=0.0) for count in counts)
    return {
        "total_variation": _rounded(0.5 * (p - q).abs().sum()),
        "train": {name: _rounded(share) for name, share in p.items()},
        "test": {name: _rounded(share) for name, share in q.items()},
    }


def _rounded(share: float) -> float:
    return round(float(share), 6)
