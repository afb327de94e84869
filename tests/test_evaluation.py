from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwangye.analysis import confident_errors, confusions, kinds_of_error
from gwangye.dataset import Dataset, Task
from gwangye.errors import DataError
from gwangye.evaluation import evaluate
from gwangye.predictions import prediction_table

LABELS = ["no_relation", "per:title", "org:product"]
TASK = Task(LABELS, "no_relation", ["PER"])


def frame(rows: dict[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "guid": list(rows),
            "sentence": [f"문장 {guid}" for guid in rows],
            "subject_word": "한서연",
            "object_word": "대표",
            "label": pd.Series(list(rows.values()), dtype="object"),
        }
    )


TRAIN = frame({"v1": "per:title", "v2": "no_relation", "v3": "org:product", "x": "per:title"})
VALIDATION = prediction_table(
    ["v3", "v1", "v2"],  # another order than the split's, and not every row of it
    "validation",
    np.array([[0.1, 0.6, 0.3], [0.1, 0.8, 0.1], [0.05, 0.9, 0.05]]),
    LABELS,
)
TEST = prediction_table(["t1"], "test", np.array([[0.8, 0.1, 0.1]]), LABELS)


def both(test: pd.DataFrame) -> Dataset:
    return Dataset(TRAIN, test, TASK)


def test_scores_by_part() -> None:
    table = pd.concat([VALIDATION, TEST])
    result = evaluate(table, both(frame({"t1": "no_relation"})), num_errors=9)
    # validation: v1 right; v2 a false positive; v3 wrong: TP 1, FP 2, FN 1 → 2/5
    assert result.metrics["validation"]["micro_f1"] == 40.0
    assert result.metrics["validation"]["accuracy"] == 33.33
    assert result.metrics["test"]["accuracy"] == 100.0
    assert result.parts["validation"].counts == {
        "rows": 3, "absent_relations": 0, "correct": 1, "relation_for_none": 1,
        "none_for_relation": 0, "wrong_relation": 1,
    }  # fmt: skip


def test_unlabelled_test_rows_have_no_scores() -> None:
    table = pd.concat([VALIDATION, TEST])
    assert list(evaluate(table, both(frame({"t1": None})), num_errors=9).metrics) == ["validation"]


def test_no_test_file() -> None:
    assert list(evaluate(VALIDATION, both(frame({})), num_errors=9).metrics) == ["validation"]


def test_row_of_another_split_is_refused() -> None:
    stranger = prediction_table(["q"], "validation", np.array([[1.0, 0.0, 0.0]]), LABELS)
    with pytest.raises(DataError, match="1 predicted validation rows are not in the split, first"):
        evaluate(stranger, both(frame({})), num_errors=9)


def test_tables_are_written(tmp_path: Path) -> None:
    evaluate(VALIDATION, both(frame({})), num_errors=9).write_tables(tmp_path, "bigru")
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv")}
    assert names == {f"{t}/bigru_validation.csv" for t in ("confusions", "errors", "per_relation")}
    errors = pd.read_csv(tmp_path / "errors" / "bigru_validation.csv")
    assert errors["guid"].tolist() == ["v2", "v3"]
    assert errors["actual"].tolist() == ["no_relation", "org:product"]
    assert errors["sentence"].tolist() == ["문장 v2", "문장 v3"]


def test_most_confident_errors_come_first_and_are_limited() -> None:
    probabilities = VALIDATION[LABELS].to_numpy()
    examples = TRAIN.set_index("guid", drop=False).loc[VALIDATION["guid"]]
    errors = confident_errors(examples, probabilities, LABELS, 1)
    assert errors["guid"].tolist() == ["v2"]
    assert errors["confidence"].tolist() == pytest.approx([0.9])
    assert errors["probability_of_actual"].tolist() == pytest.approx([0.05])


def test_axes_of_the_confusion_matrix_are_in_label_order() -> None:
    """Unordered axes are a frequent mistake; DVC draws the axes as the rows come."""
    table = confusions(np.array([2, 0, 1, 0]), np.array([1, 2, 1, 0]), LABELS)
    assert table["actual"].tolist() == ["no_relation", "no_relation", "per:title", "org:product"]
    assert table["predicted"].tolist() == ["no_relation", "org:product", "per:title", "per:title"]


def test_kinds_of_error() -> None:
    true, predicted = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 2, 2])
    assert kinds_of_error(true, predicted, LABELS, "no_relation") == {
        "correct": 2, "relation_for_none": 1, "none_for_relation": 1, "wrong_relation": 1,
    }  # fmt: skip
    assert kinds_of_error(true, predicted, LABELS, None)["wrong_relation"] == 3
