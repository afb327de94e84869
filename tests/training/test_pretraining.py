"""Continued pretraining on tiny encoders: it learns, is repeatable, resumes, and loads anywhere."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch
import transformers
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from gwangye.encoders.loading import load_encoder
from gwangye.errors import DataError, ParameterError
from gwangye.examples import Dataset, Task, make_frame
from gwangye.training.pretraining import (
    Pretraining,
    is_tied,
    load_masked_model,
    masked_criterion,
    pretrain,
    sentences,
)
from stages.pretrain import main
from tests.tiny import tiny_tokenizer, write_tiny_encoder

pytestmark = pytest.mark.slow

TEXTS = [f"{name}은 {place}에서 태어난 사람이다" for name in "가나다라" for place in "마바사"]
TRAIN = {"per_device_train_batch_size": 4, "learning_rate": 0.01, "bf16": False}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_encoder(tmp_path_factory.mktemp("tiny"), layers=1, hidden=16)


def copied(encoder: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in encoder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def changed_json(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes), encoding="utf-8")


def run(
    encoder: Path,
    folder: Path,
    *,
    lines: list[str] = TEXTS,
    seed: int = 1,
    train: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, float]:
    return pretrain(
        encoder,
        lines,
        folder / "encoder",
        options=Pretraining(train={**TRAIN, "num_train_epochs": 1, **(train or {})}, **options),
        seed=seed,
        checkpoints_root=folder / "checkpoints",
    )


def weights(folder: Path) -> bytes:
    return (folder / "encoder" / "model.safetensors").read_bytes()


def test_loss_falls_and_all_weights_change(encoder: Path, tmp_path: Path) -> None:
    losses = run(encoder, tmp_path, train={"num_train_epochs": 12}, mlm_probability=0.3)
    # fresh, it guesses among all pieces of the vocabulary alike
    assert losses["first_loss"] > 8
    assert losses["last_loss"] < 5
    before, after = load_encoder(encoder).state_dict(), load_encoder(tmp_path / "encoder")
    assert not {name for name, value in after.state_dict().items() if before[name].equal(value)}


def tiny(kind: str, tokenizer: Any) -> Any:
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "pad_token_id": tokenizer.pad_token_id,
    }
    extra = {"electra": {"embedding_size": 8}, "distilbert": {"dim": 16, "hidden_dim": 16}}
    config = transformers.AutoConfig.for_model(kind, **sizes, **extra.get(kind, {}))
    torch.manual_seed(0)
    return transformers.AutoModel.from_config(config)


def unigram_tokenizer() -> Any:
    """XLM-R's kind of tokenizer, with token ids of its own for each character."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [*special, "▁", *sorted(set("".join(TEXTS)) - {" "})]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
        **dict(zip(names, special, strict=True)),
    )


@pytest.mark.parametrize("make_tokenizer", [tiny_tokenizer, unigram_tokenizer])
@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "distilbert", "deberta-v2"])
def test_writes_an_encoder_of_the_same_kind(kind: str, make_tokenizer: Any, tmp_path: Path) -> None:
    tokenizer = make_tokenizer()
    source = tmp_path / "source"
    tiny(kind, tokenizer).save_pretrained(source)
    tokenizer.save_pretrained(source)

    run(source, tmp_path, train={"max_steps": 2}, max_length=12)

    target = tmp_path / "encoder"
    before, after = load_encoder(source), load_encoder(target)
    assert type(after) is type(before)
    assert (target / "config.json").read_bytes() == (source / "config.json").read_bytes()
    assert after.state_dict().keys() == before.state_dict().keys()
    # plain names, as AutoModel writes them: nothing of the head
    assert set(load_file(target / "model.safetensors")) == set(before.state_dict())
    embeddings = after.get_input_embeddings().weight
    assert not embeddings.equal(before.get_input_embeddings().weight)
    assert (
        transformers.AutoModel.from_pretrained(target)
        .get_input_embeddings()
        .weight.equal(embeddings)
    )
    written = {file.name for file in source.iterdir()} - {"config.json", "model.safetensors"}
    assert written >= {"tokenizer.json", "tokenizer_config.json"}
    for name in written:
        assert (target / name).read_bytes() == (source / name).read_bytes()


