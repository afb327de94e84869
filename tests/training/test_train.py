"""Training on a tiny encoder: every head and loss learns, is saved, loads, predicts the same."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import Trainer

from gwangye.data.splitting import STRATEGIES
from gwangye.errors import DataError
from gwangye.examples import Dataset, Entity, Example, Task, make_frame
from gwangye.inputs.features.batches import Collator
from gwangye.inputs.features.table import FeatureTable
from gwangye.inputs.markers import MARKINGS, QUERIES
from gwangye.inputs.markers.input_form import InputForm
from gwangye.inputs.tokens.tokenising import prepare_tokenizer, tokenise
from gwangye.model.attention import FAST_DROPOUT
from gwangye.model.heads import HEADS
from gwangye.model.relation_model import load_model, new_model, save_model
from gwangye.model.temperature import apply_temperature, fit_temperature
from gwangye.prediction.ensembling import ENSEMBLES, ensemble_predictions
from gwangye.prediction.predictor import Predictor
from gwangye.prediction.probabilities import predict_probabilities
from gwangye.prediction.tables import prediction_table
from gwangye.training.adversarial import ADVERSARIAL
from gwangye.training.augmentation import AUGMENTATIONS, build_augmentations
from gwangye.training.averaging import AVERAGING
from gwangye.training.checkpoints import configuration_key
from gwangye.training.grouping import LengthGroupedSampler
from gwangye.training.losses import LOSSES
from gwangye.training.train import AugmentedRows, train_model
from gwangye.training.trainer import RelationTrainer
from tests.tiny import write_tiny_encoder

pytestmark = pytest.mark.slow

TASK = Task(["no_relation", "per:title", "per:origin"], "no_relation", ["PER", "LOC", "POH"])
ARGUMENTS = {
    "learning_rate": 0.001,
    "num_train_epochs": 2,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "bf16": False,
    "calibrate": False,
}


@pytest.fixture(autouse=True)
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predict in float32 on any machine, as these tests train (``bf16: False``)."""
    monkeypatch.setattr("gwangye.model.devices.has_fast_bf16", lambda: False)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("tiny"))


def examples() -> list[Example]:
    rows = []
    for i in range(12):
        person, other = f"한{'가나다라마바사아자차카타'[i]}연", ("대표", "서울")[i % 2]
        sentence = f"{person}, {other}에서 본 사람"
        start = len(person) + 2
        rows.append(
            Example(
                f"g{i}",
                sentence,
                Entity(person, 0, len(person), "PER"),
                Entity(other, start, start + 2, ("POH", "LOC")[i % 2]),
            )
        )
    return rows


def make(
    encoder: Path, head: dict[str, Any], form: dict[str, Any]
) -> tuple[Any, Any, FeatureTable]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    input_form = InputForm.from_params(form, "x")
    prepare_tokenizer(tokenizer, input_form, TASK.entity_types)
    torch.manual_seed(1)
    model = new_model(encoder, tokenizer, head=head, form=input_form, task=TASK)
    table = tokenise(examples(), tokenizer, input_form).with_columns(
        parts=["train"] * 12, folds=[0] * 3 + [1] * 9, label_ids=[1 + i % 2 for i in range(12)]
    )
    return model, tokenizer, table


def train(
    model: Any, tokenizer: Any, table: FeatureTable, folder: Path, **changes: Any
) -> dict[str, float]:
    options = {
        "task": TASK,
        "loss": LOSSES["focal"](),
        "arguments": ARGUMENTS,
        "seed": 3,
        "curves_dir": folder / "curves",
        "checkpoints_dir": folder / "checkpoints",
    }
    return train_model(
        model, tokenizer, table.select(table.validates(1)), table.select(table.validates(0)),
        **(options | changes),
    )  # fmt: skip


TWO_STEPS = {**ARGUMENTS, "num_train_epochs": 1, "max_steps": 2, "eval_strategy": "no",
             "save_strategy": "no"}  # fmt: skip

