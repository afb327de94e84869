from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError
from gwangye.evaluation.evaluator import Evaluation, Evaluator
from gwangye.evaluation.scores import FIELDS, headline
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset, Task
from gwangye.prediction.tables import prediction_table

LABELS = ["no_relation", "per:title", "org:product"]
TASK = Task(LABELS, "no_relation", ["PER"])


def frame(rows: dict[str, str | None]) -> pd.DataFrame:
    """Rows of pairs of their own, all in fold 0."""
    return pd.DataFrame(
        {
            "guid": list(rows),
            "sentence": [f"문장 {guid}" for guid in rows],
            "subject_word": "한서연",
            "subject_start": 0,
            "subject_end": 3,
            "subject_type": "PER",
            "object_word": list(rows),
            "object_start": 5,
            "object_end": 7,
            "object_type": "POH",
            "label": pd.Series(list(rows.values()), dtype="object"),
            "source": None,
            "fold": 0,
        }
    )


def evaluate(table: pd.DataFrame, dataset: Dataset, **options: Any) -> Evaluation:
    return Evaluator(dataset, **{"resamples": 20, **options}).evaluate(table)


def points(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """The headline scores by column."""
    return headline(evaluation.scores("m")).get("m", {})


def line(evaluation: Evaluation, metric: str, column: str, pairs: str = "all") -> pd.Series:
    """One line of the table of scores."""
    table = evaluation.scores("m").set_index(["column", "pairs", "metric"])
    return table.loc[(column, pairs, metric)]


def predicted(part: str, rows: dict[str, list[float]]) -> pd.DataFrame:
    probabilities = np.array(list(rows.values()), dtype=np.float64).reshape(len(rows), 3)
    return prediction_table(list(rows), part, probabilities, LABELS)


TRAIN = frame({"v1": "per:title", "v2": "no_relation", "v3": "org:product", "x": "per:title"})
# another order than the split's, and not every row of it
VALIDATION = predicted(
    "validation", {"v3": [0.1, 0.6, 0.3], "v1": [0.1, 0.8, 0.1], "v2": [0.05, 0.9, 0.05]}
)
TEST = predicted("test", {"t1": [0.8, 0.1, 0.1]})
NO_TEST = predicted("test", {})


def split(test: dict[str, str | None], task: Task = TASK) -> Dataset:
    return Dataset(TRAIN, frame(test), task)


def test_scores_by_part() -> None:
    table = pd.concat([VALIDATION, TEST])
    result = evaluate(table, split({"t1": "no_relation"}), num_errors=9)
    # validation: v1 right; v2 a false positive; v3 wrong: TP 1, FP 2, FN 1 → 2/5
    # AUPRC, (recall, precision), of none: v3 .1, v1 .1 before v2 .05, the true one:
    #   (0,1) (0,0) (1,1/3): 1/6; title: v2 .9, v1 .8 true, v3 .6: (0,1) (0,0) (1,1/2) (1,1/3): 1/4;
    #   product: v3 .3 true, first: 1. Mean 17/36
    assert points(result) == {
        "validation": {"micro_f1": 40.0, "auprc": 47.22, "accuracy": 33.33},
        # one row of one class, ranked first: AUPRC 100; no positive row: F1 0
        "test": {"micro_f1": 0.0, "auprc": 100.0, "accuracy": 100.0},
    }


def test_mistake_columns_in_another_order() -> None:
    """Columns are taken by name; by position, the first one would be no_relation."""
    other = VALIDATION[["guid", "part", "org:product", "per:title", "no_relation"]]
    by_position = other.set_axis(VALIDATION.columns, axis=1)
    # by position v3 is the same, v1 and v2 too, but none and product change places in AUPRC:
    # none: v3 .3 first, v1 .1, v2 .05 true, last: (0,1) (0,0) (0,0) (1,1/3): 1/6;
    # product: v3 .1 true and v1 .1 tied: (0,1) (1,1/2) …: 3/4. Mean (1/6 + 1/4 + 3/4)/3 = 7/18
    assert points(evaluate(by_position, split({})))["validation"]["auprc"] == 38.89
    assert points(evaluate(other, split({})))["validation"]["auprc"] == 47.22


def test_without_a_negative_label() -> None:
    result = evaluate(VALIDATION, split({}, Task(LABELS, None, ["PER"])), num_errors=9)
    # micro-F1 over all classes is accuracy
    assert points(result)["validation"]["micro_f1"] == 33.33
    slices = result.tables["slices", "validation"]
    assert slices.loc[0, ["relation_for_none", "wrong_relation"]].tolist() == [0, 2]


def test_unlabelled_test_rows_have_no_scores() -> None:
    table = pd.concat([VALIDATION, TEST])
    assert list(points(evaluate(table, split({"t1": None})))) == ["validation"]


def test_labelled_rows_of_a_partly_labelled_test_part_are_scored() -> None:
    test = predicted("test", {"t1": [0.8, 0.1, 0.1], "t2": [0.1, 0.8, 0.1], "t3": [0.1, 0.1, 0.8]})
    dataset = split({"t1": None, "t2": "per:title", "t3": "per:title"})
    result = evaluate(test, dataset, num_errors=9)
    # t2 right, t3 product for title: TP 1, FP 1, FN 1
    assert line(result, "micro_f1", "test")[["value", "rows"]].tolist() == [50.0, 2]


def test_no_test_file() -> None:
    table = pd.concat([VALIDATION, NO_TEST])
    assert list(points(evaluate(table, split({})))) == ["validation"]


def test_no_predictions_at_all(tmp_path: Path) -> None:
    result = evaluate(NO_TEST, split({}), num_errors=9)
    scores = result.scores("m")
    assert (list(scores.columns), len(scores)) == (list(FIELDS), 0)
    result.write_tables(tmp_path, "bigru")
    assert list(tmp_path.rglob("*.csv")) == []


@pytest.mark.parametrize("part", ["validation", "test"])
def test_row_of_another_split_is_refused(part: str) -> None:
    rows = predicted(part, {"t1": [1.0, 0.0, 0.0], "q": [1.0, 0.0, 0.0]})
    dataset = Dataset(frame({"t1": "per:title"}), frame({"t1": "per:title"}), TASK)
    message = f"1 predicted {part} rows are not in the split, first 'q'. Run `dvc repro` so that"
    with pytest.raises(DataError, match=message):
        evaluate(rows, dataset, num_errors=9)


def test_test_row_of_another_split_is_refused_although_none_is_labelled() -> None:
    with pytest.raises(DataError, match="1 predicted test rows are not in the split, first 't1'"):
        evaluate(TEST, split({"t2": None}), num_errors=9)


def test_labelled_test_row_that_is_not_predicted_is_refused() -> None:
    """The score of the others would be higher or lower than the test's."""
    dataset = split({"t1": "no_relation", "t2": "per:title", "t3": None})
    message = "1 of 2 labelled test rows are not predicted, first 't2': a score of the others"
    with pytest.raises(DataError, match=message):
        evaluate(TEST, dataset, num_errors=9)


def test_row_that_is_predicted_twice_is_refused() -> None:
    table = pd.concat([VALIDATION, VALIDATION.head(1)])
    message = r"the prediction table holds 1 rows a second time, first 'v3' \(validation\)"
    with pytest.raises(DataError, match=message):
        evaluate(table, split({}), num_errors=9)


def test_tables_are_written(tmp_path: Path) -> None:
    table = pd.concat([VALIDATION, TEST])
    result = evaluate(table, split({"t1": "no_relation"}), num_errors=1)
    result.write_tables(tmp_path, "bigru")
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv")}
    tables = ("confusions", "errors", "per_relation")
    assert written == {
        f"{table}/bigru_{part}.csv"
        for table in (*tables, "slices", "reliability", "risk_coverage")
        for part in ("validation", "test")
    }
    lines = {
        name: (tmp_path / name / "bigru_validation.csv").read_text(encoding="utf-8").splitlines()
        for name in tables
    }
    assert lines["confusions"][:4] == [
        "actual,predicted,rows",
        "no_relation,no_relation,0",
        "no_relation,per:title,1",
        "no_relation,org:product,0",
    ]
    # the most confident one, as num_errors says
    assert [line.split(",")[:4] for line in lines["errors"][1:]] == [
        ["v2", "no_relation", "per:title", "0.9"]
    ]
    # predicted title three times, once rightly: precision 1/3, recall 1, F1 2/4
    assert lines["per_relation"][2].startswith("per:title,33.33,100.0,50.0,25.0,1,")
    assert lines["per_relation"][2].endswith(",1,0,0")  # title for none, once


def test_scores_have_intervals_that_come_from_the_seed() -> None:
    rows = {f"v{i}": ("per:title", "no_relation")[i % 3 == 0] for i in range(60)}
    dataset = Dataset(frame(rows), frame({}), TASK)
    # every fourth row is wrong
    shares = {g: [0.2, 0.7, 0.1] if (r == "per:title") == (i % 4 > 0) else [0.7, 0.2, 0.1]
              for i, (g, r) in enumerate(rows.items())}  # fmt: skip
    table = predicted("validation", shares)
    first, again, other = (evaluate(table, dataset, resamples=200, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.scores("m"), again.scores("m"))
    for metric in ("micro_f1", "auprc"):
        score = line(first, metric, "validation")
        assert score["low"] < score["value"] < score["high"]
    mine, others = (line(one, "micro_f1", "validation") for one in (first, other))
    assert mine["value"] == others["value"]
    assert (mine["low"], mine["high"]) != (others["low"], others["high"])
    # 45 of 60 right, each with confidence 0.7
    assert line(first, "accuracy", "validation")[["value", "rows"]].tolist() == [75.0, 60]
    ece = line(first, "ece", "validation")
    assert ece["value"] == 5.0
    assert ece[["low", "high", "note"]].isna().all()


def test_validation_is_weighed_to_the_target() -> None:
    """Two titles right, two rows without a relation, one of them wrong."""
    rows = {"v1": "per:title", "v2": "per:title", "v3": "no_relation", "v4": "no_relation"}
    dataset = Dataset(frame(rows), frame({}), TASK)
    right, none = [0.1, 0.9, 0.0], [0.9, 0.1, 0.0]
    table = predicted("validation", {"v1": right, "v2": right, "v3": right, "v4": none})
    target = Target({"per:title": 0.25, "no_relation": 0.75}, "given", {})
    result = evaluate(table, dataset, target=target)
    columns = points(result)
    assert list(columns) == ["validation", "validation_reweighted"]
    # plain: TP 2, FP 1: 4/5
    assert columns["validation"]["micro_f1"] == 80.0
    # weights 1/2 and 3/2: TP 1, FP 1.5: 2/(2 + 1.5)
    weighted = columns["validation_reweighted"]
    assert weighted["micro_f1"] == 57.14
    assert weighted["accuracy"] == 62.5
    # all with confidence 0.9
    assert line(result, "ece", "validation_reweighted")["value"] == 27.5
    area = line(result, "auprc", "validation_reweighted")
    # (1/2 + 1/2 + 3/2 + 3/2)² / (1/4 + 1/4 + 9/4 + 9/4)
    assert (area["rows"], area["effective_rows"]) == (4, 3.2)
    assert area["low"] <= area["value"] <= area["high"]
    assert pd.isna(area["note"])


def test_what_of_the_target_is_in_no_row_is_noted() -> None:
    rows = {"v1": "per:title", "v2": "no_relation"}
    dataset = Dataset(frame(rows), frame({}), TASK)
    table = predicted("validation", {"v1": [0.1, 0.9, 0.0], "v2": [0.9, 0.1, 0.0]})
    target = Target({"per:title": 0.4, "no_relation": 0.35, "org:product": 0.25}, "given", {})
    result = evaluate(table, dataset, target=target)
    assert line(result, "ece", "validation_reweighted")["note"] == (
        "label: 25.0 % of the target is in no row (org:product)"
    )
    assert pd.isna(line(result, "ece", "validation")["note"])


def test_target_that_says_nothing_makes_no_column() -> None:
    target = Target(None, "no test file", {})
    assert list(points(evaluate(VALIDATION, split({}), target=target))) == ["validation"]


def pairs() -> Dataset:
    """v1 and v2 are one pair in two folds, v3's pair is in its own fold twice, v4's is alone."""
    train = frame(dict.fromkeys(("v1", "v2", "v3", "v4", "v5"), "per:title"))
    train["subject_word"] = ["가", "나", "다", "마", "다"]
    train["object_word"] = ["나", "가", "라", "바", "라"]
    train["fold"] = [0, 1, 2, 2, 2]
    test = frame({"t1": "per:title", "t2": "per:title"})
    test["subject_word"], test["object_word"] = ["라", "가"], ["다", "다"]
    return Dataset(train, test, TASK)


def test_scores_of_seen_and_unseen_pairs() -> None:
    dataset = Dataset(pairs().train, frame({}), TASK)
    right, wrong = [0.1, 0.9, 0.0], [0.9, 0.1, 0.0]
    shares = {"v1": right, "v2": right, "v3": wrong, "v4": right, "v5": wrong}
    scored = evaluate(predicted("validation", shares), dataset)
    for which, expected in (("seen", [100.0, 2]), ("unseen", [33.33, 3])):
        found = line(scored, "accuracy", "validation", which)
        assert found[["value", "rows"]].tolist() == expected
    unseen = evaluate(predicted("validation", {"v3": right}), dataset).scores("m")
    assert set(unseen["pairs"]) == {"all", "unseen"}


def test_models_of_the_same_rows_are_each_judged_by_their_own_predictions() -> None:
    """What is known of the rows is kept from model to model, in the order of each."""
    evaluator = Evaluator(split({}), resamples=20)
    assert points(evaluator.evaluate(VALIDATION))["validation"]["accuracy"] == 33.33
    right = predicted(
        "validation", {"v3": [0.0, 0.0, 1.0], "v1": [0.0, 1.0, 0.0], "v2": [1.0, 0.0, 0.0]}
    )
    for table in (right, right.iloc[::-1], right.head(1)):
        accuracy = line(evaluator.evaluate(table), "accuracy", "validation")
        assert accuracy[["value", "rows"]].tolist() == [100.0, len(table)]


def test_slices_of_a_model() -> None:
    slices = evaluate(VALIDATION, split({})).tables["slices", "validation"]
    assert slices["slice"].unique().tolist()[:3] == ["type_pair", "source", "sentence_length"]
    # three rows; v1 right: TP 1, FP 2, FN 1
    assert slices.loc[0, ["value", "rows", "micro_f1"]].tolist() == ["PER-POH", 3, 40.0]


def test_disagreements_by_part() -> None:
    """Members in the order of the table, although they come in another."""
    evaluator = Evaluator(split({"t1": None}), num_errors=2)
    table = pd.concat([VALIDATION, TEST])
    other = pd.concat([TEST, VALIDATION.iloc[::-1]])
    other.loc[other["guid"] == "v1", LABELS] = [1.0, 0.0, 0.0]
    found = evaluator.disagreements(table, {"bilstm": table, "bigru": other})
    assert list(found) == ["validation", "test"]
    validation = found["validation"]
    assert validation["guid"].tolist() == ["v1", "v2"]  # 2 of 3; the others do not differ
    assert validation.iloc[0][["actual", "ensemble", "bilstm", "bigru"]].tolist() == [
        "per:title", "per:title", "per:title", "no_relation"
    ]  # fmt: skip
    assert found["test"][["guid", "divergence"]].values.tolist() == [["t1", 0.0]]
    assert found["test"]["actual"].isna().all()


def test_members_that_predict_other_rows_are_refused() -> None:
    evaluator = Evaluator(split({"t1": None}))
    with pytest.raises(DataError, match="'bigru' and 'the ensemble' do not predict the same rows"):
        evaluator.disagreements(VALIDATION, {"bigru": TEST})


def test_suspected_labels_are_of_validation_rows() -> None:
    rows = {f"v{i}": ("no_relation", "per:title")[i % 2] for i in range(12)}
    dataset = Dataset(frame(rows), frame({"t1": "per:title"}), TASK)
    none, title = [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]
    shares = {guid: (none, title)[label == "per:title"] for guid, label in rows.items()}
    table = pd.concat([predicted("validation", {**shares, "v4": title}), TEST])
    assert Evaluator(dataset).suspected_labels(table)["guid"].tolist() == ["v4"]
    assert len(Evaluator(split({})).suspected_labels(NO_TEST)) == 0
