"""Train one model: one variant, one fold, one seed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.errors import DataError
from gwangye.inputs.tokens.tokenising import tokenise
from gwangye.training.augmentation import Augmentation, augment, for_task

if TYPE_CHECKING:
    from dvclive import Live
    from transformers import PreTrainedTokenizerBase

    from gwangye.examples import Example, Task
    from gwangye.inputs.features.table import FeatureTable
    from gwangye.inputs.markers.input_form import InputForm
    from gwangye.model.relation_model import RelationModel
    from gwangye.training.losses import Loss
    from gwangye.training.variants import ResolvedVariant


@dataclass(frozen=True)
class AugmentedRows:
    """Makes the training rows of an epoch: each drawn by seed, epoch and its place alone.

    Tokenising all of them at once takes a hundredth of the epoch that trains on them.

    The examples have labels, and the tokenizer has the form's markers.
    """

    examples: Sequence[Example]
    tokenizer: PreTrainedTokenizerBase
    form: InputForm
    task: Task
    augmentations: Mapping[str, Augmentation]
    seed: int

    def __call__(self, epoch: int) -> FeatureTable:
        """Return the rows of an epoch, from 0, in the order of the examples."""
        pieces = for_task(self.augmentations, self.task.labels, "augment")
        rows = [
            augment(example, pieces, np.random.default_rng([self.seed, epoch, i]))
            for i, example in enumerate(self.examples)
        ]
        labels = pd.DataFrame({"label": [row.label for row in rows]}, dtype="object")
        return tokenise(rows, self.tokenizer, self.form).with_columns(
            parts=["train"] * len(rows),
            folds=[-1] * len(rows),
            label_ids=self.task.label_ids(labels).tolist(),
        )


def train_variant(
    variant: ResolvedVariant,
    features: Path,
    encoder: Path,
    *,
    fold: int,
    seed: int,
    out: Path,
    curves_dir: Path,
    checkpoints_root: Path,
) -> dict[str, float]:
    """Train a variant on all labelled rows outside a fold and save the model.

    ``features`` and ``encoder`` are the folders that their stages write; the seed is that of the
    head's weights, order and dropout. Checkpoints are kept below ``checkpoints_root``, in a folder
    of their own for each configuration and data.

    Returns:
        The best checkpoint's scores; see :func:`train_model`.
    """
    from transformers import AutoTokenizer, set_seed

    from gwangye.inputs.features.folder import FeatureFolder
    from gwangye.model.relation_model import new_model, save_model
    from gwangye.training.checkpoints import configuration_key

    source = FeatureFolder.read(features)
    form, task = source.form, source.task
    tokenizer = AutoTokenizer.from_pretrained(source.tokenizer)
    set_seed(seed)
    head = {"name": variant.head_name, **variant.head.model_dump()}
    model = new_model(encoder, tokenizer, head=head, form=form, task=task)
    labelled = source.table.select((source.table.label_ids >= 0) & (source.table.parts == "train"))
    training = labelled.select(~labelled.validates(fold))
    augmented = None
    if variant.augment:
        examples = source.examples(training.guids)
        augmented = AugmentedRows(examples, tokenizer, form, task, variant.augment, seed)
    settings = {"variant": variant.model_dump(), "seed": seed, "fold": fold}
    files = [features / "features.parquet", *sorted(encoder.glob("*.safetensors"))]
    scores = train_model(
        model,
        tokenizer,
        training,
        labelled.select(labelled.validates(fold)),
        task=task,
        loss=variant.loss,
        arguments=variant.train,
        seed=seed,
        curves_dir=curves_dir,
        checkpoints_dir=checkpoints_root / configuration_key(settings, files),
        augmented=augmented,
    )
    save_model(model, tokenizer, out)
    return scores


def train_model(
    model: RelationModel,
    tokenizer: PreTrainedTokenizerBase,
    training: FeatureTable,
    validation: FeatureTable,
    *,
    task: Task,
    loss: Loss,
    arguments: Mapping[str, Any],
    seed: int,
    curves_dir: Path,
    checkpoints_dir: Path,
    augmented: Callable[[int], FeatureTable] | None = None,
) -> dict[str, float]:
    """Fine-tune a model in place; it ends with the weights of its best evaluation, calibrated.

    All rows are labelled; those of ``validation`` choose the best checkpoint and fit the
    temperature, those of ``training`` give the class weights. ``arguments`` is the checked
    ``train`` section. ``checkpoints_dir`` is of *this very configuration and data*: training
    resumes from the last checkpoint in it, and removes it at its end. ``augmented`` gives the
    training rows of an epoch (from 0), as many and in the same order.

    Returns:
        The best evaluation's scores (micro_f1, auprc, accuracy in percent; loss), or {} without
        evaluation.

    Raises:
        DataError: There is no training row, or no validation row to choose a checkpoint by; or the
            Git repository has no commit.
    """
    from gwangye.inputs.features.batches import AugmentedDataset, Collator, FeatureDataset
    from gwangye.model.attention import use_fast_attention
    from gwangye.model.devices import keep_freed_memory
    from gwangye.model.dropout import use_fast_dropout
    from gwangye.training.arguments import CheckedArguments, build_training_arguments
    from gwangye.training.checkpoints import train_on
    from gwangye.training.trainer import LearningCurves, RelationTrainer

    keep_freed_memory()
    own = CheckedArguments(**arguments)
    hf_arguments = build_training_arguments(arguments, output_dir=checkpoints_dir, seed=seed)
    evaluates = hf_arguments.load_best_model_at_end
    _check_rows(training, validation, evaluates)
    if not hf_arguments.torch_compile:  # the compiler has dropout and attention of its own
        use_fast_dropout(model)
        use_fast_attention(model.encoder)
    outputs: dict[int, Any] = {}  # logits and labels of each evaluation, by step

    def step() -> int:
        return int(trainer.state.global_step)

    class_counts = np.bincount(training.label_ids, minlength=len(task.labels))
    with _recorder(curves_dir) as live:
        trainer = RelationTrainer(
            model=model,
            args=hf_arguments,
            own=own,
            criterion=loss.build(class_counts.tolist(), task.labels),
            penalty=loss.penalty(),
            train_dataset=(
                AugmentedDataset(augmented) if augmented is not None else FeatureDataset(training)
            ),
            eval_dataset=FeatureDataset(validation) if evaluates else None,
            data_collator=Collator(tokenizer.pad_token_id),
            processing_class=tokenizer,
            compute_metrics=_metrics_of(task, lambda found: outputs.update({step(): found})),
            callbacks=[LearningCurves(live)],
        )
        train_on(trainer, checkpoints_dir)
    if own.calibrate and len(validation):
        # labels in the order of the logits: grouped by length, rows come in another one
        found = outputs.get(trainer.state.best_global_step or -1)
        if found is None:  # not evaluated, or before an interruption
            found = trainer.predict(FeatureDataset(validation))
        model.config.softmax_temperature = calibrate(found.predictions, found.label_ids, curves_dir)
    shutil.rmtree(checkpoints_dir, ignore_errors=True)
    return _best_scores(trainer.state)


def calibrate(logits: NDArray[np.floating], true: NDArray[np.integer], folder: Path) -> float:
    """Fit a temperature to rows that the model was not trained on; write ``calibration.json``.

    The logits are (rows, relations), the true label ids (rows,).
    """
    from scipy.special import softmax

    from gwangye.files import write_json
    from gwangye.model.temperature import fit_temperature

    temperature = fit_temperature(softmax(logits.astype(np.float64), axis=-1), true)
    write_json({"temperature": round(temperature, 4)}, folder / "calibration.json")
    return temperature


def _recorder(folder: Path) -> Live:
    from dvclive import Live
    from scmrepo.exceptions import SCMError

    try:
        return Live(str(folder), dvcyaml=None, save_dvc_exp=False, report=None)
    except SCMError as error:
        raise DataError(
            f"The learning curves cannot be recorded: {str(error).rstrip('.')}. DVCLive asks Git "
            "for the commit that it is on: make a first one (`git add -A`, `git commit`)."
        ) from error


def _check_rows(training: FeatureTable, validation: FeatureTable, evaluates: bool) -> None:
    if len(training) == 0:
        raise DataError("There is no training row: split.folds leaves none. Use more rows.")
    if evaluates and len(validation) == 0:
        raise DataError(
            "There is no validation row to choose the best checkpoint by. Lower split.num_folds, "
            "or set train.eval_strategy and train.save_strategy to `no`."
        )


def _metrics_of(task: Task, keep: Callable[[Any], None]) -> Any:
    from scipy.special import softmax

    from gwangye.metrics import score

    def compute(evaluation: Any) -> dict[str, float]:
        keep(evaluation)
        logits, true = evaluation.predictions, evaluation.label_ids
        probabilities = softmax(logits.astype(np.float64), axis=-1)
        return score(true, probabilities, task.labels, task.negative_label)._asdict()

    return compute


def _best_scores(state: Any) -> dict[str, float]:
    evaluations = [entry for entry in state.log_history if "eval_micro_f1" in entry]
    best = [entry for entry in evaluations if entry["step"] == state.best_global_step]
    names = ("micro_f1", "auprc", "accuracy", "loss")
    return {name: best[-1][f"eval_{name}"] for name in names} if best else {}