OFF = {"head": "cls", "form": {"name": "none"}, "loss": "focal", "arguments": {}, "augment": None}
# everything that is registered is trained once: what differs from OFF
PIECES: dict[str, dict[str, Any]] = {
    **{f"head {n}": {"head": n, "form": {"name": "entity_marker"}} for n in sorted(HEADS)},
    **{f"form {n}": {"form": {"name": n}} for n in sorted(MARKINGS)},
    **{f"query {n}": {"form": {"name": "none", "query": {"name": n}}} for n in sorted(QUERIES)},
    **{f"loss {n}": {"loss": n} for n in sorted(LOSSES)},
    **{f"adversarial {n}": {"arguments": {"adversarial": {"name": n}}} for n in ADVERSARIAL},
    **{f"averaging {n}": {"arguments": {"averaging": {"name": n}}} for n in AVERAGING},
    **{f"augment {n}": {"augment": {n: {}}, "form": {"name": "none"}} for n in AUGMENTATIONS},
    "temperature": {"arguments": {"calibrate": True}},
    "learning rates": {"arguments": {"layer_decay": 0.9, "head_learning_rate": 0.01}},
}


@pytest.mark.parametrize("name", PIECES)
def test_trained_saved_and_loaded_predicts_the_same(
    encoder: Path, tmp_path: Path, name: str
) -> None:
    piece = OFF | PIECES[name]
    model, tokenizer, table = make(encoder, {"name": piece["head"]}, piece["form"])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    arguments = {**TWO_STEPS, **piece["arguments"]}
    augmented = None
    if piece["augment"] is not None:
        swaps = {"labels": {"per:title": "per:origin"}} if "entity_swap" in piece["augment"] else {}
        pieces = {key: {"probability": 0.9, **swaps} for key in piece["augment"]}
        augmented = rows_by_epoch(encoder, pieces, form=piece["form"])

    train(
        model, tokenizer, table, tmp_path,
        loss=LOSSES[piece["loss"]](), arguments=arguments, augmented=augmented,
    )  # fmt: skip

    changed = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    assert any(name.startswith("head.") for name in changed)
    assert any(name.startswith("encoder.encoder.layer.0.") for name in changed)
    probabilities = predict_probabilities(model, table, tokenizer.pad_token_id)
    save_model(model, tokenizer, tmp_path / "model")
    predictor = Predictor([tmp_path / "model"])
    assert predictor.labels == TASK.labels
    np.testing.assert_allclose(predictor.probabilities(examples()), probabilities, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(1), 1.0, atol=1e-9)


