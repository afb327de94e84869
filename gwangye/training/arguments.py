"""The ``train`` section: Hugging Face ``TrainingArguments`` under their own names.

Checking happens in every stage, so it must not import transformers (5 s): the names are read from
its source file, the values that people change most are checked here, and the rest by
``TrainingArguments`` itself when the train stage starts. Beside them stand this project's own
arguments, for what the Trainer has no argument for.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gwangye.errors import ParameterError, did_you_mean
from gwangye.model.devices import has_fast_bf16
from gwangye.options import explain
from gwangye.training.adversarial import ADVERSARIAL
from gwangye.training.averaging import AVERAGING

if TYPE_CHECKING:
    from transformers import TrainingArguments

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]

FIXED_ARGUMENTS = {
    "output_dir": "the stage keeps its checkpoints in a folder of its own",
    "seed": "set `seed` at the top of the parameters",
    "data_seed": "set `seed` at the top of the parameters",
    "report_to": "DVCLive records the learning curves",
    "remove_unused_columns": "the model reads the entity positions",
    "label_smoothing_factor": "set `loss.label_smoothing`",
    "load_best_model_at_end": "the best checkpoint is always kept",
    "resume_from_checkpoint": "an interrupted stage resumes by itself",
}
"""TrainingArguments that the pipeline decides, and what to do instead."""


class OwnArguments(BaseModel):
    """What the Hugging Face Trainer has no argument for.

    Example:
        train: {learning_rate: 0.0001, head_learning_rate: 0.001, layer_decay: 0.9}

    References:
        Temperature: Guo et al. 2017, arXiv 1706.04599.
        Learning rates by layer: Sun et al. 2019, arXiv 1905.05583
    """

    model_config = ConfigDict(extra="allow", strict=True)

    early_stopping_patience: Count | None = Field(
        None, description="stop after this many evaluations that are no better; null: never"
    )
    calibrate: bool = Field(
        True, description="fit a temperature to the validation rows and keep it with the model"
    )
    head_learning_rate: Positive | None = Field(
        None, description="learning rate of the head; null: `learning_rate`"
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0,
        description="factor of the learning rate from a layer to the one below; 1: all the same",
    )
    adversarial: dict[str, Any] = Field(
        {"name": "none"}, description="adversarial training: `name` and its options"
    )
    averaging: dict[str, Any] = Field(
        {"name": "none"}, description="weight averaging: `name` and its options"
    )


class CheckedArguments(OwnArguments):
    """The arguments whose values are checked before any work; all others pass as they are."""

    learning_rate: Positive = 5e-5
    num_train_epochs: Positive = 3.0
    max_steps: int = -1
    per_device_train_batch_size: Count = 8
    per_device_eval_batch_size: Count = 8
    gradient_accumulation_steps: Count = 1
    warmup_steps: NotNegative = 0
    weight_decay: NotNegative = 0.0
    max_grad_norm: NotNegative = 1.0
    adam_epsilon: Positive = 1e-8
    eval_strategy: Literal["no", "steps", "epoch"] = "epoch"
    save_strategy: Literal["no", "steps", "epoch", "best"] = "epoch"
    train_sampling_strategy: Literal["random", "sequential", "group_by_length"] = "group_by_length"
    metric_for_best_model: Literal["micro_f1", "auprc", "accuracy", "loss"] = "micro_f1"
    bf16: bool | Literal["auto"] = "auto"


@functools.cache
def training_argument_names() -> frozenset[str]:
    """Return the field names of ``TrainingArguments``, without importing transformers."""
    spec = importlib.util.find_spec("transformers")
    if spec is None or spec.origin is None:
        raise ParameterError("transformers is not installed. Run `make install`.")
    source = Path(spec.origin).with_name("training_args.py").read_text(encoding="utf-8")
    names = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments":
            fields = (item for item in node.body if isinstance(item, ast.AnnAssign))
            names = {item.target.id for item in fields if isinstance(item.target, ast.Name)}
    return frozenset(names)


def check_arguments(
    values: Mapping[str, Any], where: str, fixed: Mapping[str, str], own: Collection[str] = ()
) -> CheckedArguments:
    """Check the names and the common values of training arguments, and return the values.

    Args:
        values: The arguments by name.
        where: Their path in the parameters, for messages.
        fixed: Names that cannot be set, and what to do instead.
        own: Names that are allowed beside those of ``TrainingArguments``.

    Raises:
        ParameterError: A name is unknown or not to be set, or a value is out of range.
    """
    allowed = (training_argument_names() - set(fixed)) | set(own)
    beside = f", and {', '.join(own)}" if own else ""
    for key in values:
        if key in fixed:
            raise ParameterError(f"{where}.{key} cannot be set: {fixed[key]}.")
        if key not in allowed:
            near = did_you_mean(str(key), allowed).split("Allowed:")[0]
            raise ParameterError(
                f"{where}.{key} is unknown. {near}Allowed: the fields of transformers' "
                f"TrainingArguments{beside}."
            )
    try:
        return CheckedArguments(**values)
    except ValidationError as error:
        raise ParameterError(explain(error, where)) from error


def check_training_arguments(values: Mapping[str, Any], where: str) -> None:
    """Check the names, the common values and the pairs of a ``train`` section.

    Raises:
        ParameterError: A name is unknown or not to be set, a value is out of range, or two
            arguments contradict each other.
    """
    checked = check_arguments(values, where, FIXED_ARGUMENTS, OwnArguments.model_fields)
    if checked.eval_strategy != checked.save_strategy:
        raise ParameterError(
            f"{where}.save_strategy is {checked.save_strategy!r} and eval_strategy is "
            f"{checked.eval_strategy!r}: they must be the same, so that the best checkpoint is "
            "one that was evaluated."
        )
    if checked.eval_strategy == "no" and checked.early_stopping_patience is not None:
        raise ParameterError(
            f"{where}.early_stopping_patience needs evaluations: set eval_strategy to `epoch` or "
            "`steps`, or early_stopping_patience to null."
        )
    ADVERSARIAL.build(checked.adversarial, f"{where}.adversarial")
    AVERAGING.build(checked.averaging, f"{where}.averaging")


def build_training_arguments(
    values: Mapping[str, Any], *, output_dir: Path, seed: int
) -> TrainingArguments:
    """Turn checked arguments into ``TrainingArguments``.

    Args:
        values: As the parameters give them; ``bf16: auto`` becomes what the machine computes well
            with, and this project's own arguments are left out.
        output_dir: Folder for checkpoints.
        seed: Seed of weights, order and dropout.
    """
    import torch
    from transformers import TrainingArguments

    checked = CheckedArguments(**values)
    gpu = torch.cuda.is_available()
    defaults = {"use_cpu": not gpu, "dataloader_pin_memory": gpu, "save_total_limit": 1}
    theirs = {k: v for k, v in values.items() if k not in OwnArguments.model_fields}
    decided = {
        "output_dir": str(output_dir),
        "seed": seed,
        "bf16": has_fast_bf16() if checked.bf16 == "auto" else checked.bf16,
        "eval_strategy": checked.eval_strategy,
        "save_strategy": checked.save_strategy,
        "metric_for_best_model": checked.metric_for_best_model,
        "greater_is_better": checked.metric_for_best_model != "loss",
        "load_best_model_at_end": checked.eval_strategy != "no",
        "report_to": [],
        "remove_unused_columns": False,
    }
    return TrainingArguments(**{**defaults, **theirs, **decided})
