"""dvc.yaml, params.yaml, the stages and the library keep their promises to each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.closure import closure

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

# Code that a stage runs and that dvc.yaml does not name: a change of it changes no output.
EXEMPT = {
    "gwangye/__init__.py": "the version",
    "gwangye/errors.py": "the words of messages",
    "gwangye/params.py": "checks; what it hands to stages is built by the rooms' own classes",
    "stages/__init__.py": "starts a stage: messages and exit codes",
}


def definitions() -> dict[str, dict]:
    """The stages, those written with foreach by what they do."""
    return {name: stage.get("do", stage) for name, stage in STAGES.items()}


def lookup(path: str) -> object:
    value: object = PARAMS
    for key in path.split("."):
        assert isinstance(value, dict)
        assert key in value, f"params.yaml has no {path}"
        value = value[key]
    return value


def code_of(stage: str) -> list[str]:
    """The code that dvc.yaml names for a stage, beside its own module."""
    deps = definitions()[stage]["deps"]
    assert f"stages/{stage}.py" in deps
    return [path for path in deps if path.startswith("gwangye/")]


def is_within(path: str, named: str) -> bool:
    return path == named or path.startswith(f"{named}/")


@pytest.mark.parametrize("name", definitions())
def test_stage_names_all_code_that_it_runs_and_no_other(name: str) -> None:
    runs = closure(ROOT / "stages" / f"{name}.py", through=EXEMPT)
    named = code_of(name)
    missing = sorted(path for path in runs if not any(is_within(path, n) for n in named))
    unused = [n for n in named if not any(is_within(path, n) for path in runs)]
    assert not missing, f"dvc.yaml: stage {name} runs {missing}: add them to its deps"
    assert not unused, f"dvc.yaml: stage {name} never runs {unused}: take them out of its deps"


EVALUATING = {"target", "evaluate", "report"}
PREDICTING = {"predict", "robustness"}
WITH_TABLES = set(definitions()) - {"encoder", "predict"}
CONCERNED = {
    "gwangye/data/spans.py": {"split"},
    "gwangye/encoders/fetch.py": {"encoder"},
    "gwangye/encoders/loading.py": {"encoder", "train", *PREDICTING},
    "gwangye/inputs/tokens/tokenising.py": {"preprocess", "train", "robustness"},
    "gwangye/inputs/features/table.py": {"preprocess", "train", *PREDICTING},
    "gwangye/inputs/features/batches.py": {"preprocess", "train", *PREDICTING},
    "gwangye/inputs/markers/marking.py": {"preprocess", "train", "robustness"},
    "gwangye/model/relation_model.py": {"train", *PREDICTING},
    "gwangye/model/heads/modules.py": {"train", *PREDICTING},
    "gwangye/model/attention.py": {"train", *PREDICTING},
    "gwangye/model/devices.py": {"pretrain", "train", *PREDICTING},
    "gwangye/training/losses.py": {"pretrain", "train"},
    "gwangye/training/pretraining.py": {"pretrain", "train"},
    "gwangye/training/augmentation/pieces.py": {"pretrain", "train", "robustness"},
    "gwangye/prediction/ensembling.py": {"ensemble", *PREDICTING, *EVALUATING},
    "gwangye/evaluation/calibration.py": EVALUATING,
    "gwangye/evaluation/shift/reweighting.py": EVALUATING,
    "gwangye/evaluation/robustness/perturbations.py": {"robustness", *EVALUATING},
    "gwangye/report/findings.py": {"report"},
    "gwangye/report/assets/report.css": {"report"},
    "gwangye/metrics.py": {"train", *EVALUATING},
    "gwangye/examples.py": WITH_TABLES,
    "gwangye/options.py": set(definitions()) - {"encoder", "report"},
    "gwangye/experiments/repository.py": set(),
    "gwangye/cli/data.py": set(),
}


@pytest.mark.parametrize("path", CONCERNED)
def test_changed_code_concerns_these_stages(path: str) -> None:
    assert (ROOT / path).is_file()
    found = {name for name in definitions() if any(is_within(path, n) for n in code_of(name))}
    assert found == CONCERNED[path]


def test_what_is_exempt_exists() -> None:
    assert [path for path in EXEMPT if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("name", definitions())
def test_stage_runs_its_own_module(name: str) -> None:
    assert definitions()[name]["cmd"].startswith(f"python -m stages.{name} ")


def test_no_file_that_users_name_passes_through_a_shell() -> None:
    for stage in definitions().values():
        assert "${data." not in stage["cmd"]


@pytest.mark.parametrize("name", definitions())
def test_stage_is_described_and_short(name: str) -> None:
    assert len(definitions()[name]["desc"].split()) >= 8
    assert len((ROOT / "stages" / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.parametrize("name", definitions())
def test_parameters_of_a_stage_exist(name: str) -> None:
    for path in definitions()[name]["params"]:
        if path == "${item.loss.section}":
            for variant in PARAMS["variants"].values():
                lookup(variant["loss"]["section"])
        else:
            section = path.replace(".${key}", "")
            lookup(section)


def test_every_section_of_the_parameters_is_read_by_a_stage() -> None:
    read = {p.split(".")[0] for stage in definitions().values() for p in stage["params"]}
    # these two are read through ${item.loss.section}
    assert set(PARAMS) - read == {"loss", "losses"}


def test_code_dependencies_exist() -> None:
    for stage in definitions().values():
        for path in stage["deps"]:
            if path.startswith(("gwangye/", "stages/")):
                assert (ROOT / path).exists(), path


def test_outputs_of_one_stage_are_no_part_of_anothers() -> None:
    outputs = []
    for stage in definitions().values():
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            outputs.append(out if isinstance(out, str) else next(iter(out)))
    for one in outputs:
        for other in outputs:
            assert one == other or not other.startswith(f"{one}/")


def test_only_the_final_scores_are_kept_out_of_the_cache() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert re.findall(r"- (\S+):\n\s+cache: false", text) == [
        *("metrics/metrics.json", "metrics/scores.csv")
    ]
    assert "persist" not in text


def test_the_artifact_is_a_member_of_the_ensemble() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    artifact = yaml.safe_load(text)["artifacts"]["relation-extraction"]
    assert artifact["path"].removeprefix("models/") in PARAMS["ensemble"]["members"]