def labelled_frame() -> pd.DataFrame:
    """The examples as a split stage has them."""
    rows = examples()
    entities = {
        "subject": [r.subject_entity for r in rows],
        "object": [r.object_entity for r in rows],
    }
    return make_frame(
        {
            "guid": [row.guid for row in rows],
            "sentence": [row.sentence for row in rows],
            **{
                f"{role}_{field}": [getattr(entity, field) for entity in of_role]
                for role, of_role in entities.items()
                for field in ("word", "start", "end", "type")
            },
            "label": [TASK.labels[1 + i % 2] for i in range(len(rows))],
            "source": [None] * len(rows),
        }
    )


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_every_split_is_trained_on(encoder: Path, tmp_path: Path, name: str) -> None:
    """Trained on the rows outside a fold, saved, loaded: the fold is predicted the same."""
    (tmp_path / "target.json").write_text('{"per:title": 1, "per:origin": 1}', encoding="utf-8")
    options = {"target": str(tmp_path / "target.json")} if name == "target_matched" else {}
    strategy = STRATEGIES.build({"name": name, **options}, "split.strategy")
    frame = labelled_frame()
    if name == "entity":  # two words are the objects of all rows; others let them fall apart
        frame["object_word"] = [f"{word}{i // 3}" for i, word in enumerate(frame["object_word"])]
    folds = strategy.assign(frame, 3, 0)
    model, tokenizer, table = make(encoder, {"name": "entity_start"}, {"name": "entity_marker"})
    table = table.with_columns(parts=table.parts, folds=folds, label_ids=table.label_ids)
    assert 0 < table.validates(1).sum() < 12
    train_model(
        model, tokenizer, table.select(~table.validates(1)), table.select(table.validates(1)),
        task=TASK, loss=LOSSES["focal"](), arguments=TWO_STEPS, seed=3,
        curves_dir=tmp_path / "curves", checkpoints_dir=tmp_path / "checkpoints",
    )  # fmt: skip
    save_model(model, tokenizer, tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    held_out = table.select(table.validates(1))
    np.testing.assert_allclose(
        predict_probabilities(loaded, held_out, tokenizer.pad_token_id),
        predict_probabilities(model, held_out, tokenizer.pad_token_id),
        atol=1e-6,
    )


@pytest.fixture(scope="module")
def two_models(
    encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Predictions of two models' validation rows, as trained, and by their saved folders."""
    folder, tables = tmp_path_factory.mktemp("two"), ({}, {})
    for head in ("cls", "entity_mean"):
        model, tokenizer, table = make(encoder, {"name": head}, {"name": "entity_marker"})
        train(model, tokenizer, table, folder / head, arguments=TWO_STEPS)
        save_model(model, tokenizer, folder / head / "model")
        found = (
            predict_probabilities(model, table, tokenizer.pad_token_id),
            Predictor([folder / head / "model"]).probabilities(examples()),
        )
        for named, probabilities in zip(tables, found, strict=True):
            named[head] = prediction_table(
                table.guids.tolist(), "validation", probabilities, TASK.labels
            )
    return tables


@pytest.mark.parametrize("name", sorted(ENSEMBLES))
def test_every_ensemble_of_saved_models_predicts_the_same(
    two_models: tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]], name: str
) -> None:
    split = Dataset(labelled_frame().assign(fold=[0] * 6 + [1] * 6), labelled_frame().head(0), TASK)
    trained, loaded = (
        ensemble_predictions(ENSEMBLES[name](), tables, split)[0][TASK.labels]
        for tables in two_models
    )
    np.testing.assert_allclose(loaded, trained, atol=1e-5)
    np.testing.assert_allclose(trained.sum(axis=1), 1.0, atol=1e-5)


def test_saved_folder_is_complete(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, _ = make(encoder, {"name": "bigru", "hidden_size": 5}, {"name": "none"})
    save_model(model, tokenizer, tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))
    assert config["head"] == {"name": "bigru", "hidden_size": 5}
    assert config["input_form"]["name"] == "none"
    assert config["id2label"] == {"0": "no_relation", "1": "per:title", "2": "per:origin"}
    assert config["negative_label"] == "no_relation"
    assert config["entity_types"] == ["PER", "LOC", "POH"]
    loaded, _ = load_model(tmp_path / "model")
    assert not loaded.training
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_markers_get_embeddings_of_their_own(encoder: Path) -> None:
    plain, _, _ = make(encoder, {"name": "cls"}, {"name": "none"})
    marked, tokenizer, _ = make(encoder, {"name": "cls"}, {"name": "entity_marker"})
    rows = marked.encoder.get_input_embeddings().num_embeddings
    assert rows == plain.encoder.get_input_embeddings().num_embeddings + 4
    assert rows == len(tokenizer)


