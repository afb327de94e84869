"""Plans of ablations and sweeps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwangye.errors import ParameterError
from gwangye.experiments.parameters import REMOVED, change_parameters
from gwangye.experiments.plan import Plan, slug
from gwangye.experiments.plan_check import check_sweep
from gwangye.params import Params, read_values

ROOT = Path(__file__).parents[2]
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
PLANS = sorted((ROOT / "experiments").glob("*.yaml"))
RANGE = {"low": 1e-6, "high": 1e-2, "log": True}
FACTORS: dict[str, Any] = {
    "name": "small",
    "variant": "entity_start",
    "seeds": [1, 2],
    "base": {"train.num_train_epochs": 2},
    "factors": {
        "Loss": {"focal, gamma 2": {".loss.gamma": 2.0}},
        "ensemble": {"two": {"ensemble.members": ["entity_start", "bigru"]}},
    },
}
SPACE: dict[str, Any] = {
    "name": "rate",
    "variant": "bilstm",
    "search": {"name": "tpe", "trials": 5},
    "space": {"train.learning_rate": RANGE},
}


def write(folder: Path, plan: dict[str, Any], **changes: Any) -> Path:
    """Write a plan that is right but for some changes; a key that is None is left out."""
    values = {key: value for key, value in {**plan, **changes}.items() if value is not None}
    (folder / "plan.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return folder / "plan.yaml"


def check(folder: Path, **changes: Any) -> Plan:
    """Read and check a sweep."""
    plan = Plan.read(write(folder, SPACE, **changes), "space")
    check_sweep(plan, PARAMS)
    return plan


def test_runs_are_ordered_by_seed_and_named(tmp_path: Path) -> None:
    runs = Plan.read(write(tmp_path, FACTORS), "factors").runs(PARAMS)
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
    base, focal, two, *_ = Plan.read(write(tmp_path, FACTORS), "factors").runs(PARAMS)
    assert base.experiment.changes == {
        "variants.bilstm": REMOVED,
        "variants.bigru": REMOVED,
        "ensemble.name": "soft",
        "ensemble.members": ["entity_start"],
        "train.num_train_epochs": 2,
        "variants.entity_start.seeds": [1],
    }
    assert focal.experiment.changes["variants.entity_start.loss.gamma"] == 2.0
    assert two.experiment.changes == {
        "variants.bilstm": REMOVED,
        "ensemble.name": "soft",
        "ensemble.members": ["entity_start", "bigru"],
        "train.num_train_epochs": 2,
        "variants.bigru.seeds": [1],
        "variants.entity_start.seeds": [1],
    }


def test_trial_changes_base_and_values_of_one_variant(tmp_path: Path) -> None:
    plan = check(tmp_path, base={".train.num_train_epochs": 1}, seeds=[1, 2])
    trial = plan.trial("rate-0", {"train.learning_rate": 0.01}, PARAMS)
    assert trial.name == "rate-0"
    assert trial.message == "rate: train.learning_rate=0.01"
    assert trial.changes == {
        "variants.entity_start": REMOVED,
        "variants.bigru": REMOVED,
        "ensemble.name": "soft",
        "ensemble.members": ["bilstm"],
        "variants.bilstm.train.num_train_epochs": 1,
        "train.learning_rate": 0.01,
        "variants.bilstm.seeds": [1, 2],
    }


@pytest.mark.parametrize("path", PLANS, ids=[path.stem for path in PLANS])
def test_every_plan_that_ships_is_allowed(path: Path) -> None:
    if "factors" in yaml.safe_load(path.read_text(encoding="utf-8")):
        plan = Plan.read(path, "factors").model_copy(update={"seeds": [1]})
        for run in plan.runs(PARAMS):
            change_parameters(PARAMS, run.experiment.changes)
    else:
        check_sweep(Plan.read(path, "space"), PARAMS)


def test_shipped_sweep_holds_numbers() -> None:
    """PyYAML reads 5e-4 as text."""
    plan = Plan.read(ROOT / "experiments" / "learning_rate.yaml", "space")
    assert plan.grid() == {
        "learning-rate-5e-4": {"train.learning_rate": 0.0005},
        "learning-rate-5e-5": {"train.learning_rate": 0.00005},
        "learning-rate-5e-6": {"train.learning_rate": 0.000005},
    }


@pytest.mark.parametrize(("page", "count"), [("ablation", 1), ("sweeps", 3)])
def test_plans_of_the_documentation_are_allowed(tmp_path: Path, page: str, count: int) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    plans = re.findall(r"```yaml\n(.*?)```", text, re.S)
    assert len(plans) == count
    for plan in plans:
        (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
        if page == "sweeps":
            check_sweep(Plan.read(tmp_path / "plan.yaml", "space"), PARAMS)
        else:
            for run in Plan.read(tmp_path / "plan.yaml", "factors").runs(PARAMS):
                change_parameters(PARAMS, run.experiment.changes)


def test_parameter_that_the_file_does_not_name_is_searched(tmp_path: Path) -> None:
    plan = check(tmp_path, search={"name": "grid"}, space={".train.layer_decay": [0.8, 0.9]})
    trial = plan.trial("rate-0-9", {".train.layer_decay": 0.9}, PARAMS)
    text = change_parameters(PARAMS, trial.changes)
    params = Params.from_mapping(read_values(text, "params.yaml"))
    assert params.variant("bilstm").train["layer_decay"] == 0.9
    assert list(params.variants) == ["bilstm"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factor": {}}, "key 'factor' is unknown. Did you mean 'factors'?"),
        ({"name": "a_b"}, "plan.yaml.name: String should match pattern"),
        ({"seeds": [1, 1]}, "seeds: a seed appears twice (found: [1, 1])"),
        ({"seeds": []}, "seeds: List should have at least 1 item"),
        ({"seeds": None}, "plan.yaml.seeds is missing: every change is trained with each"),
        ({"factors": {"loss": {"none": {}}}}, "'loss: none' changes nothing"),
        (
            {"factors": {"a": {"b c": {"seed": 1}}, "a b": {"c": {"seed": 2}}}},
            "'a b: c' and 'a: b c' are both called 'a-b-c'",
        ),
        ({"pruning": {"name": "median"}}, "`factors` and `pruning` do not go together"),
        ({"factors": None}, "plan.yaml has no `factors`."),
        (
            {"factors": None, "space": {"seed": [1]}},
            "plan.yaml has no `factors`. `gwangye sweep` runs this plan.",
        ),
        ({"base": {"ensemble": {}}}, "ensemble: a plan trains one variant. Change what is below"),
        ({"variant": "bilstn"}, "no variant 'bilstn'. Did you mean 'bilstm'?"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_fault_of_an_ablation_is_told(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(ParameterError) as error:
        Plan.read(write(tmp_path, FACTORS, **changes), "factors").runs(PARAMS)
    assert message in str(error.value)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"spcae": {}}, "key 'spcae' is unknown. Did you mean 'space'?"),
    ({"variant": None}, "plan.yaml.variant: Field required"),
    ({"variant": "bilstn"}, "params.yaml has no variant 'bilstn'. Did you mean 'bilstm'?"),
    ({"search": {"name": "tpr"}}, "search.name: search 'tpr' is unknown. Did you mean 'tpe'?"),
    ({"search": {"name": "tpe"}}, "search.trials: Field required"),
    ({"search": {"name": "tpe", "trials": 0}}, "search.trials: .*greater than or equal to 1"),
    ({"search": None}, "space.train.learning_rate: a grid needs a list of values"),
    ({"space": {}}, "plan.yaml.space: .*at least 1"),
    ({"space": {"train.learning_rate": []}}, "space.train.learning_rate.values: .*at least 1"),
    ({"space": {"train.learning_rate": 5}}, "space.train.learning_rate.values: .*valid list"),
    (
        {"space": {"train.learning_rate": {"low": 2, "high": 1}}},
        "space.train.learning_rate.range: low 2 is not below high 1",
    ),
    ({"space": {"train.learning_rat": RANGE}}, "with train.learning_rat: 1e-06: .*learning_rate"),
    ({"space": {"train.warmup_steps": [0.1, -1]}}, "with train.warmup_steps: -1: "),
    ({"space": {"variants": [{}]}}, "variants: a plan trains one variant"),
    ({"base": {"ensemble": {}}}, "ensemble: a plan trains one variant"),
    ({"base": {"train.learning_rate": 1}}, "space.train.learning_rate is set by base.train.lear"),
    ({"base": {"train": {}}}, "space.train.learning_rate is set by base.train too"),
    (
        {"base": {".train.learning_rate": 1e-4}},
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
    (
        {"space": None, "search": None, "seeds": [1], "factors": {"a": {"b": {"seed": 1}}}},
        "plan.yaml has no `space`. `gwangye ablate` runs this plan.",
    ),
]


@pytest.mark.parametrize(("changes", "fault"), FAULTS, ids=[fault[:40] for _, fault in FAULTS])
def test_fault_of_a_sweep_is_told(tmp_path: Path, changes: dict, fault: str) -> None:
    with pytest.raises(ParameterError, match=fault):
        check(tmp_path, **changes)


def test_missing_plan_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="none.yaml does not exist. experiments/ has plans"):
        Plan.read(tmp_path / "none.yaml", "space")


def test_slug_is_a_name_for_git() -> None:
    assert slug("Loss focal (gamma 0.5)!") == "loss-focal-gamma-0-5"
