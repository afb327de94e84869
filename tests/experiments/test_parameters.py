"""Changing single parameters of params.yaml."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from gwangye.errors import ParameterError
from gwangye.experiments.parameters import REMOVED, change_parameters
from gwangye.params import read_values

TEXT = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "overrides"),
    [
        ({"loss.gamma": 2.0}, ["loss.gamma=2.0"]),
        ({"variants.bilstm.train.layer_decay": 0.9}, ["+variants.bilstm.train.layer_decay=0.9"]),
        (
            {"variants.bigru": REMOVED, "ensemble.members": ["bilstm"]},
            ["~variants.bigru", "ensemble.members=[bilstm]"],
        ),
    ],
    ids=["value", "new key", "removed"],
)
def test_the_text_is_that_of_dvc_exp_run(
    tmp_path: Path, changes: dict, overrides: list[str]
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(TEXT, encoding="utf-8")
    apply_overrides(path, overrides)
    assert change_parameters(TEXT, changes) == path.read_text(encoding="utf-8")


def test_only_the_changed_line_differs() -> None:
    assert change_parameters(TEXT, {}) == TEXT
    changed = change_parameters(TEXT, {"loss.gamma": 2.0})
    lines = list(difflib.unified_diff(TEXT.splitlines(), changed.splitlines(), lineterm="", n=0))
    assert [line.split("#")[0].rstrip() for line in lines[3:]] == ["-  gamma: 1.0", "+  gamma: 2.0"]


@pytest.mark.parametrize("rate", [1e-5, 5e-5, 2.5e-7, 0.0005, 1.0])
def test_number_stays_a_number(rate: float) -> None:
    text = change_parameters(TEXT, {"train.learning_rate": rate})
    found = read_values(text, "params.yaml")["train"]["learning_rate"]
    assert isinstance(found, float)
    assert found == rate


def test_sections_on_the_way_to_a_new_key_are_made() -> None:
    text = change_parameters(TEXT, {"variants.bilstm.augment.entity_mask.probability": 0.3})
    augment = read_values(text, "params.yaml")["variants"]["bilstm"]["augment"]
    assert augment == {"entity_mask": {"probability": 0.3}}


def test_value_takes_the_place_of_a_whole_section() -> None:
    changes = {"split.strategy": {"name": "stratified"}, "split.folds": [0, 10]}
    text = change_parameters(TEXT, {"split.num_repeats": 2, **changes})
    split = read_values(text, "params.yaml")["split"]
    assert split["strategy"] == {"name": "stratified"}
    assert split["folds"] == [0, 10]


def test_changes_are_left_as_they_were() -> None:
    """A later change goes into the text, not into the value of an earlier one."""
    changes = {"losses.mild": {"name": "focal"}, "losses.mild.gamma": 0.5}
    text = change_parameters(TEXT, changes)
    assert read_values(text, "params.yaml")["losses"]["mild"] == {"name": "focal", "gamma": 0.5}
    assert changes["losses.mild"] == {"name": "focal"}


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
