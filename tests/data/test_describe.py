from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from gwangye.data.describe import compare, count_seen, describe
from gwangye.examples import entity_pairs

Table = Callable[..., pd.DataFrame]

SWAPPED = {
    "subject_word": "가온전자",
    "subject_start": 4,
    "subject_end": 8,
    "subject_type": "ORG",
    "object_word": "나리",
    "object_start": 0,
    "object_end": 2,
    "object_type": "PER",
    "label": "no_relation",
    "source": "wikitree",
}
OTHER = {
    "sentence": "[속보] 나리 다온시 방문 #1",
    "subject_start": 5,
    "subject_end": 7,
    "object_word": "다온시",
    "object_start": 8,
    "object_end": 11,
    "object_type": "LOC",
    "label": None,
    "source": None,
}


@pytest.fixture
def frame(table: Table) -> pd.DataFrame:
    """Four rows: a sound one, its exact copy, the same with roles exchanged, an unlabelled one."""
    return table({}, {}, SWAPPED, OTHER)


def test_describe_counts(frame: pd.DataFrame) -> None:
    report = describe(frame)
    lengths = report.pop("sentence_length")
    markers = report.pop("marker_characters")
    assert report == {
        "rows": 4,
        "labelled_rows": 3,
        "labels": {"per:title": 2, "no_relation": 1},
        "sources": {"wikipedia": 2, "wikitree": 1},
        "subject_types": {"PER": 3, "ORG": 1},
        "object_types": {"ORG": 2, "LOC": 1, "PER": 1},
        "type_pairs": {"PER-ORG": 2, "ORG-PER": 1, "PER-LOC": 1},
        "object_first_share": 0.25,
        "distinct_sentences": 2,
        "distinct_entity_pairs": 2,
        "rows_sharing_sentence": 3,
        "repeated_triples": 1,
        "exact_duplicates": 1,
        "contradicting": [],
    }
    # 15 characters thrice, 17 once
    assert lengths == {"0": 15, "0.25": 15, "0.5": 15, "0.75": 15, "0.95": 15, "0.99": 15, "1": 17}
    assert {name: count for name, count in markers.items() if count} == {"#": 1, "[": 1, "]": 1}


def test_describe_keeps_order_of_frequency_in_json(frame: pd.DataFrame) -> None:
    text = json.dumps(describe(frame)["object_types"])
    assert text == '{"ORG": 2, "LOC": 1, "PER": 1}'


def test_describe_gives_groups_of_contradicting_guids(table: Table) -> None:
    frame = table({}, {"label": "no_relation"}, SWAPPED, {}, OTHER)
    assert describe(frame)["contradicting"] == [["a", "b", "d"]]


def test_entity_pairs_are_unordered(frame: pd.DataFrame) -> None:
    same = ("가온전자", "나리")
    assert entity_pairs(frame)[1:] == [same, same, ("나리", "다온시")]


def test_compare_gives_total_variation_and_shares(table: Table) -> None:
    train = table({}, {}, {}, {"label": "no_relation", "source": "wikitree"})
    test = table({}, {"label": "per:origin", "object_type": "LOC"})
    report = compare(train, test, {})
    # labels: |3/4 - 1/2| + |1/4 - 0| + |0 - 1/2| = 1, halved
    assert report["label_shift"] == {
        "total_variation": 0.5,
        "train": {"per:title": 0.75, "no_relation": 0.25, "per:origin": 0.0},
        "test": {"per:title": 0.5, "no_relation": 0.0, "per:origin": 0.5},
    }
    assert report["source_shift"]["total_variation"] == 0.25
    assert report["type_pair_shift"]["total_variation"] == 0.5
    assert report["overlap"]["rows"] == 2


def test_compare_with_unlabelled_test_has_no_label_shift(table: Table) -> None:
    report = compare(table({}), table({"label": None}), {})
    assert report["label_shift"] is None
    assert report["source_shift"]["total_variation"] == 0.0


def test_seen_counts_rows_of_the_other_table(table: Table) -> None:
    train = table({}, {"sentence": "x", "subject_word": "한별", "object_word": "다온시"})
    other = table(
        SWAPPED,  # the sentence and, roles exchanged, the pair
        {"sentence": "y", "object_word": "다온시"},  # a known subject, both words known, no pair
        {"sentence": "z", "subject_word": "새봄", "object_word": "한별"},  # one word known
    )
    assert count_seen(train, other, {}) == {
        "rows": 3,
        "sentence": 1,
        "entity_pair": 1,
        "subject_word": 1,
        "both_entities": 2,
        "either_entity": 3,
        "near_sentence": 1,
    }


def test_seen_counts_nearly_the_same_sentences(table: Table) -> None:
    train = table({"sentence": "a"}, {"sentence": "b"})
    other = table(*({"sentence": sentence} for sentence in "abcde"))
    near = {"a": ["b"], "b": ["a"], "c": ["x", "a"], "d": ["e"], "e": {"d"}}
    # a and b are there themselves, c is nearly a; what d and e are like is not in training
    assert count_seen(train, other, near)["near_sentence"] == 3
    assert count_seen(train, other, {})["near_sentence"] == 2
    assert count_seen(train, other.tail(2), near)["near_sentence"] == 0
