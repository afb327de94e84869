"""What reruns when something changes, and nothing else: docs/pipeline.md's table by real DVC."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from tests.pipeline.conftest import Project, without_git

pytestmark = pytest.mark.pipeline

VARIANTS = {"entity_start", "bilstm", "bigru"}
ENDS = {"ensemble", "target", "evaluate", "report"}


def models(*variants: str) -> set[str]:
    stages = ("train", "predict", "robustness")
    return {f"{stage}@{variant}" for stage in stages for variant in variants}


ALL = {"encoder", "split", "preprocess@typed_punct", *models(*VARIANTS), *ENDS}
AFTER_PREPROCESS = {"preprocess@typed_punct", *models(*VARIANTS), *ENDS}


def set_parameter(path: str, value: object) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        def edit(params: dict) -> None:
            *parents, last = path.split(".")
            for key in parents:
                params = params[key]
            params[last] = value

        project.edit("params.yaml", edit)

    return change


def change_code(path: str) -> Callable[[Project], None]:
    return lambda project: project.append(path, "\n# changed\n")


CHANGES = {
    "nothing": (lambda project: None, set()),
    "loss.gamma": (set_parameter("loss.gamma", 2.0), {*models(*VARIANTS), *ENDS}),
    "a loss that no variant uses": (set_parameter("losses.weighted_focal.gamma", 3.0), set()),
    "one variant's head": (
        set_parameter("variants.bilstm.head.name", "attention"),
        {*models("bilstm"), *ENDS},
    ),
    "one variant's learning rate": (
        set_parameter("variants.bigru.train", {"learning_rate": 1e-4}),
        {*models("bigru"), *ENDS},
    ),
    "an input form": (set_parameter("inputs.typed_punct.max_length", 128), AFTER_PREPROCESS),
    "augment": (
        set_parameter("augment", {"aeda": {"probability": 0.5}}),
        {*models(*VARIANTS), *ENDS},
    ),
    "train": (set_parameter("train.num_train_epochs", 5), {*models(*VARIANTS), *ENDS}),
    "split.folds": (set_parameter("split.folds", [1]), {*models(*VARIANTS), *ENDS}),
    "split.strategy": (
        set_parameter("split.strategy.name", "sentence"),
        {"split", *AFTER_PREPROCESS},
    ),
    "split.num_repeats": (set_parameter("split.num_repeats", 2), {"split", *AFTER_PREPROCESS}),
    "data.duplicates": (set_parameter("data.duplicates", "drop"), {"split", *AFTER_PREPROCESS}),
    "data.max_train_examples": (
        set_parameter("data.max_train_examples", 100),
        {"split", *AFTER_PREPROCESS},
    ),
    "encoder": (
        set_parameter("encoder.num_hidden_layers", 3),
        {"encoder", *AFTER_PREPROCESS},
    ),
    "ensemble.members": (set_parameter("ensemble.members", ["bilstm", "bigru"]), ENDS),
    "ensemble.name": (set_parameter("ensemble.name", "weighted"), ENDS),
    "target": (set_parameter("target.labels", "bbse"), {"target", "evaluate", "report"}),
    "evaluate": (set_parameter("evaluate.num_errors", 5), {"evaluate", "report"}),
    "robustness": (
        set_parameter("robustness.rows", 50),
        {*(f"robustness@{variant}" for variant in VARIANTS), "report"},
    ),
    "the perturbations' code": (
        change_code("gwangye/evaluation/robustness/names.py"),
        {*(f"robustness@{variant}" for variant in VARIANTS), "report"},
    ),
    "the target's code": (
        change_code("gwangye/evaluation/targets.py"),
        {"target", "evaluate", "report"},
    ),
    "the evaluation code": (
        change_code("gwangye/evaluation/analysis/slices.py"),
        {"evaluate", "report"},
    ),
    "the report's code": (change_code("gwangye/report/findings.py"), {"report"}),
    "the report's style": (change_code("gwangye/report/assets/report.css"), {"report"}),
    "the losses' code": (
        change_code("gwangye/training/losses/__init__.py"),
        {*models(*VARIANTS), *ENDS},
    ),
    "the augmentations' code": (
        change_code("gwangye/training/augmentation/__init__.py"),
        {*models(*VARIANTS), *ENDS},
    ),
    "the pretraining's code, where none is": (
        change_code("gwangye/training/pretraining.py"),
        set(),
    ),
    "the heads' code": (
        change_code("gwangye/model/heads/__init__.py"),
        {*models(*VARIANTS), *ENDS},
    ),
    "the representations' code": (
        change_code("gwangye/inputs/markers/__init__.py"),
        AFTER_PREPROCESS,
    ),
    "the ensembles' code": (change_code("gwangye/prediction/ensembling.py"), ENDS),
    "a comment in params.yaml": (change_code("params.yaml"), set()),
}


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all rows of the table: a row's change stays, reproduced."""
    project = without_git(tmp_path_factory.mktemp("project"))
    assert project.reproduce() == ALL
    return project


@pytest.mark.parametrize("name", CHANGES)
def test_reruns_exactly(reproduced: Project, name: str) -> None:
    change, expected = CHANGES[name]
    change(reproduced)
    assert reproduced.reproduce() == expected


def test_loss_reruns_no_variant_that_has_another(reproduced: Project) -> None:
    section = "variants.bilstm.loss.section"
    set_parameter(section, "losses.cross_entropy")(reproduced)
    assert reproduced.reproduce() == {*models("bilstm"), *ENDS}
    set_parameter("loss.gamma", 4.0)(reproduced)
    assert reproduced.reproduce() == {*models("entity_start", "bigru"), *ENDS}


def test_new_variant_runs_alone(project: Project) -> None:
    project.reproduce()

    def add(params: dict) -> None:
        params["variants"]["cls"] = {
            "encoder": "pretrained",
            "input": "typed_punct",
            "head": {"name": "cls"},
            "loss": {"section": "loss"},
            "train": {},
        }
        params["ensemble"]["members"].append("cls")

    project.edit("params.yaml", add)
    assert "cls" in project.run("gwangye", "sync").stdout

    assert project.reproduce() == {*models("cls"), *ENDS}
    listed = yaml.safe_load((project.folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert "data/predictions/cls.parquet" in listed["ensemble"]["deps"]
    assert "data/predictions/cls.parquet" in listed["evaluate"]["deps"]
    for path in ("data/predictions/cls.parquet", "metrics/train/cls", "metrics/robustness/cls"):
        assert path in listed["report"]["deps"]
