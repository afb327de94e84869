from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwangye.errors import ParameterError
from gwangye.experiments.parameters import REMOVED, change_parameters
from gwangye.experiments.sweep_plan import load_plan
from gwangye.params import Params, read_values

ROOT = Path(__file__).parents[2]
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
RANGE = {"low": 1e-6, "high": 1e-2, "log": True}


def check(folder: Path, **changes: Any) -> None:
    """Check a plan that is right but for some changes; a key that is None is left out."""
    plan = {
        "name": "rate",
        "variant": "bilstm",
        "search": {"name": "tpe", "trials": 5},
        "space": {"train.learning_rate": RANGE},
        **changes,
    }
    text = yaml.safe_dump({key: value for key, value in plan.items() if value is not None})
    (folder / "plan.yaml").write_text(text, encoding="utf-8")
    load_plan(folder / "plan.yaml").check(PARAMS)


def test_shipped_plan_holds_numbers_and_goes_with_the_parameters() -> None:
    plan = load_plan(ROOT / "experiments" / "learning_rate.yaml")
    plan.check(PARAMS)
    # PyYAML reads 5e-4 as text
    assert plan.grid() == {
        "learning-rate-5e-4": {"train.learning_rate": 0.0005},
        "learning-rate-5e-5": {"train.learning_rate": 0.00005},
        "learning-rate-5e-6": {"train.learning_rate": 0.000005},
    }


def test_plans_of_the_documentation_go_with_the_parameters(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    plans = re.findall(r"```yaml\n(.*?)```", page, re.S)
    assert len(plans) == 3
    for text in plans:
        (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
        load_plan(tmp_path / "plan.yaml").check(PARAMS)


def test_trial_changes_base_and_values_of_one_variant(tmp_path: Path) -> None:
    check(tmp_path, base={"train.num_train_epochs": 1})
    plan = load_plan(tmp_path / "plan.yaml")
    changes = plan.changes({"train.learning_rate": 0.01}, ["entity_start", "bilstm"])
    assert changes == {
        "variants.entity_start": REMOVED,
        "ensemble": {"name": "soft", "members": ["bilstm"]},
        "train.num_train_epochs": 1,
        "train.learning_rate": 0.01,
    }


@pytest.mark.parametrize(
    ("name", "number"), [("rate-12", 12), ("rate-1-2", None), ("rate-x", None), ("rat-1", None)]
)
def test_number_of_a_drawn_trial(tmp_path: Path, name: str, number: int | None) -> None:
    check(tmp_path)
    assert load_plan(tmp_path / "plan.yaml").number(name) == number


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"spcae": {}}, "key 'spcae' is unknown. Did you mean 'space'?"),
    ({"name": "a_b"}, r"plan.yaml.name: .*pattern.*\(found: 'a_b'\)"),
    ({"variant": None}, "plan.yaml.variant: Field required"),
    ({"variant": "bilstn"}, "params.yaml has no variant 'bilstn'. Did you mean 'bilstm'?"),
    ({"search": {"name": "tpr"}}, "search.name: search 'tpr' is unknown. Did you mean 'tpe'?"),
    ({"search": {"name": "tpe"}}, "search.trials: Field required"),
    ({"search": {"name": "tpe", "trials": 0}}, "search.trials: .*greater than or equal to 1"),
    ({"search": {"name": "grid"}}, "space.train.learning_rate: a grid needs a list of values"),
    ({"space": {}}, "plan.yaml.space: .*at least 1"),
    ({"space": {"train.learning_rate": []}}, "space.train.learning_rate.values: .*at least 1"),
    ({"space": {"train.learning_rate": 5}}, "space.train.learning_rate.values: .*valid list"),
    (
        {"space": {"train.learning_rate": {"low": 2, "high": 1}}},
        "space.train.learning_rate.range: low 2 is not below high 1",
    ),
    ({"space": {"train.learning_rat": RANGE}}, "with train.learning_rat: 1e-06: .*learning_rate"),
    ({"space": {"train.warmup_steps": [0.1, -1]}}, "with train.warmup_steps: -1: "),
    ({"space": {"variants": [{}]}}, "variants: a sweep trains one variant"),
    ({"base": {"ensemble": {}}}, "ensemble: a sweep trains one variant"),
    ({"base": {"train.learning_rate": 1}}, "space.train.learning_rate is set by base.train.lear"),
    ({"base": {"train": {}}}, "space.train.learning_rate is set by base.train too"),
    (
        {"base": {"variants.bilstm.train.learning_rate": 1e-4}},
        "space.train.learning_rate changes nothing for variant 'bilstm'",
    ),
    ({"objective": "test.micro_f1"}, "would make the test scores worthless; use validation.micro"),
    ({"objective": "validation.micro_f"}, "no such score. Did you mean 'validation.micro_f1'?"),
    ({"direction": "max"}, "plan.yaml.direction: .*'maximize' or 'minimize'"),
    ({"pruning": {"name": "medain"}}, "pruning.name: .*Did you mean 'median'?"),
    ({"pruning": {"name": "hyperband", "reduction_factor": 1}}, "pruning.reduction_factor: "),
    (
        {"pruning": {"name": "median"}, "objective": "validation.ece", "direction": "minimize"},
        "pruning: training does not evaluate ece",
    ),
]


@pytest.mark.parametrize(("changes", "fault"), FAULTS, ids=[fault[:40] for _, fault in FAULTS])
def test_fault_of_a_plan_is_told(tmp_path: Path, changes: dict, fault: str) -> None:
    with pytest.raises(ParameterError, match=fault):
        check(tmp_path, **changes)


def test_missing_plan_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="does not exist. A plan is, e.g., experiments/"):
        load_plan(tmp_path / "plan.yaml")


def test_parameter_that_the_file_does_not_name_is_searched(tmp_path: Path) -> None:
    path = "variants.bilstm.train.layer_decay"
    check(tmp_path, space={path: [0.8, 0.9]})
    plan = load_plan(tmp_path / "plan.yaml")
    text = change_parameters(PARAMS, plan.changes({path: 0.9}, ["entity_start", "bilstm", "bigru"]))
    params = Params.from_mapping(read_values(text, "params.yaml"))
    assert params.variant("bilstm").train["layer_decay"] == 0.9
    assert list(params.variants) == ["bilstm"]