def test_best_checkpoint_is_kept_and_its_scores_returned(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, table = make(encoder, {"name": "entity_start"}, {"name": "entity_marker"})
    arguments = {**ARGUMENTS, "num_train_epochs": 3, "metric_for_best_model": "loss",
                 "learning_rate": 0.01}  # fmt: skip

    scores = train(model, tokenizer, table, tmp_path, arguments=arguments)

    assert set(scores) == {"micro_f1", "auprc", "accuracy", "loss"}
    with (tmp_path / "curves/plots/metrics/eval/loss.tsv").open(encoding="utf-8") as file:
        losses = [float(line.split("\t")[1]) for line in file.readlines()[1:]]
    assert len(losses) == 3
    assert scores["loss"] == pytest.approx(min(losses), abs=1e-4)
    validation = table.select(table.validates(0))
    probabilities = predict_probabilities(model, validation, tokenizer.pad_token_id)
    gold = probabilities[np.arange(3), validation.label_ids]
    focal = -((1 - gold) ** 2) * np.log(gold)
    assert focal.mean() == pytest.approx(scores["loss"], abs=1e-4)


def test_checkpoints_are_removed_at_the_end(encoder: Path, tmp_path: Path) -> None:
    train(*make(encoder, {"name": "cls"}, {"name": "none"}), tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_same_seed_gives_the_same_weights(encoder: Path, tmp_path: Path) -> None:
    states = []
    for run in ("a", "b"):
        model, tokenizer, table = make(encoder, {"name": "bilstm"}, {"name": "entity_marker"})
        train(model, tokenizer, table, tmp_path / run)
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


class InterruptionError(RuntimeError):
    pass


class Failing:
    """A loss that breaks off after some steps (3 are an epoch)."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def build(self, *counts_and_labels: Any) -> Any:
        criterion = LOSSES["focal"]().build(*counts_and_labels)

        def compute(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            self.left -= torch.is_grad_enabled()
            if self.left < 0:
                raise InterruptionError
            return criterion(logits, labels)

        return compute

    def penalty(self) -> None:
        return None


IN_MID_EPOCH = {"eval_strategy": "steps", "save_strategy": "steps", "eval_steps": 1,
                "save_steps": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "checkpoint"),
    [
        ({}, 3),
        ({"num_train_epochs": 3, **IN_MID_EPOCH}, 4),
    ],
    ids=["after an epoch", "in mid-epoch"],
)
def test_interrupted_training_resumes_and_ends_as_if_it_had_not_been(
    encoder: Path, tmp_path: Path, changes: dict[str, Any], checkpoint: int
) -> None:
    arguments = {**ARGUMENTS, **changes}
    whole, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(whole, tokenizer, table, tmp_path / "whole", arguments=arguments)

    interrupted, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    failing = Failing(4)
    with pytest.raises(InterruptionError):
        train(interrupted, tokenizer, table, tmp_path / "cut", arguments=arguments, loss=failing)
    assert (tmp_path / "cut" / "checkpoints" / f"checkpoint-{checkpoint}").is_dir()

    resumed, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(resumed, tokenizer, table, tmp_path / "cut", arguments=arguments)

    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)
    curve = "curves/plots/metrics/eval/loss.tsv"
    assert (tmp_path / "cut" / curve).read_text() == (tmp_path / "whole" / curve).read_text()


@pytest.mark.parametrize("averaging", [{"name": "ema", "decay": 0.5}, {"name": "swa"}])
def test_average_is_evaluated_and_kept_through_an_interruption(
    encoder: Path, tmp_path: Path, averaging: dict[str, Any]
) -> None:
    """Six steps, SWA begins after the third; cut before the fifth."""
    arguments = {**ARGUMENTS, "averaging": averaging, "metric_for_best_model": "loss"}
    whole, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    scores = train(whole, tokenizer, table, tmp_path / "whole", arguments=arguments)
    plain, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(plain, tokenizer, table, tmp_path / "plain")
    assert not torch.equal(whole.head.output.weight, plain.head.output.weight)

    validation = table.select(table.validates(0))
    gold = predict_probabilities(whole, validation, tokenizer.pad_token_id)[
        np.arange(3), validation.label_ids
    ]
    focal = -((1 - gold) ** 2) * np.log(gold)
    assert focal.mean() == pytest.approx(scores["loss"], abs=1e-4)

    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    with pytest.raises(InterruptionError):
        train(model, tokenizer, table, tmp_path / "cut", loss=Failing(4), arguments=arguments)
    resumed, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(resumed, tokenizer, table, tmp_path / "cut", arguments=arguments)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)


def test_average_without_evaluation_is_the_last(encoder: Path, tmp_path: Path) -> None:
    """One step: its average is its weights; two steps of SWA from the start: their mean."""
    states = []
    for steps, averaging in ((1, "none"), (2, "none"), (2, "swa")):
        model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
        arguments = {**ARGUMENTS, "max_steps": steps, "eval_strategy": "no", "save_strategy": "no",
                     "lr_scheduler_type": "constant",
                     "averaging": {"name": averaging, "start": 0.0}}  # fmt: skip
        train(model, tokenizer, table, tmp_path / f"{steps}{averaging}", arguments=arguments)
        states.append(model.state_dict())
    for name, value in states[2].items():
        torch.testing.assert_close(value, (states[0][name] + states[1][name]) / 2)


def test_fgm_adds_the_gradient_of_the_disturbed_pass(encoder: Path, tmp_path: Path) -> None:
    """One step of plain SGD, no dropout: it is the sum of both passes' gradients."""
    options = {**ARGUMENTS, "max_steps": 1, "eval_strategy": "no", "save_strategy": "no",
               "optim": "sgd", "max_grad_norm": 0, "learning_rate": 0.1,
               "train_sampling_strategy": "sequential"}  # fmt: skip
    moved = {}
    for name in ("none", "fgm"):
        model, tokenizer, table = make(encoder, {"name": "cls", "dropout": 0}, {"name": "none"})
        without_dropout(model)
        start = model.head.output.weight.clone()
        arguments = {**options, "adversarial": {"name": name, "epsilon": 0.5}}
        train(model, tokenizer, table, tmp_path / name, arguments=arguments)
        moved[name] = start - model.head.output.weight

    model, tokenizer, table = make(encoder, {"name": "cls", "dropout": 0}, {"name": "none"})
    without_dropout(model)
    training = table.select(table.validates(1))
    batch = Collator(tokenizer.pad_token_id)([training.row(i) for i in range(4)])
    labels = batch.pop("labels")
    criterion = LOSSES["focal"]().build([0, 5, 4], TASK.labels)
    embedding = model.get_input_embeddings()
    embedded = embedding(batch["input_ids"]).detach().requires_grad_()

    def loss_of(embedded: torch.Tensor) -> torch.Tensor:
        handle = embedding.register_forward_hook(lambda *_: embedded)
        result: torch.Tensor = criterion(model(**batch).logits, labels)
        handle.remove()
        return result

    first = loss_of(embedded)
    gradient, head = torch.autograd.grad(first, [embedded, model.head.output.weight])
    lengths = gradient.flatten(1).norm(dim=1)[:, None, None]
    second = loss_of(embedded.detach() + 0.5 * gradient / lengths)
    (harder,) = torch.autograd.grad(second, [model.head.output.weight])
    assert second > first
    torch.testing.assert_close(moved["none"], 0.1 * head)
    torch.testing.assert_close(moved["fgm"], 0.1 * (head + harder))


def without_dropout(model: torch.nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.encoder.config.attention_probs_dropout_prob = 0.0
    for layer in model.encoder.encoder.layer:
        for module in layer.attention.modules():
            if hasattr(module, "attention_dropout"):
                module.attention_dropout = 0.0


def test_learning_rates_by_depth_reach_the_weights(encoder: Path, tmp_path: Path) -> None:
    """AdamW's first step moves every weight that has a gradient by the learning rate itself."""
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    arguments = {**ARGUMENTS, "max_steps": 1, "eval_strategy": "no", "save_strategy": "no",
                 "learning_rate": 0.01, "head_learning_rate": 0.03, "layer_decay": 0.5,
                 "lr_scheduler_type": "constant", "adam_epsilon": 1e-30}  # fmt: skip
    train(model, tokenizer, table, tmp_path, arguments=arguments)

    def step(name: str) -> float:
        return float((model.state_dict()[name] - before[name]).abs().max())

    assert step("head.output.weight") == pytest.approx(0.03, rel=1e-3)
    layer = "encoder.encoder.layer.{}.output.dense.weight"
    assert step(layer.format(1)) == pytest.approx(0.01, rel=1e-3)
    assert step(layer.format(0)) == pytest.approx(0.005, rel=1e-3)
    embeddings = "encoder.embeddings.position_embeddings.weight"
    assert step(embeddings) == pytest.approx(0.0025, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_temperature_is_fitted_to_validation_and_kept(
    encoder: Path, tmp_path: Path, seed: int
) -> None:
    """Grouped by length, validation rows are predicted in an order of the seed's."""
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    table = table.with_columns(
        parts=["train"] * 12, folds=[0] * 6 + [1] * 6, label_ids=[1 + i % 2 for i in range(12)]
    )
    arguments = {**ARGUMENTS, "calibrate": True, "train_sampling_strategy": "group_by_length"}
    train(model, tokenizer, table, tmp_path, arguments=arguments, seed=seed)

    temperature = model.config.softmax_temperature
    validation = table.select(table.validates(0))
    model.config.softmax_temperature = 1.0
    before = predict_probabilities(model, validation, tokenizer.pad_token_id)
    assert temperature == pytest.approx(fit_temperature(before, validation.label_ids), rel=1e-3)
    assert temperature != 1.0
    calibration = json.loads((tmp_path / "curves/calibration.json").read_text(encoding="utf-8"))
    assert calibration == {"temperature": round(temperature, 4)}

    model.config.softmax_temperature = temperature
    expected = predict_probabilities(model, table, tokenizer.pad_token_id)
    save_model(model, tokenizer, tmp_path / "model")
    found = Predictor([tmp_path / "model"]).probabilities(examples())
    np.testing.assert_allclose(found, expected, atol=1e-6)
    after = expected[table.validates(0)]
    np.testing.assert_allclose(after, apply_temperature(before, temperature), atol=1e-6)


@pytest.mark.parametrize(
    ("strategy", "expected"), [("group_by_length", [0, 1]), ("random", []), ("sequential", [])]
)
def test_rows_are_grouped_anew_in_each_epoch(
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
    expected: list[int],
) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    epochs: list[int] = []
    order = LengthGroupedSampler.__iter__
    monkeypatch.setattr(
        LengthGroupedSampler,
        "__iter__",
        lambda self: epochs.append(self.epoch) or order(self),
    )
    arguments = {**ARGUMENTS, "train_sampling_strategy": strategy}
    train(model, tokenizer, table, tmp_path, arguments=arguments)
    assert epochs == expected


def test_compiled_training_ends_with_the_same_weights(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_DYNAMO_BACKEND", "no")  # TrainingArguments sets it for good
    compiled = {"torch_compile": True, "torch_compile_backend": "aot_eager"}
    ends = []
    for changes in ({}, compiled):
        model, tokenizer, table = make(encoder, {"name": "entity_start"}, {"name": "entity_marker"})
        without_dropout(model)
        arguments = {**TWO_STEPS, "adam_epsilon": 0.01, **changes}
        torch._dynamo.utils.counters.clear()
        train(model, tokenizer, table, tmp_path, arguments=arguments)
        assert bool(torch._dynamo.utils.counters["stats"]["unique_graphs"]) is bool(changes)
        assert not torch._dynamo.utils.counters["graph_break"]
        assert model.encoder.config._attn_implementation == ("sdpa" if changes else FAST_DROPOUT)
        ends.append(model.state_dict())
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, msg=lambda m, name=name: f"{name}: {m}")
    save_model(model, tokenizer, tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    assert list(loaded.state_dict()) == list(ends[0])
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, ends[1][name]), name


def test_temperature_comes_from_the_best_evaluation(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validation is not predicted once more, unless it was not evaluated at all."""
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    passes: list[int] = []
    monkeypatch.setattr(
        RelationTrainer,
        "predict",
        lambda self, rows: passes.append(len(rows)) or Trainer.predict(self, rows),
    )
    train(model, tokenizer, table, tmp_path, arguments={**ARGUMENTS, "calibrate": True})
    assert passes == []
    without = {**ARGUMENTS, "calibrate": True, "eval_strategy": "no", "save_strategy": "no"}
    train(model, tokenizer, table, tmp_path, arguments=without)
    assert passes == [table.validates(0).sum()]


def test_without_calibration_probabilities_are_the_softmax(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(model, tokenizer, table, tmp_path)
    assert model.config.softmax_temperature == 1.0
    assert not (tmp_path / "curves/calibration.json").exists()


def rows_by_epoch(
    encoder: Path, pieces: dict[str, Any], seed: int = 1, form: dict[str, Any] | None = None
) -> AugmentedRows:
    from transformers import AutoTokenizer

    input_form = InputForm.from_params(form or {"name": "entity_marker"}, "x")
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    prepare_tokenizer(tokenizer, input_form, TASK.entity_types)
    labelled = [replace(e, label=TASK.labels[1 + i % 2]) for i, e in enumerate(examples())]
    return AugmentedRows(
        labelled, tokenizer, input_form, TASK, build_augmentations(pieces, "x"), seed
    )


def test_augmented_rows_differ_by_epoch_and_not_by_call(encoder: Path) -> None:
    rows = rows_by_epoch(encoder, {"aeda": {"probability": 0.5}})
    first, second = rows(0), rows(1)
    assert len(first) == len(second) == 12
    assert first.input_ids.tolist() == rows(0).input_ids.tolist()
    assert first.input_ids.tolist() != second.input_ids.tolist()
    other = rows_by_epoch(encoder, {"aeda": {"probability": 0.5}}, seed=2)
    assert other(0).input_ids.tolist() != first.input_ids.tolist()


def test_augmented_rows_have_the_label_that_augmentation_gives(encoder: Path) -> None:
    swap = {"entity_swap": {"probability": 1, "labels": {"per:title": "per:origin"}}}
    rows = rows_by_epoch(encoder, swap)(0)
    assert rows.label_ids.tolist() == [2] * 12
    plain = rows_by_epoch(encoder, {})(0)
    assert plain.label_ids.tolist() == [1, 2] * 6
    # the swapped rows' subject stands where the plain ones' object does
    assert rows.entity_positions[0, 0].tolist() == plain.entity_positions[0, 1].tolist()
    assert rows.entity_positions[1].tolist() == plain.entity_positions[1].tolist()


def test_trainer_asks_for_each_epochs_rows(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    training, asked = table.select(table.validates(1)), []

    def augmented(epoch: int) -> FeatureTable:
        asked.append(epoch)
        return training

    train(model, tokenizer, table, tmp_path, augmented=augmented)
    assert asked == [0, 1]


def test_early_stopping(encoder: Path, tmp_path: Path) -> None:
    """With a learning rate of almost nothing no evaluation is better than the first."""
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    arguments = {**ARGUMENTS, "num_train_epochs": 9, "learning_rate": 1e-12,
                 "early_stopping_patience": 2}  # fmt: skip
    train(model, tokenizer, table, tmp_path, arguments=arguments)
    with (tmp_path / "curves/plots/metrics/eval/micro_f1.tsv").open(encoding="utf-8") as file:
        assert len(file.readlines()) == 1 + 3


def test_rdrop_passes_twice_and_adds_its_term(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(model, tokenizer, table, tmp_path / "a", loss=LOSSES["focal"](rdrop_alpha=5.0))
    plain, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(plain, tokenizer, table, tmp_path / "b")
    assert not torch.equal(model.head.output.weight, plain.head.output.weight)


def test_learning_curves_hold_no_timings(encoder: Path, tmp_path: Path) -> None:
    train(*make(encoder, {"name": "cls"}, {"name": "none"}), tmp_path)
    names = {path.stem for path in (tmp_path / "curves").rglob("*.tsv")}
    assert {"loss", "micro_f1", "learning_rate"} <= names
    assert not {name for name in names if "time" in name or "second" in name}


def test_no_training_rows(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    table = table.with_columns(parts=["train"] * 12, folds=[0] * 12, label_ids=[1] * 12)
    with pytest.raises(DataError, match=r"There is no training row: split.folds leaves none"):
        train(model, tokenizer, table, tmp_path)


def test_git_repository_without_a_commit(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    for command in (["git", "init", "--quiet"], ["dvc", "init", "--quiet"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="cannot be recorded: Empty git repo.*make a first one"):
        train(model, tokenizer, table, tmp_path)


def test_no_validation_rows(encoder: Path, tmp_path: Path) -> None:
    model, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    table = table.with_columns(parts=["train"] * 12, folds=[1] * 12, label_ids=[1] * 12)
    with pytest.raises(DataError, match="no validation row to choose the best checkpoint by"):
        train(model, tokenizer, table, tmp_path)


def test_encoder_folder_is_no_trained_model(encoder: Path) -> None:
    with pytest.raises(DataError, match="is an encoder without a trained head"):
        load_model(encoder)


def test_models_of_different_relations_do_not_predict_together(
    encoder: Path, tmp_path: Path
) -> None:
    model, tokenizer, _ = make(encoder, {"name": "cls"}, {"name": "none"})
    save_model(model, tokenizer, tmp_path / "a")
    model.config.id2label = {0: "x", 1: "y", 2: "z"}
    save_model(model, tokenizer, tmp_path / "b")
    with pytest.raises(DataError, match="predicts other relations than"):
        Predictor([tmp_path / "a", tmp_path / "b"])


def test_several_models_predict_their_mean(encoder: Path, tmp_path: Path) -> None:
    for name, head in (("a", "cls"), ("b", "entity_mean")):
        model, tokenizer, _ = make(encoder, {"name": head}, {"name": "entity_marker"})
        save_model(model, tokenizer, tmp_path / name)
    single = [Predictor([tmp_path / name]).probabilities(examples()) for name in ("a", "b")]
    both = Predictor([tmp_path / "a", tmp_path / "b"])
    np.testing.assert_allclose(both.probabilities(examples()), (single[0] + single[1]) / 2)
    best = both.predict(examples()[:1], top_k=3)[0]
    assert [p.probability for p in best] == sorted((p.probability for p in best), reverse=True)
    assert sum(p.probability for p in best) == pytest.approx(1.0)


def test_bf16_moves_probabilities_a_little(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer, table = make(encoder, {"name": "bigru"}, {"name": "entity_marker"})
    train(model, tokenizer, table, tmp_path, arguments=TWO_STEPS)
    exact = predict_probabilities(model, table, tokenizer.pad_token_id)
    monkeypatch.setattr("gwangye.model.devices.has_fast_bf16", lambda: True)
    fast = predict_probabilities(model, table, tokenizer.pad_token_id)
    assert 0 < np.abs(fast - exact).max() < 0.02
    np.testing.assert_allclose(fast.sum(axis=1), 1, atol=1e-12)


def test_checkpoint_folder_is_of_this_configuration_and_data(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    keys = [
        configuration_key({"gamma": gamma}, [tmp_path / name])
        for gamma in (1.0, 2.0)
        for name in ("a", "b")
    ]
    assert len(set(keys)) == 4
    assert keys[0] == configuration_key({"gamma": 1.0}, [tmp_path / "a"])
