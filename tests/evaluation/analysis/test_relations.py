from __future__ import annotations

import numpy as np
import pytest

from gwangye.evaluation.analysis.relations import relation_scores
from gwangye.evaluation.shift.resampling import resample_counts
from gwangye.evaluation.shift.score_intervals import score_intervals

LABELS = ["no_relation", "per:title", "org:product"]
# none right twice, title for none; title right, none for title; no product
TRUE = np.array([0, 0, 0, 1, 1])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]]
)


def test_scores_of_each_relation() -> None:
    found = score_intervals(TRUE, PROBABILITIES, LABELS, "no_relation", resamples=300, seed=4)
    table = relation_scores(TRUE, PROBABILITIES, LABELS, "no_relation", found)
    assert list(table) == [
        "relation", "precision", "recall", "f1", "auprc", "support", "f1_low", "f1_high",
        "auprc_low", "auprc_high", "relation_for_none", "none_for_relation", "wrong_relation",
    ]  # fmt: skip
    none, title, product = table.to_dict("records")
    assert (none["f1"], title["f1"]) == (66.67, 50.0)
    # title .8 true, .7 false, .3 true: (0,1) (1/2,1) (1/2,1/2) (1,2/3): 1/2 + 1/2·7/12
    assert title["auprc"] == 79.17
    assert [title[kind] for kind in list(table)[-3:]] == [1, 1, 0]
    # a relation without a row has no score, and no interval
    assert np.isnan([product[f"{score}{end}"] for score in ("f1", "auprc")
                     for end in ("", "_low", "_high")]).all()  # fmt: skip


def test_intervals_are_those_of_a_plain_loop() -> None:
    found = score_intervals(TRUE, PROBABILITIES, LABELS, "no_relation", resamples=200, seed=4)
    [counts] = resample_counts(5, 200, seed=4)
    predicted, f1 = PROBABILITIES.argmax(axis=1), []
    for drawn in counts.T:
        right = drawn[(TRUE == 1) & (predicted == 1)].sum()
        size = drawn[TRUE == 1].sum() + drawn[predicted == 1].sum()
        if size:
            f1.append(200 * right / size)
    assert 0 < 200 - len(f1) < 20  # resamples without a title, true or predicted
    table = relation_scores(TRUE, PROBABILITIES, LABELS, "no_relation", found)
    limits = table.loc[1, ["f1_low", "f1_high"]].tolist()
    assert limits == pytest.approx(np.quantile(f1, [0.025, 0.975]), abs=0.006)


def test_interval_without_a_width_is_missing() -> None:
    """A relation that is always found: the bootstrap cannot know better."""
    right = np.eye(3)[TRUE]
    found = score_intervals(TRUE, right, LABELS, "no_relation", resamples=50, seed=0)
    table = relation_scores(TRUE, right, LABELS, "no_relation", found)
    assert table["f1"].tolist()[:2] == [100.0, 100.0]
    assert table[["f1_low", "f1_high", "auprc_low", "auprc_high"]].isna().all(axis=None)


def test_relation_that_is_predicted_but_no_row_has() -> None:
    predicted = np.eye(3)[[0, 0, 2, 1, 2]]
    found = score_intervals(TRUE, predicted, LABELS, "no_relation", resamples=50, seed=0)
    product = relation_scores(TRUE, predicted, LABELS, "no_relation", found).loc[2]
    assert product[["precision", "support", "relation_for_none"]].tolist() == [0.0, 0, 1]
    assert product[["f1", "f1_low", "f1_high"]].isna().all()
