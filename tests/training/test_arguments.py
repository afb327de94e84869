from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gwangye.training import arguments
from gwangye.training.arguments import (
    CheckedArguments,
    build_training_arguments,
    training_argument_names,
)


def test_names_read_from_the_source_are_those_of_the_class() -> None:
    from transformers import TrainingArguments

    names = {field.name for field in dataclasses.fields(TrainingArguments)}
    assert training_argument_names() == names


def test_values_arrive_under_their_own_names(tmp_path: Path) -> None:
    built = build_training_arguments(
        {"learning_rate": 0.25, "warmup_steps": 0.1, "early_stopping_patience": 2, "bf16": False},
        output_dir=tmp_path,
        seed=7,
    )
    assert built.learning_rate == 0.25
    assert built.warmup_steps == 0.1
    assert built.seed == 7
    assert built.report_to == []
    assert built.load_best_model_at_end
    assert built.metric_for_best_model == "micro_f1"
    assert built.greater_is_better
    assert not built.bf16


def test_what_is_set_goes_over_what_the_machine_suggests(tmp_path: Path) -> None:
    values = {"use_cpu": True, "save_total_limit": 3, "bf16": False}
    built = build_training_arguments(values, output_dir=tmp_path, seed=1)
    assert (built.use_cpu, built.save_total_limit) == (True, 3)
    plain = build_training_arguments({"bf16": False}, output_dir=tmp_path, seed=1)
    assert plain.save_total_limit == 1


def test_best_by_loss_is_the_lowest(tmp_path: Path) -> None:
    values = {"metric_for_best_model": "loss", "bf16": False}
    assert not build_training_arguments(values, output_dir=tmp_path, seed=1).greater_is_better


def test_without_evaluation_the_last_weights_stay(tmp_path: Path) -> None:
    values = {"eval_strategy": "no", "save_strategy": "no", "bf16": False}
    assert not build_training_arguments(values, output_dir=tmp_path, seed=1).load_best_model_at_end


def test_auto_follows_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for fast in (True, False):
        monkeypatch.setattr(arguments, "has_fast_bf16", lambda fast=fast: fast)
        built = build_training_arguments({"bf16": "auto"}, output_dir=tmp_path, seed=1)
        assert built.bf16 is fast


def test_defaults_of_the_checked_arguments_are_within_their_own_ranges() -> None:
    assert CheckedArguments(**CheckedArguments().model_dump()) == CheckedArguments()
