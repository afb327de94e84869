"""What reruns when something changes, and nothing else: docs/pipeline.md's table by real DVC."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.pipeline.conftest import Project, without_git

pytestmark = pytest.mark.pipeline

VARIANTS = {"entity_start", "bilstm", "bigru"}
EVALUATING = {"target", "evaluate", "report"}
ENDS = {"ensemble", *EVALUATING}


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


def rename_data(project: Project) -> None:
    name = "data/raw/학습 자료 (1); touch x $HOME 'a'.json"
    shutil.copy2(project.folder / "data/raw/sample/train.json", project.folder / name)
    set_parameter("data.train", name)(project)


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
    "a file name that a shell would take apart": (rename_data, {"split", *AFTER_PREPROCESS}),
    "encoder": (
        set_parameter("encoder.num_hidden_layers", 3),
        {"encoder", *AFTER_PREPROCESS},
    ),
    "ensemble.members": (set_parameter("ensemble.members", ["bilstm", "bigru"]), ENDS),
    "ensemble.name": (set_parameter("ensemble.name", "weighted"), ENDS),
    "target": (set_parameter("target.labels", "bbse"), EVALUATING),
    "evaluate": (set_parameter("evaluate.num_errors", 5), {"evaluate", "report"}),
    "robustness": (
        set_parameter("robustness.rows", 50),
        {*(f"robustness@{variant}" for variant in VARIANTS), "report"},
    ),
    "changed rows that the page lists": (
        set_parameter("robustness.num_changed", 50),
        {"report"},
    ),
    "the evaluation code": (change_code("gwangye/evaluation/scores.py"), EVALUATING),
    "the report's style": (change_code("gwangye/report/assets/report.css"), {"report"}),
    "the losses' code": (
        change_code("gwangye/training/losses.py"),
        {*models(*VARIANTS), *ENDS},
    ),
    "the ensembles' code": (
        change_code("gwangye/prediction/ensembling.py"),
        {*(f"{stage}@{name}" for stage in ("predict", "robustness") for name in VARIANTS), *ENDS},
    ),
    "code that no stage runs": (change_code("gwangye/experiments/repository.py"), set()),
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


NEW = {
    "encoder": "pretrained",
    "input": "typed_punct",
    "head": {"name": "cls"},
    "loss": {"section": "loss"},
    "train": {},
}


OUTPUTS = (
    "data/split",
    "data/features",
    "data/ensemble",
    "data/target",
    "models",
    "metrics/tables",
)


def listed(project: Project, folder: str) -> list[str]:
    return sorted(path.stem for path in (project.folder / folder).iterdir())


def test_variants_come_and_go_with_their_stages_alone(project: Project) -> None:
    project.reproduce()
    set_parameter("variants.cls", NEW)(project)
    assert project.reproduce() == {*models("cls"), *ENDS}
    assert project.reproduce() == set()

    project.edit("params.yaml", lambda params: params["variants"].pop("cls"))
    assert project.reproduce() == ENDS
    for folder in ("data/predictions", "metrics/train", "metrics/robustness"):
        assert listed(project, folder) == sorted(VARIANTS)

    # a fresh clone has none of the outputs, but for what is in Git
    for path in OUTPUTS:
        shutil.rmtree(project.folder / path)
    (project.folder / "metrics/report.html").unlink()
    project.run("dvc", "checkout")
    assert project.reproduce() == set()