def test_decoder_is_the_embeddings_in_memory(encoder: Path) -> None:
    model = load_masked_model(encoder, tiny_tokenizer())
    assert is_tied(model)
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(2.0)
    assert model.get_output_embeddings().weight.unique().tolist() == [2.0]


def batch(model: Any) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, model.config.vocab_size, (3, 7), generator=generator)
    labels = ids.clone()
    labels[torch.rand((3, 7), generator=generator) < 0.7] = -100
    assert 0 < (labels != -100).sum() < labels.numel()
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, labels


def untied(encoder: Path) -> Any:
    config = transformers.AutoConfig.from_pretrained(encoder, tie_word_embeddings=False)
    return transformers.BertForMaskedLM(config).eval()


def of_another_layout() -> Any:
    """What it calls its output embeddings is a layer below the vocabulary."""
    config = transformers.DebertaV2Config(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, legacy=False,
    )  # fmt: skip
    return transformers.DebertaV2ForMaskedLM(config).eval()


@pytest.mark.parametrize("kind", ["tied", "untied", "another layout"])
def test_criterion_is_cross_entropy_over_all_scores(encoder: Path, kind: str) -> None:
    makers = {
        "tied": lambda: load_masked_model(encoder, tiny_tokenizer()).eval(),
        "untied": lambda: untied(encoder),
        "another layout": of_another_layout,
    }
    model = makers[kind]()
    assert is_tied(model) is (kind == "tied")
    inputs, labels = batch(model)
    expected = model(**inputs, labels=labels).loss
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(expected, parameters, allow_unused=True)

    loss = masked_criterion(model)(model(**inputs), labels)

    torch.testing.assert_close(loss, expected)
    ours = torch.autograd.grad(loss, parameters, allow_unused=True)
    assert sum(gradient is not None for gradient in ours) > 20
    for gradient, theirs in zip(ours, gradients, strict=True):
        assert (gradient is None) is (theirs is None)
        if gradient is not None:
            torch.testing.assert_close(gradient, theirs)


def test_criterion_scores_masked_tokens_only(encoder: Path) -> None:
    model = load_masked_model(encoder, tiny_tokenizer()).eval()
    inputs, _ = batch(model)
    masked_criterion(model)
    assert model(**inputs).logits.shape == (3, 7, 16)


def test_criterion_scores_in_bf16_where_training_does(encoder: Path) -> None:
    model = load_masked_model(encoder, tiny_tokenizer()).eval()
    inputs, labels = batch(model)
    single, half = masked_criterion(model), masked_criterion(model, bf16=True)
    outputs = model(**inputs)
    assert half(outputs, labels) != single(outputs, labels)
    torch.testing.assert_close(half(outputs, labels), single(outputs, labels), atol=0.01, rtol=0)


def test_criterion_counts_over_accumulated_batches(encoder: Path) -> None:
    model = load_masked_model(encoder, tiny_tokenizer()).eval()
    inputs, labels = batch(model)
    criterion = masked_criterion(model)
    outputs = model(**inputs)
    count = (labels != -100).sum()
    expected = criterion(outputs, labels) * count / 100
    torch.testing.assert_close(criterion(outputs, labels, torch.tensor(100)), expected)


def test_nothing_masked_costs_nothing(encoder: Path) -> None:
    model = load_masked_model(encoder, tiny_tokenizer()).eval()
    inputs, labels = batch(model)
    loss = masked_criterion(model)(model(**inputs), torch.full_like(labels, -100))
    loss.backward()
    assert loss.item() == 0
    assert all(w.grad is None or w.grad.isfinite().all() for w in model.parameters())


