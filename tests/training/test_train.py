"""Training on a tiny encoder: every head and loss learns, is saved, loads, predicts the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gwangye.dataset import Task
from gwangye.errors import DataError
from gwangye.examples import Entity, Example
from gwangye.features import FeatureTable, InputForm, prepare_tokenizer, tokenise
from gwangye.heads import HEADS
from gwangye.inference import Predictor, predict_probabilities
from gwangye.losses import LOSSES
from gwangye.model import load_model, new_model, save_model
from gwangye.representations import REPRESENTATIONS
from gwangye.training.train import configuration_key, train_model
from tests.tiny import write_tiny_encoder

TASK = Task(["no_relation", "per:title", "per:origin"], "no_relation", ["PER", "LOC", "POH"])
ARGUMENTS = {
    "learning_rate": 0.001,
    "num_train_epochs": 2,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "bf16": False,
}


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


# each head with a form, each form, each loss: everything registered is trained once
COMBINATIONS = [
    *((head, "entity_marker", "cross_entropy") for head in sorted(HEADS)),
    *(("cls", form, "focal") for form in sorted(REPRESENTATIONS)),
    *(("entity_start", "entity_mask", loss) for loss in sorted(LOSSES)),
]


@pytest.mark.parametrize(("head", "form", "loss"), COMBINATIONS)
def test_trained_saved_and_loaded_predicts_the_same(
    encoder: Path, tmp_path: Path, head: str, form: str, loss: str
) -> None:
    model, tokenizer, table = make(encoder, {"name": head}, {"name": form})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    arguments = {**ARGUMENTS, "num_train_epochs": 1, "max_steps": 2, "eval_strategy": "no",
                 "save_strategy": "no"}  # fmt: skip

    train(model, tokenizer, table, tmp_path, loss=LOSSES[loss](), arguments=arguments)

    changed = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    assert any(name.startswith("head.") for name in changed)
    assert any(name.startswith("encoder.encoder.layer.0.") for name in changed)
    probabilities = predict_probabilities(model, table, tokenizer.pad_token_id)
    save_model(model, tokenizer, tmp_path / "model")
    predictor = Predictor([tmp_path / "model"])
    assert predictor.labels == TASK.labels
    np.testing.assert_allclose(predictor.probabilities(examples()), probabilities, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(1), 1.0, atol=1e-9)


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


def test_interrupted_training_resumes_and_ends_as_if_it_had_not_been(
    encoder: Path, tmp_path: Path
) -> None:
    whole, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(whole, tokenizer, table, tmp_path / "whole")

    class InterruptionError(RuntimeError):
        pass

    interrupted, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    loss = LOSSES["focal"]()
    criterion = loss.build([0, 5, 4], TASK.labels)
    steps = 0

    class Failing:
        def build(self, *_: Any) -> Any:
            def compute(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
                nonlocal steps
                steps += torch.is_grad_enabled()
                if steps > 4:  # 3 steps an epoch: in the second one
                    raise InterruptionError
                return criterion(logits, labels)

            return compute

        def penalty(self) -> None:
            return None

    with pytest.raises(InterruptionError):
        train(interrupted, tokenizer, table, tmp_path / "cut", loss=Failing())
    assert (tmp_path / "cut" / "checkpoints" / "checkpoint-3").is_dir()

    resumed, tokenizer, table = make(encoder, {"name": "cls"}, {"name": "none"})
    train(resumed, tokenizer, table, tmp_path / "cut")

    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)
    curve = "curves/plots/metrics/eval/loss.tsv"
    assert (tmp_path / "cut" / curve).read_text() == (tmp_path / "whole" / curve).read_text()


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
