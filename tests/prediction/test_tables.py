from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.prediction.tables import (
    check_once,
    mean_by_row,
    prediction_table,
    read_member,
    read_predictions,
    stack,
    submission,
    write_predictions,
)

LABELS = ["no_relation", "per:title"]


def table() -> pd.DataFrame:
    """One validation row, two test rows; the probabilities are exact in binary."""
    validation = prediction_table(["a"], "validation", np.array([[0.25, 0.75]]), LABELS)
    test = prediction_table(["b", "c"], "test", np.array([[0.5, 0.5], [0.125, 0.875]]), LABELS)
    return pd.concat([validation, test], ignore_index=True)


def test_written_and_read_back(tmp_path: Path) -> None:
    write_predictions(table(), tmp_path / "deep" / "x.parquet")
    again = read_predictions(tmp_path / "deep" / "x.parquet", LABELS)
    assert list(again.columns) == ["guid", "part", "no_relation", "per:title"]
    assert again["guid"].tolist() == ["a", "b", "c"]
    assert again["part"].tolist() == ["validation", "test", "test"]
    assert again["per:title"].tolist() == [0.75, 0.5, 0.875]
    assert again["per:title"].dtype == "float32"


@pytest.mark.parametrize("part", ["validation", "test"])
def test_no_rows_make_an_empty_table(tmp_path: Path, part: str) -> None:
    empty = prediction_table([], part, np.zeros((0, 2)), LABELS)
    assert list(empty.columns) == ["guid", "part", *LABELS]
    assert len(empty) == 0
    write_predictions(empty, tmp_path / "x.parquet")
    assert len(read_predictions(tmp_path / "x.parquet", LABELS)) == 0


def test_one_row_of_probabilities_per_guid() -> None:
    """Put side by side, the second row would have missing values."""
    with pytest.raises(ValueError, match=r"passed values is \(1, 2\), indices imply \(2, 2\)"):
        prediction_table(["a", "b"], "test", np.array([[0.5, 0.5]]), LABELS)


def test_missing_file_says_what_to_run(tmp_path: Path) -> None:
    message = "x.parquet does not exist. Run `dvc repro`, which predicts."
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "x.parquet", LABELS)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["no_relation", "per:titel"], r"they differ: \['per:titel', 'per:title'\]. Run `dvc rep"),
        (["no_relation"], r"they differ: \['per:title'\]. Run `dvc repro`"),
        # a mistake of public code: read by position, no_relation would be per:title
        (["per:title", "no_relation"], "they differ: only in their order. Run `dvc repro`"),
    ],
)
def test_other_relations_are_refused(tmp_path: Path, labels: list[str], message: str) -> None:
    write_predictions(table(), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "x.parquet", labels)


def test_members_in_another_order_are_lined_up() -> None:
    other = table().iloc[[2, 0, 1]].reset_index(drop=True)
    other["per:title"] = [0.1, 0.2, 0.3]  # of c, a, b
    stacked = stack({"x": table(), "y": other}, LABELS)
    assert stacked.guids == ["a", "b", "c"]
    assert stacked.parts == ["validation", "test", "test"]
    assert stacked.probabilities.shape == (2, 3, 2)
    np.testing.assert_allclose(stacked.probabilities[0, :, 1], [0.75, 0.5, 0.875])
    np.testing.assert_allclose(stacked.probabilities[1, :, 1], [0.2, 0.3, 0.1])


def test_columns_are_taken_by_name() -> None:
    other = table()[["part", "per:title", "guid", "no_relation"]]
    stacked = stack({"x": table(), "y": other}, LABELS)
    np.testing.assert_array_equal(stacked.probabilities[1], stacked.probabilities[0])


def changed(**values: list[str]) -> pd.DataFrame:
    return table().assign(**values)


MISALIGNED = {
    "another row": (changed(guid=["a", "b", "z"]), "2 differ, first ('test', 'c')"),
    "another part": (
        changed(part=["test", "test", "test"]),
        "2 differ, first ('test', 'a')",
    ),
    "one row less": (table().head(2), "1 differ, first ('test', 'c')"),
}


