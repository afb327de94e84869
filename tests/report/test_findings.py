"""The report's first lines, in words."""

from __future__ import annotations

import numpy as np

from gwangye.examples import Task
from gwangye.report.findings import findings, slice_filter

TASK = Task(["no_relation", "org:members", "per:title"], "no_relation", ["PER", "ORG"])


def lines(found: dict) -> dict[str, list[str]]:
    return {heading: [line.text for line in of_heading] for heading, of_heading in found.items()}


def test_errors_and_confusions_by_size() -> None:
    true = np.array([0, 0, 0, 1, 1, 2, 2])
    predicted = np.array([2, 2, 0, 0, 1, 1, 2])

    found = findings(true, predicted, TASK)

    assert lines(found) == {
        "Errors": [
            "4 of 7 rows are wrong.",
            "2 times a relation is predicted where there is no_relation.",
            "Once no_relation is predicted where there is a relation.",
            "Once another relation is predicted.",
        ],
        "Most often confused": [
            "no_relation is taken for per:title in 2 of its 3 rows.",
            "org:members is taken for no_relation in 1 of its 2 rows.",
            "per:title is taken for org:members in 1 of its 2 rows.",
        ],
    }
    assert found["Errors"][1].show == {"kind": "relation_for_none"}
    assert found["Most often confused"][0].show == {
        "actual": "no_relation",
        "predicted": "per:title",
    }


def test_nothing_is_wrong() -> None:
    found = findings(np.array([1]), np.array([1]), TASK)
    assert lines(found) == {"Errors": ["None in 1 row."]}


def test_without_a_negative_label_there_are_no_kinds() -> None:
    task = Task(["org:members", "per:title"], None, ["PER"])
    found = findings(np.array([0, 1]), np.array([1, 1]), task)
    assert lines(found)["Errors"] == ["1 of 2 rows are wrong."]


def test_weak_relations_have_enough_rows_and_are_relations() -> None:
    table = {
        "relation": ["no_relation", "org:members", "per:title", "per:spouse"],
        "f1": [10.0, 0.0, 50.0, 30.0],
        "f1_low": [5.0, 0.0, 40.0, None],
        "f1_high": [15.0, 0.0, 60.0, None],
        "support": [50, 4, 5, 1200],
    }
    found = findings(np.array([1]), np.array([1]), TASK, per_relation=table)
    assert lines(found)["Weakest relations"] == [
        "per:spouse: F1 30.0, 1,200 rows.",
        "per:title: F1 50.0 (40.0–60.0), 5 rows.",
    ]


def test_weak_slices_have_enough_rows_and_a_score() -> None:
    table = {
        # too few rows, all rows, no score: the last three are left out
        "slice": ["type_pair", "order", "order", "pair", "source"],
        "value": ["PER-ORG", "object_first", "subject_first", "unseen", "news"],
        "rows": [20, 90, 19, 91, 50],
        "micro_f1": [40.0, 30.0, 10.0, 5.0, None],
        "micro_f1_low": [30.0, 20.0, 0.0, 0.0, None],
        "micro_f1_high": [50.0, 40.0, 20.0, 10.0, None],
    }
    true = np.ones(91, dtype=int)
    found = findings(true, true, TASK, slices=table)["Weakest slices"]
    assert [line.text for line in found] == [
        "order, object first: micro-F1 30.0 (20.0–40.0), 90 rows.",
        "type pair, PER-ORG: micro-F1 40.0 (30.0–50.0), 20 rows.",
    ]
    assert [line.show for line in found] == [{}, {"type_pair": "PER-ORG"}]


def test_slices_that_the_page_can_show() -> None:
    assert slice_filter("source", "news") == {"source": "news"}
    assert slice_filter("order", "subject_first") == {}