def test_accumulated_batches_learn_as_one(encoder: Path, tmp_path: Path) -> None:
    """Plain SGD, nothing random but the masks: 2 × 2 rows and 4 rows make the same step."""
    model = copied(encoder, tmp_path / "source")
    changed_json(model / "config.json", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    train = {"optim": "sgd", "max_steps": 1, "train_sampling_strategy": "sequential",
             "max_grad_norm": 0.0, "learning_rate": 10.0}  # fmt: skip
    lines = ["가나다라마바사아자차카타파하" * 4] * 4
    norms = []
    for size, steps in ((4, 1), (1, 4)):
        batches = {"per_device_train_batch_size": size, "gradient_accumulation_steps": steps}
        run(model, tmp_path / str(size), lines=lines, train={**train, **batches})
        after = load_encoder(tmp_path / str(size) / "encoder").state_dict()
        before = load_encoder(model).state_dict()
        norms.append(sum((after[name] - before[name]).norm().item() for name in after))
    assert norms[0] == pytest.approx(norms[1], rel=0.3)


def spy_on_masking(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list to which every batch adds its labels, -100 where nothing is masked."""
    mask = transformers.DataCollatorForLanguageModeling.torch_mask_tokens
    batches: list[Any] = []

    def spy(self: Any, inputs: Any, **kwargs: Any) -> Any:
        masked, labels = mask(self, inputs, **kwargs)
        batches.append(labels)
        return masked, labels

    monkeypatch.setattr(transformers.DataCollatorForLanguageModeling, "torch_mask_tokens", spy)
    return batches


def test_same_seed_gives_the_same_bytes(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = spy_on_masking(monkeypatch)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(encoder, tmp_path / name, seed=seed, train={"max_steps": 3})
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert weights(tmp_path / "a") != weights(tmp_path / "c")
    masked = [[labels.tolist() for labels in batches[i : i + 3]] for i in (0, 3, 6)]
    assert masked[0] == masked[1]
    # not the head's first weights alone depend on the seed
    assert masked[0] != masked[2]


class InterruptionError(RuntimeError):
    pass


def test_interrupted_pretraining_resumes_and_ends_as_if_it_had_not_been(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    train = {"num_train_epochs": 3}
    whole = run(encoder, tmp_path / "whole", train=train)
    mask = transformers.DataCollatorForLanguageModeling.torch_mask_tokens
    batches = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal batches
        batches += 1
        if batches > 7:  # 3 steps an epoch: in the last one
            raise InterruptionError
        return mask(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(transformers.DataCollatorForLanguageModeling, "torch_mask_tokens", failing)
        with pytest.raises(InterruptionError):
            run(encoder, tmp_path / "cut", train=train)
    assert not (tmp_path / "cut" / "encoder").exists()
    (checkpoint,) = (tmp_path / "cut" / "checkpoints").glob("*/checkpoint-*")
    assert checkpoint.name == "checkpoint-6"

    batches = spy_on_masking(monkeypatch)
    with caplog.at_level(logging.INFO, logger="gwangye"):
        resumed = run(encoder, tmp_path / "cut", train=train)

    assert f"resuming from {checkpoint}" in caplog.text
    assert len(batches) == 3
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert resumed == whole
    assert not list((tmp_path / "cut" / "checkpoints").iterdir())


class Stop(Exception):  # noqa: N818
    pass


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The trainers that were to train; training itself raises ``Stop``."""
    trainers: list[Any] = []

    def stop(trainer: Any, **_: Any) -> None:
        trainers.append(trainer)
        raise Stop

    monkeypatch.setattr(transformers.Trainer, "train", stop)
    return trainers


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"lines": TEXTS[1:]}, {"mlm_probability": 0.2}, {"train": {"weight_decay": 0.1}}],
)
def test_checkpoints_of_another_pretraining_are_not_resumed(
    encoder: Path, tmp_path: Path, started: list[Any], change: dict[str, Any]
) -> None:
    other = copied(encoder, tmp_path / "other")
    changed_json(other / "config.json", hidden_dropout_prob=0.0)
    for source, options in ((encoder, {}), (encoder, change), (other, {}), (encoder, {})):
        with pytest.raises(Stop):
            run(source, tmp_path, **options)
    folders = [trainer.args.output_dir for trainer in started]
    assert len(set(folders)) == 3
    assert folders[0] == folders[3]