@pytest.mark.parametrize(("other", "message"), MISALIGNED.values(), ids=list(MISALIGNED))
def test_members_that_predict_other_rows(other: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError) as caught:
        stack({"x": table(), "y": other}, LABELS)
    assert str(caught.value) == (
        f"'y' and 'x' do not predict the same rows: {message}. "
        "Run `dvc repro` so that both are of the same split."
    )


@pytest.mark.parametrize("twice", ["x", "y"])
def test_member_that_predicts_a_row_twice(twice: str) -> None:
    members = {"x": table(), "y": table()}
    members[twice] = pd.concat([table(), table().tail(1)])
    with pytest.raises(DataError, match=rf"'{twice}' holds 1 rows a second time, first 'c' \(test"):
        stack(members, LABELS)


def test_one_guid_may_stand_in_both_parts() -> None:
    """Labelled and test file are named apart by their owner or not at all."""
    check_once(changed(guid=["b", "b", "c"]), "x")
    with pytest.raises(DataError, match=r"x holds 1 rows a second time, first 'b' \(test\). Run"):
        check_once(changed(guid=["a", "b", "b"]), "x")


def test_no_member() -> None:
    with pytest.raises(ParameterError, match="ensemble.members names no variant. Name one or more"):
        stack({}, LABELS)


def test_submission() -> None:
    rows = submission(table(), LABELS)
    assert rows.to_csv(index=False).splitlines() == [
        "id,pred_label,probs",
        'b,no_relation,"[0.500000, 0.500000]"',
        'c,per:title,"[0.125000, 0.875000]"',
    ]


def test_submission_without_test_rows_has_its_header() -> None:
    validation = table().head(1)
    assert submission(validation, LABELS).to_csv(index=False) == "id,pred_label,probs\n"


def of_seeds() -> pd.DataFrame:
    """Two seeds; the probabilities are exact in binary."""
    first, second = table(), table()
    second[LABELS] = [[0.75, 0.25], [0.5, 0.5], [0.375, 0.625]]
    for frame, seed in ((first, 1), (second, 20)):
        frame.insert(2, "seed", seed)
    return pd.concat([first, second], ignore_index=True)


def test_several_seeds_are_read_as_their_mean(tmp_path: Path) -> None:
    write_predictions(of_seeds(), tmp_path / "x.parquet")
    mean = read_predictions(tmp_path / "x.parquet", LABELS)
    assert list(mean.columns) == ["guid", "part", *LABELS]
    assert mean["guid"].tolist() == ["a", "b", "c"]
    assert mean["part"].tolist() == ["validation", "test", "test"]
    assert mean["per:title"].tolist() == [0.5, 0.5, 0.75]
    assert mean["per:title"].dtype == "float32"


def test_member_may_be_a_seed(tmp_path: Path) -> None:
    write_predictions(of_seeds(), tmp_path / "predictions" / "x.parquet")
    assert read_member(tmp_path, "x/20", LABELS)["per:title"].tolist() == [0.25, 0.5, 0.625]
    assert read_member(tmp_path, "x/1", LABELS)["per:title"].tolist() == [0.75, 0.5, 0.875]
    assert read_member(tmp_path, "x", LABELS)["per:title"].tolist() == [0.5, 0.5, 0.75]


@pytest.mark.parametrize(("frame", "held"), [(of_seeds(), r"\[1, 20\]"), (table(), "a single one")])
def test_seed_that_was_not_trained(tmp_path: Path, frame: pd.DataFrame, held: str) -> None:
    write_predictions(frame, tmp_path / "x.parquet")
    message = f"x.parquet holds no predictions of seed 2; it holds {held}. Run `dvc repro`"
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "x.parquet", LABELS, seed=2)


def test_mean_by_row_keeps_single_rows_to_the_last_digit() -> None:
    single = prediction_table(["a", "b"], "test", np.array([[0.1, 0.9], [0.3, 0.7]]), LABELS)
    pd.testing.assert_frame_equal(mean_by_row(single), single)
