"""Plans of ablations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gwangye.errors import ParameterError
from gwangye.experiments.parameters import change_parameters
from gwangye.experiments.plan import Plan, slug
from gwangye.experiments.workbench import REMOVED
from gwangye.params import read_values

ROOT = Path(__file__).parents[2]
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
VALUES: dict[str, Any] = {
    "name": "small",
    "variant": "entity_start",
    "seeds": [1, 2],
    "base": {"train.num_train_epochs": 2},
    "factors": {
        "Loss": {"focal, gamma 2": {".loss.gamma": 2.0}},
        "ensemble": {"two": {"ensemble.members": ["entity_start", "bigru"]}},
    },
}


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump({**VALUES, **changes}), encoding="utf-8")
    return path


def test_runs_are_ordered_by_seed_and_named(tmp_path: Path) -> None:
    runs = Plan.read(write(tmp_path)).runs(read_values(PARAMS, ""))
    assert [(run.factor, run.alternative, run.seed, run.experiment.name) for run in runs] == [
        ("", "base", 1, "small-base-seed-1"),
        ("Loss", "focal, gamma 2", 1, "small-loss-focal-gamma-2-seed-1"),
        ("ensemble", "two", 1, "small-ensemble-two-seed-1"),
        ("", "base", 2, "small-base-seed-2"),
        ("Loss", "focal, gamma 2", 2, "small-loss-focal-gamma-2-seed-2"),
        ("ensemble", "two", 2, "small-ensemble-two-seed-2"),
    ]
    assert runs[1].experiment.message == "small: Loss focal, gamma 2, seed 1"


def test_only_the_variants_of_the_ensemble_are_kept(tmp_path: Path) -> None:
    base, focal, two, *_ = Plan.read(write(tmp_path)).runs(read_values(PARAMS, ""))
    assert base.experiment.changes == {
        "variants.bilstm": REMOVED,
        "variants.bigru": REMOVED,
        "ensemble.members": ["entity_start"],
        "train.num_train_epochs": 2,
        "variants.entity_start.seeds": [1],
    }
    assert focal.experiment.changes["variants.entity_start.loss.gamma"] == 2.0
    assert two.experiment.changes == {
        "variants.bilstm": REMOVED,
        "ensemble.members": ["entity_start", "bigru"],
        "train.num_train_epochs": 2,
        "variants.bigru.seeds": [1],
        "variants.entity_start.seeds": [1],
    }


def test_every_plan_that_ships_is_allowed() -> None:
    plans = sorted((ROOT / "experiments").glob("*.yaml"))
    assert ROOT / "experiments" / "ingredients.yaml" in plans
    for run in Plan.read(ROOT / "experiments" / "ingredients.yaml").runs(read_values(PARAMS, "")):
        change_parameters(PARAMS, run.experiment.changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factor": {}}, "key 'factor' is unknown. Did you mean 'factors'?"),
        ({"seeds": [1, 1]}, "seeds: a seed stands there twice (found: [1, 1])"),
        ({"seeds": []}, "seeds: List should have at least 1 item"),
        ({"factors": {"loss": {"none": {}}}}, "'loss: none' changes nothing"),
        (
            {"factors": {"a": {"b c": {"seed": 1}}, "a b": {"c": {"seed": 2}}}},
            "'a b: c' and 'a: b c' are both called 'a-b-c'",
        ),
    ],
)
def test_fault_is_told(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(ParameterError) as error:
        Plan.read(write(tmp_path, **changes))
    assert message in str(error.value)


def test_unknown_variant_is_told(tmp_path: Path) -> None:
    plan = Plan.read(write(tmp_path, variant="bilstn"))
    with pytest.raises(ParameterError, match="no variant 'bilstn'. Did you mean 'bilstm'?"):
        plan.runs(read_values(PARAMS, ""))


def test_missing_plan_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="none.yaml does not exist. experiments/ has plans"):
        Plan.read(tmp_path / "none.yaml")


def test_slug_is_a_name_for_git() -> None:
    assert slug("Loss focal (gamma 0.5)!") == "loss-focal-gamma-0-5"