@pytest.mark.parametrize(
    ("bf16", "fast", "expected"),
    [("auto", True, True), ("auto", False, False), (None, True, True), (False, True, False)],
)
def test_bf16_where_the_processor_has_it(
    encoder: Path,
    tmp_path: Path,
    started: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    bf16: Any,
    fast: bool,
    expected: bool,
) -> None:
    monkeypatch.setattr("gwangye.training.arguments.has_fast_bf16", lambda: fast)
    train = {} if bf16 is None else {"bf16": bf16}
    with pytest.raises(Stop):
        pretrain(encoder, TEXTS, tmp_path / "encoder", options=Pretraining(train=train), seed=1,
                 checkpoints_root=tmp_path)  # fmt: skip
    assert started[0].args.bf16 is expected


def test_trains_in_bf16(encoder: Path, tmp_path: Path) -> None:
    """The weights stay single; what is computed differs by rounding."""
    run(encoder, tmp_path / "a", train={"bf16": True, "max_steps": 2})
    run(encoder, tmp_path / "b", train={"bf16": False, "max_steps": 2})
    single, half = (load_encoder(tmp_path / name / "encoder") for name in ("b", "a"))
    assert half.dtype == torch.float32
    a, b = half.get_input_embeddings().weight, single.get_input_embeddings().weight
    assert not a.equal(b)
    torch.testing.assert_close(a, b, atol=0.03, rtol=0)


def test_rows_have_no_segments(encoder: Path, tmp_path: Path, started: list[Any]) -> None:
    """Not every encoder takes them, and those that do assume one segment."""
    with pytest.raises(Stop):
        run(encoder, tmp_path)
    keys = {"input_ids", "attention_mask", "special_tokens_mask"}
    assert {frozenset(row) for row in started[0].train_dataset} == {frozenset(keys)}
    assert len(started[0].train_dataset) == len(TEXTS)


