"""What scores should hold for: counted, given or estimated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.evaluation.targets import (
    Target,
    TargetOptions,
    describe_target,
    estimate_labels,
    read_label_shares,
    with_known,
)
from gwangye.examples import Dataset, Task
from gwangye.prediction.tables import prediction_table

LABELS = ["no_relation", "per:title"]


def frame(
    labels: list[str | None], object_types: list[str], sources: list[str | None]
) -> pd.DataFrame:
    rows = len(labels)
    return pd.DataFrame(
        {
            "guid": [f"g{i}" for i in range(rows)],
            "sentence": [f"문장 {i}" for i in range(rows)],
            "subject_word": "가",
            "subject_type": "PER",
            "object_word": "나",
            "object_type": object_types,
            "label": pd.Series(labels, dtype="object"),
            "source": pd.Series(sources, dtype="object"),
            "fold": 0,
        }
    )


TRAIN = frame(
    ["no_relation", "per:title", "per:title", "no_relation"],
    ["POH", "POH", "ORG", "ORG"],
    ["a", "b", "a", None],
)
TEST = frame(
    ["no_relation", "no_relation", "no_relation", "per:title"],
    ["POH", "POH", "POH", "ORG"],
    ["a", "a", None, "b"],
)


def split(test: pd.DataFrame = TEST) -> Dataset:
    return Dataset(TRAIN, test, Task(LABELS, "no_relation", ["PER", "POH", "ORG"]))


UNLABELLED = TEST.assign(label=None)


def test_target_is_counted_in_the_test_file() -> None:
    options = TargetOptions(match=["type_pair", "source"])
    target = describe_target(options, split(), {})
    assert target.labels == {"no_relation": 0.75, "per:title": 0.25}
    assert target.margins == {
        "type_pair": {"PER-POH": 3, "PER-ORG": 1},
        "source": {"a": 2, "(unknown)": 1, "b": 1},
    }
    assert target.method == "labels of the test file"


def test_unlabelled_test_file_has_types_only() -> None:
    target = describe_target(TargetOptions(), split(UNLABELLED), {})
    assert (target.labels, target.method) == (None, "not matched: the test file has no labels")
    assert target.margins == {"type_pair": {"PER-POH": 3, "PER-ORG": 1}}


def test_no_test_file_and_no_labels_say_nothing() -> None:
    target = describe_target(TargetOptions(), split(TEST.head(0)), {})
    assert target.margins == {}
    assert target.labels is None
    assert target.weigh(TRAIN, split()) is None


def test_labels_need_not_be_matched() -> None:
    target = describe_target(TargetOptions(labels=None, match=[]), split(), {})
    assert (target.labels, target.margins) == (None, {})


def test_given_labels_hold_without_a_test_file(tmp_path: Path) -> None:
    (tmp_path / "shares.json").write_text('{"no_relation": 3, "per:title": 1}', encoding="utf-8")
    options = TargetOptions(labels=str(tmp_path / "shares.json"))
    target = describe_target(options, split(TEST.head(0)), {})
    assert target.labels == {"no_relation": 0.75, "per:title": 0.25}
    assert target.method == f"given by {tmp_path / 'shares.json'}"


def test_weights_by_hand() -> None:
    """Of two rows each, no_relation is to be 3/4: weights 3/2 and 1/2."""
    raking = Target({"no_relation": 0.75, "per:title": 0.25}, "x", {}).weigh(TRAIN, split())
    assert raking is not None
    assert raking.weights.tolist() == pytest.approx([1.5, 0.5, 0.5, 1.5])


def test_weights_to_labels_and_types_together() -> None:
    # labels and types are independent in TRAIN: each weight is the product of its factors
    target = Target(
        {"no_relation": 0.75, "per:title": 0.25}, "x", {"type_pair": {"PER-POH": 3, "PER-ORG": 1}}
    )
    raking = target.weigh(TRAIN, split())
    assert raking is not None
    assert raking.weights.tolist() == pytest.approx([2.25, 0.75, 0.25, 0.75])


def test_rows_are_weighted_to_the_entities_that_training_knows() -> None:
    """Of the validation rows 3 know both entities and 1 neither; of the test rows 1 of 2 does.

    So the three weigh 4 · 1/2 / 3 = 2/3 each, the one 4 · 1/2 = 2.
    """
    train = TRAIN.assign(
        subject_word=["가", "가", "나", "다"],
        object_word=["나", "나", "가", "라"],
        fold=[0, 1, 2, 3],
    )
    test = TEST.head(2).assign(subject_word=["가", "하"], object_word=["나", "파"])
    dataset = Dataset(train, test, split().task)
    options = TargetOptions(labels=None, match=["known_entities"])
    target = describe_target(options, dataset, {})
    assert target.margins == {"known_entities": {"both": 1, "neither": 1}}
    raking = target.weigh(train, dataset)
    assert raking is not None
    assert raking.weights.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])


def test_written_and_read_back(tmp_path: Path) -> None:
    target = describe_target(TargetOptions(), split(), {})
    (tmp_path / "target.json").write_text(json.dumps(target.to_dict()), encoding="utf-8")
    assert Target.read(tmp_path / "target.json") == target


def test_missing_target() -> None:
    with pytest.raises(DataError, match=r"target.json does not exist. Run `dvc repro target`"):
        Target.read(Path("target.json"))


def predictions(num_test: int) -> pd.DataFrame:
    """A model that is right in 9 of 10 rows, on 40 validation rows and a target of mostly none."""
    none, title = [0.9, 0.1], [0.1, 0.9]
    validation = [none] * 18 + [title] * 2 + [title] * 18 + [none] * 2
    test = [none] * (num_test * 3 // 4) + [title] * (num_test // 4)
    parts = (("validation", "v", validation), ("test", "t", test))
    return pd.concat(
        prediction_table(
            [f"{letter}{i}" for i in range(len(rows))], part, np.reshape(rows, (-1, 2)), LABELS
        )
        for part, letter, rows in parts
    )


def validation_split() -> Dataset:
    labels = ["no_relation"] * 20 + ["per:title"] * 20
    train = frame(list(labels), ["POH"] * 40, ["a"] * 40)
    train["guid"] = [f"v{i}" for i in range(40)]
    return Dataset(train, TEST, Task(LABELS, "no_relation", ["PER", "POH"]))


def test_labels_are_estimated_from_predictions() -> None:
    # predicted none: 3/4 = 0.9·q + 0.1·(1 - q), so q = 0.65/0.8
    dataset = validation_split()
    estimates = estimate_labels(predictions(400), dataset, resamples=20, seed=1)
    assert list(estimates) == ["em", "bbse_soft", "bbse_hard"]
    assert estimates["bbse_hard"].shares[0] == pytest.approx(0.8125, abs=1e-3)
    target = describe_target(TargetOptions(labels="bbse"), dataset, estimates)
    assert target.labels is not None
    assert target.labels["no_relation"] == pytest.approx(estimates["bbse_soft"].shares[0])
    assert target.method == "estimated by bbse"


def test_nothing_to_estimate_from() -> None:
    assert estimate_labels(predictions(0), validation_split(), resamples=20, seed=1) == {}
    with pytest.raises(ParameterError, match="target.labels: em needs predicted validation and te"):
        describe_target(TargetOptions(labels="em"), split(), {})


def test_filled_sheet_gives_the_labels(tmp_path: Path) -> None:
    text = "guid,label\na,no_relation\nb,no_relation\nc,per:title\nd,\n"
    (tmp_path / "sheet.csv").write_text(text, encoding="utf-8")
    shares = read_label_shares(tmp_path / "sheet.csv", LABELS)
    assert shares == pytest.approx({"no_relation": 2 / 3, "per:title": 1 / 3})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "x.json",
            '{"per:titel": 1}',
            "there is no relation 'per:titel'. Did you mean 'per",
        ),
        ("x.json", "{", "x.json is not JSON: .*target.labels wants"),
        ("x.json", "[1, 2]", "not JSON of the form {relation: share}"),
        ("x.json", '{"per:title": "many"}', "not JSON of the form {relation: share}"),
        (
            "x.json",
            '{"per:title": -1, "no_relation": 2}',
            "shares must be finite, at least",
        ),
        ("x.json", '{"per:title": 0}', "shares must be finite, at least 0 and not all 0"),
        ("x.csv", "guid,relation\na,b\n", "a labelling sheet has a column 'label'"),
        ("x.csv", "guid,label\na,b\n", "label 'b' is not one of the 2 relations"),
    ],
)
def test_label_file_with_a_fault(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_label_shares(tmp_path / name, LABELS)


def test_label_file_that_does_not_exist() -> None:
    message = "target.labels: bbsee does not exist. Allowed: test, em, bbse, null, a JSON file"
    with pytest.raises(DataError, match=message):
        describe_target(TargetOptions(labels="bbsee"), split(), {})


def test_known_shares_are_kept_by_every_estimate() -> None:
    dataset = validation_split()
    known = {"no_relation": 0.6}
    found = estimate_labels(predictions(400), dataset, resamples=5, seed=1, known=known)
    assert [e.shares[0] for e in found.values()] == [0.6, 0.6, 0.6]
    assert [e.shares.sum() for e in found.values()] == pytest.approx([1, 1, 1])


def test_a_known_share_of_no_relation_names_the_parameter() -> None:
    with pytest.raises(ParameterError, match=r"target\.known: no relation 'no_relatio'\. Did you"):
        estimate_labels(
            predictions(400), validation_split(), resamples=5, seed=1, known={"no_relatio": 0.6}
        )


def test_known_shares_are_kept_and_a_given_distribution_shares_the_rest(tmp_path: Path) -> None:
    """A sheet of 3 to 1 to 1; .5 is known of the first, so the others have .25 each."""
    relations = ["no_relation", "per:title", "org:product"]
    given = {"no_relation": 0.6, "per:title": 0.2, "org:product": 0.2}
    found = with_known(given, {"no_relation": 0.5}, relations)
    assert found == pytest.approx({"no_relation": 0.5, "per:title": 0.25, "org:product": 0.25})
    # of a relation that is not in the sheet
    found = with_known({"no_relation": 0.75, "per:title": 0.25}, {"org:product": 0.2}, relations)
    assert found == pytest.approx({"no_relation": 0.6, "per:title": 0.2, "org:product": 0.2})
    assert with_known(given, {}, relations) == pytest.approx(given)
    all_known = {"no_relation": 0.5, "per:title": 0.5}
    assert with_known(given, all_known, relations) == {**all_known, "org:product": 0}

    path = tmp_path / "counts.json"
    path.write_text('{"no_relation": 30, "per:title": 10}', encoding="utf-8")
    options = TargetOptions(labels=str(path), known={"no_relation": 0.5})
    target = describe_target(options, split(), {})
    assert target.labels == pytest.approx({"no_relation": 0.5, "per:title": 0.5})
    assert target.method == f"given by {path}; 1 shares known"


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"per:title": 0.9, "no_relation": 0.2}, "target.known: the shares sum to 1.1. Allowed"),
        ({"no_relation": 0.5}, "target.known: the shares sum to 0.5, and no other relation is giv"),
        ({"title": 0.5}, "target.known: no relation 'title'. Did you mean 'per:title'"),
    ],
)
def test_known_shares_that_contradict_the_given_ones(known: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        with_known({"no_relation": 1.0}, known, LABELS)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(None, None), ("test", None), ("em", None), ("bbse", None), ("x.csv", Path("x.csv"))],
)
def test_labels_that_are_given_by_a_file(labels: str | None, expected: Path | None) -> None:
    assert TargetOptions(labels=labels).labels_file == expected
