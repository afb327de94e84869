"""Changing single parameters of params.yaml."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from gwangye.errors import ParameterError
from gwangye.experiments.parameters import REMOVED, change_parameters
from gwangye.params import read_values

TEXT = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")


def difference(changes: dict) -> list[str]:
    """The lines that are gone and new."""
    new = change_parameters(TEXT, changes)
    lines = difflib.unified_diff(TEXT.splitlines(), new.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_nothing_changed_is_the_same_text() -> None:
    assert change_parameters(TEXT, {}) == TEXT


def test_only_the_changed_line_differs() -> None:
    assert difference({"loss.gamma": 2.0}) == ["-  gamma: 1.0", "+  gamma: 2.0"]


@pytest.mark.parametrize("rate", [1e-5, 5e-5, 2.5e-7, 0.0005, 1.0])
def test_number_stays_a_number(rate: float) -> None:
    text = change_parameters(TEXT, {"train.learning_rate": rate})
    found = read_values(text, "params.yaml")["train"]["learning_rate"]
    assert isinstance(found, float)
    assert found == rate


def test_sections_on_the_way_to_a_new_key_are_made() -> None:
    assert difference({"variants.bilstm.augment.entity_mask.probability": 0.3}) == [
        "-    augment: {}",
        "+    augment:",
        "+      entity_mask:",
        "+        probability: 0.3",
    ]


def test_comments_outlive_what_they_stand_behind() -> None:
    """The heading of the section `ensemble` stands behind the last variant's last line."""
    lines = difference(
        {
            "variants.bilstm": REMOVED,
            "variants.bigru": REMOVED,
            "ensemble.members": ["entity_start"],
            "split.folds": [0, 10],
            "split.num_repeats": 2,
            "target.match": [],
        }
    )
    assert not [line for line in lines if "#" in line]
    assert "+    - 10" in lines
    assert "-  bigru:" in lines


def test_value_takes_the_place_of_a_whole_section() -> None:
    text = change_parameters(TEXT, {"split.strategy": {"name": "stratified"}})
    assert read_values(text, "params.yaml")["split"]["strategy"] == {"name": "stratified"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss.gama": 1}, "loss.gama is unknown. Did you mean 'gamma'?"),
        ({"seeed": 1}, "key 'seeed' is unknown. Did you mean 'seed'?"),
        ({"train.learning_rate": -1.0}, "train.learning_rate"),
        ({"seed.x": 1}, "seed.x: seed is no section of parameters"),
        ({"split.folds.0": 1}, "split.folds is no section of parameters. A list is given as a"),
        ({"loss.gama": REMOVED}, "loss.gama cannot be removed: there is none. Did you mean 'gam"),
        ({"nothing.at.all": REMOVED}, "nothing is no section of parameters"),
        ({"variants.bilstm": REMOVED}, "ensemble.members: 'bilstm' is not a variant"),
    ],
)
def test_fault_is_told(changes: dict, message: str) -> None:
    with pytest.raises(ParameterError) as error:
        change_parameters(TEXT, changes)
    assert message in str(error.value)


def test_new_key_comes_last_in_its_section_and_before_the_next_comment() -> None:
    new = change_parameters(TEXT, {"losses.mild.name": "focal", "losses.mild.gamma": 0.5})
    before, after = new.split("  mild:\n    name: focal\n    gamma: 0.5\n")
    assert before.endswith("    class_weights: effective_number\n")
    assert after.startswith("\n# Hugging Face TrainingArguments under their own names")
    assert before + after == TEXT