def test_long_sentences_are_cut_and_counted(
    encoder: Path, tmp_path: Path, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = spy_on_masking(monkeypatch)
    lines = ["가" * length for length in (2, 6, 7, 30)]
    with caplog.at_level(logging.INFO, logger="gwangye"):
        run(encoder, tmp_path, lines=lines, max_length=8, train={"max_steps": 1})
    # with [CLS] and [SEP] 4, 8, 9 and 32 tokens
    assert "4 distinct sentences, 2 cut to 8 tokens" in caplog.text
    assert [tuple(labels.shape) for labels in batches] == [(4, 8)]


def test_batches_are_grouped_by_length(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = spy_on_masking(monkeypatch)
    train = {"per_device_train_batch_size": 2}
    run(encoder, tmp_path, lines=["가" * 4, "가" * 20] * 32, train=train)
    short = sum(labels.shape[1] == 6 for labels in batches)
    # of 32 batches at most half; in random order a quarter
    assert 12 <= short <= 16


def test_special_tokens_are_never_masked(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = spy_on_masking(monkeypatch)
    lines = ["가나다라", "가나다라마바사아자"]
    run(encoder, tmp_path, lines=lines, mlm_probability=0.99, train={"max_steps": 4})
    # [CLS], [SEP] and the padding of the shorter one; ids below 5 are those of special tokens
    assert len(batches) == 4
    for labels in batches:
        assert (labels[:, 0] == -100).all()
        assert set(range(-99, 5)).isdisjoint(labels.flatten().tolist())
        assert (labels != -100).sum() >= 10


TRAIN_SENTENCES, TEST_SENTENCES = ["하나", "둘", "하나"], ["셋", "둘", "셋"]
TASK = Task(["no_relation"], "no_relation", ["PER"])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [("train", ["하나", "둘"]), ("test", ["셋", "둘"]), ("both", ["하나", "둘", "셋"])],
)
def test_sentences_are_distinct_and_of_the_part(texts: Any, expected: list[str]) -> None:
    """The tables have no other column: who reads a label fails."""
    train, test = (pd.DataFrame({"sentence": s}) for s in (TRAIN_SENTENCES, TEST_SENTENCES))
    assert sentences(Dataset(train, test, TASK), texts) == expected


def canonical(sentences: list[str], label: str) -> pd.DataFrame:
    row = {"subject_word": "하", "subject_start": 0, "subject_end": 1, "subject_type": "PER",
           "object_word": "나", "object_start": 1, "object_end": 2, "object_type": "PER",
           "label": label, "source": None}  # fmt: skip
    rows = [{"guid": str(i), "sentence": s, **row} for i, s in enumerate(sentences)]
    return make_frame({name: [row[name] for row in rows] for name in rows[0]})


def test_stage(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """Labels differ, and the encoders do not: labels are not read."""
    monkeypatch.chdir(tmp_path)
    options = Pretraining(texts="test", train={**TRAIN, "max_steps": 2})
    params: Any = SimpleNamespace(pretrain={"tapt": options}, seed=3)
    for name in ("a", "b"):
        train, test = canonical(TRAIN_SENTENCES, name), canonical(TEST_SENTENCES, name)
        Dataset(train, test, TASK).write(Path(name, "split"))
        with caplog.at_level(logging.INFO):
            main(params, "tapt", f"{name}/split", str(encoder), f"{name}/encoder")
        assert "2 distinct sentences, 0 cut" in caplog.text
        assert "tapt: first_loss" in caplog.text
    assert weights(Path("a")) == weights(Path("b"))
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", ".cache"}


def test_no_text(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no sentence to pretrain on \(texts: test\)"):
        run(encoder, tmp_path, lines=[], texts="test")


def test_tokenizer_without_mask_token(encoder: Path, tmp_path: Path) -> None:
    source = copied(encoder, tmp_path / "source")
    tokenizer = tiny_tokenizer()
    tokenizer.mask_token = None
    tokenizer.save_pretrained(source)
    with pytest.raises(DataError, match="no mask token.* Set `mask_token` in its tokenizer_config"):
        run(source, tmp_path)


def test_remedy_for_a_mask_token_works(encoder: Path, tmp_path: Path) -> None:
    """A mask token beyond the vocabulary gets an embedding, as markers do before training."""
    source = copied(encoder, tmp_path / "source")
    tokenizer = tiny_tokenizer()
    tokenizer.mask_token = None
    tokenizer.save_pretrained(source)
    changed_json(source / "tokenizer_config.json", mask_token="[GUESS]")
    run(source, tmp_path, train={"max_steps": 1})
    before, after = load_encoder(source), load_encoder(tmp_path / "encoder")
    assert after.config.vocab_size == before.config.vocab_size + 1
    assert after.get_input_embeddings().num_embeddings == after.config.vocab_size


def test_max_length_beyond_what_the_encoder_reads(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="max_length is 513, .* reads at most 512 tokens"):
        run(encoder, tmp_path, max_length=513)


def test_architecture_without_masked_language_model(encoder: Path, tmp_path: Path) -> None:
    source = copied(encoder, tmp_path / "source")
    config = transformers.GPT2Config(n_layer=1, n_embd=16, n_head=2, vocab_size=40)
    transformers.GPT2Model(config).save_pretrained(source)
    with pytest.raises(DataError, match="'gpt2', for which transformers has no masked-language"):
        run(source, tmp_path)


def test_missing_encoder_weights(encoder: Path, tmp_path: Path) -> None:
    source = copied(encoder, tmp_path / "source")
    tensors = load_file(source / "model.safetensors")
    del tensors["encoder.layer.0.output.dense.weight"]
    save_file(tensors, source / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="lacks 1 weights of the encoder, first 'bert.encoder.lay"):
        run(source, tmp_path)


def test_fresh_output_weights_that_are_not_tied(encoder: Path, tmp_path: Path) -> None:
    source = copied(encoder, tmp_path / "source")
    changed_json(source / "config.json", tie_word_embeddings=False)
    with pytest.raises(DataError, match="Set tie_word_embeddings to true in its config.json"):
        run(source, tmp_path)


def test_fresh_head_is_no_warning(encoder: Path, caplog: Any) -> None:
    """An encoder without the head's bias is corrupted, says transformers."""
    with caplog.at_level(logging.INFO):
        model = load_masked_model(encoder, tiny_tokenizer())
    (record,) = caplog.records
    assert record.getMessage().startswith("fresh weights of the head: cls.predictions.bias, ")
    assert model.get_output_embeddings().bias is model.cls.predictions.bias
    assert not model.cls.predictions.bias.any()
    assert transformers.logging.get_verbosity() == transformers.logging.WARNING


def test_output_weights_of_its_own_are_trained_further(encoder: Path, tmp_path: Path) -> None:
    source = copied(encoder, tmp_path / "source")
    untied(encoder).save_pretrained(source)
    run(source, tmp_path, train={"max_steps": 1})
    assert type(load_encoder(tmp_path / "encoder")) is transformers.BertModel


def test_half_precision_weights_are_trained_in_single(encoder: Path, tmp_path: Path) -> None:
    source = copied(encoder, tmp_path / "source")
    load_encoder(encoder).half().save_pretrained(source)
    run(source, tmp_path, train={"max_steps": 1})
    assert load_encoder(tmp_path / "encoder").dtype == torch.float32


def test_divergence_is_an_error(encoder: Path, tmp_path: Path) -> None:
    train = {"learning_rate": 1e38, "max_grad_norm": 0.0, "num_train_epochs": 2}
    with pytest.raises(ParameterError, match="it diverged. Lower learning_rate"):
        run(encoder, tmp_path, train=train)
    assert not (tmp_path / "encoder").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"mlm_probability": 0.0},
        {"mlm_probability": 1.0},
        {"max_length": 7},
        {"texts": "validation"},
        {"mask": 0.1},
    ],
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Pretraining(**options)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({"learning_rat": 1.0}, "pretrain.tapt.train.learning_rat is unknown. Did you mean 'learn"),
        ({"head_learning_rate": 0.1}, "train.head_learning_rate is unknown"),
        ({"layer_decay": 0.9}, "train.layer_decay is unknown"),
        ({"adversarial": {}}, "train.adversarial is unknown"),
        ({"averaging": {}}, "train.averaging is unknown"),
        ({"early_stopping_patience": 3}, "cannot be set: there is no evaluation here"),
        ({"early_stopping_patience": None}, "cannot be set: there is no evaluation here"),
        ({"metric_for_best_model": "loss"}, "cannot be set: there is no evaluation here"),
        ({"label_smoothing_factor": 0.1}, "cannot be set: the loss is cross entropy over"),
        ({"logging_steps": 10}, "cannot be set: the stage logs the loss twenty times"),
        ({"seed": 1}, "pretrain.tapt.train.seed cannot be set: set `seed` at the top"),
        ({"eval_strategy": "epoch"}, "train.eval_strategy is 'epoch'. Allowed: 'no', or leave"),
        ({"save_strategy": "steps"}, "train.save_strategy is 'steps'. Allowed: 'epoch', or leave"),
        ({"learning_rate": -1.0}, "pretrain.tapt.train.learning_rate: .* greater than 0"),
        ({"bf16": "maybe"}, "pretrain.tapt.train.bf16"),
    ],
)
def test_training_arguments_that_make_no_sense(train: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Pretraining(train=train).check("pretrain.tapt")


def test_training_arguments_that_do() -> None:
    train = {"bf16": "auto", "num_train_epochs": 3, "warmup_steps": 0.1, "eval_strategy": "no",
             "save_strategy": "epoch", "train_sampling_strategy": "random"}  # fmt: skip
    Pretraining(train=train).check("pretrain.tapt")
    Pretraining().check("pretrain.tapt")


def test_checking_imports_no_torch() -> None:
    code = (
        "import sys; from gwangye.training.pretraining import Pretraining;"
        "Pretraining(train={'bf16': 'auto'}).check('pretrain.tapt');"
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("set()\n", "")
