"""The Hugging Face Trainer with this project's loss and optimisation, and its learning curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback

from gwangye.training.adversarial import ADVERSARIAL, NoAdversarial, disturbed, recorded
from gwangye.training.averaging import AVERAGING, Averaging, NoAveraging
from gwangye.training.embedding_rows import RowAdamW, clip_grad_norm
from gwangye.training.grouping import LengthGroupedSampler
from gwangye.training.learning_rates import parameter_groups

if TYPE_CHECKING:
    from dvclive import Live
    from torch.optim import Optimizer
    from torch.utils.data import Sampler

    from gwangye.training.arguments import OwnArguments

Criterion = Callable[[Tensor, Tensor], Tensor]

AVERAGE_FILE = "average.safetensors"
_COUNT = "steps in the average"


class RelationTrainer(Trainer):
    """Trainer whose loss is a registered one, with what the Trainer has no argument for.

    Args:
        own: What the Trainer has no argument for.
        criterion: (logits (batch, num_labels), labels (batch,)) → scalar.
        penalty: R-Drop's term: (logits, logits of a second pass with other dropout) → scalar, or
            None for a single pass.
        **kwargs: As for :class:`transformers.Trainer`.
    """

    def __init__(
        self,
        *,
        own: OwnArguments,
        criterion: Criterion,
        penalty: Criterion | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.own = own
        self.criterion = criterion
        self.penalty = penalty
        self.adversarial = ADVERSARIAL.build(own.adversarial, "train.adversarial")
        self.average: AveragedWeights | None = None
        averaging = AVERAGING.build(own.averaging, "train.averaging")
        if not isinstance(averaging, NoAveraging):
            self.average = AveragedWeights(averaging, self.model)
            self.add_callback(self.average)
        if own.early_stopping_patience is not None:
            self.add_callback(EarlyStoppingCallback(own.early_stopping_patience))

    def create_optimizer(self, model: nn.Module | None = None) -> Optimizer:
        """Return the optimizer: learning rates by depth, embeddings by the rows that are read."""
        if self.own.head_learning_rate is not None or self.own.layer_decay != 1:
            target = model or self.model
            groups = parameter_groups(
                target,
                learning_rate=self.args.learning_rate,
                head_learning_rate=self.own.head_learning_rate,
                layer_decay=self.own.layer_decay,
                weight_decay=self.args.weight_decay,
                decayed=set(self.get_decay_parameter_names(target)),
            )
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, target)
            self.optimizer = kind(groups, **options)
        # makes the optimizer if there is none
        optimizer = super().create_optimizer(model)
        embedding = self.model.get_input_embeddings()
        # an average reads all weights at every step, so there is nothing to put off; and compiled
        # code neither makes sparse gradients nor calls hooks that look rows up
        apart = self.average is None and not self.args.torch_compile
        if apart and RowAdamW.suits(optimizer, embedding):
            self.optimizer = RowAdamW(optimizer.param_groups, embedding)
            self.accelerator.clip_grad_norm_ = clip_grad_norm
        return self.optimizer

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Sampler[int] | None:
        """Return the order of the rows; grouped by length, with less padding than transformers'."""
        grouped = self.args.train_sampling_strategy == "group_by_length"
        if grouped and self.args.world_size == 1:
            return LengthGroupedSampler(
                self.train_dataset, self.args.train_batch_size, self.args.seed
            )
        sampler: Sampler[int] | None = super()._get_train_sampler(*args, **kwargs)
        return sampler

    def training_step(
        self, model: nn.Module, inputs: dict[str, Tensor], num_items_in_batch: Any = None
    ) -> Tensor:
        """Pass a batch forward and backward: as it is, and disturbed if wanted."""
        if isinstance(self.adversarial, NoAdversarial):
            return super().training_step(model, inputs, num_items_in_batch)
        embedding = self.model.get_input_embeddings()
        with recorded(embedding) as outputs:
            loss = super().training_step(model, inputs, num_items_in_batch)
        moves = [self.adversarial.perturbation(o.grad) for o in outputs if o.grad is not None]
        with disturbed(embedding, moves):
            super().training_step(model, inputs, num_items_in_batch)
        return loss

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluate the average of the weights where there is one."""
        if self.average is None:
            return super().evaluate(*args, **kwargs)
        with self.average.applied():
            return super().evaluate(*args, **kwargs)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the loss of a batch, and the model's output if ``return_outputs``."""
        labels = inputs["labels"]
        features = {key: value for key, value in inputs.items() if key != "labels"}
        outputs = model(**features)
        loss = self.criterion(outputs.logits, labels)
        if self.penalty is not None and model.training:
            second = model(**features).logits
            loss = (loss + self.criterion(second, labels)) / 2 + self.penalty(
                outputs.logits, second
            )
        return (loss, outputs) if return_outputs else loss


class AveragedWeights(TrainerCallback):
    """The running average of the weights: kept beside checkpoints, the model's own at the end.

    Args:
        averaging: How much the newest weights count.
        model: Whose weights.
    """

    def __init__(self, averaging: Averaging, model: nn.Module) -> None:
        self.averaging = averaging
        self.model = model
        self.count = 0
        self.weights: dict[str, Tensor] = {}

    def update(self, step: int, max_steps: int) -> None:
        """Take the model's present weights into the average."""
        share = self.averaging.share(step, max_steps, self.count)
        if share == 0:
            return
        for name, weight in self.model.named_parameters():
            if name in self.weights:
                self.weights[name].lerp_(weight.detach(), share)
            else:
                self.weights[name] = weight.detach().clone()
        self.count += 1

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let the model have the average inside, and its own weights again outside."""
        own = {name: weight.detach().clone() for name, weight in self.model.named_parameters()}
        self.apply()
        try:
            yield
        finally:
            self.model.load_state_dict(own, strict=False)

    def apply(self) -> None:
        """Give the model the average for good, where averaging has begun."""
        self.model.load_state_dict(self.weights, strict=False)

    def save(self, folder: Path) -> None:
        """Write the average beside a checkpoint."""
        save_file({**self.weights, _COUNT: torch.tensor(self.count)}, folder / AVERAGE_FILE)

    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote."""
        weights = load_file(folder / AVERAGE_FILE)
        self.count = int(weights.pop(_COUNT))
        own = dict(self.model.named_parameters())
        self.weights = {name: weight.to(own[name].device) for name, weight in weights.items()}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After an interruption, go on with the checkpoint's average."""
        if state.global_step > 0:
            self.load(_checkpoint(args, state))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the step's weights in."""
        self.update(state.global_step, state.max_steps)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keep the average: the checkpoint holds the weights that training goes on from."""
        self.save(_checkpoint(args, state))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Leave the model with the best checkpoint's average, or the last without evaluation."""
        if state.best_model_checkpoint is not None:
            self.load(Path(state.best_model_checkpoint))
        self.apply()


def _checkpoint(args: Any, state: Any) -> Path:
    return Path(args.output_dir) / f"checkpoint-{state.global_step}"


# Seconds and speeds differ in every run: in a versioned file they would make each diff noisy.
_TIMINGS = ("runtime", "per_second", "total_flos", "_time")


class LearningCurves(TrainerCallback):
    """Records what the Trainer logs as DVCLive metrics, by optimizer step.

    ``transformers.integrations.DVCLiveCallback`` also logs the arguments (with paths) and the
    timings, and counts log calls instead of steps.

    Args:
        live: Where to record; its owner ends it.
    """

    def __init__(self, live: Live) -> None:
        self.live = live

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After an interruption, record again what the checkpoint remembers."""
        for entry in state.log_history:
            self._record(entry["step"], entry)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record a log entry of the Trainer."""
        self._record(state.global_step, kwargs["logs"])

    def _record(self, step: int, logs: dict[str, float]) -> None:
        from dvclive.utils import standardize_metric_name

        self.live.step = step
        for key, value in logs.items():
            if key not in {"step", "epoch"} and not any(word in key for word in _TIMINGS):
                self.live.log_metric(standardize_metric_name(key, "dvclive.huggingface"), value)
        self.live.make_summary()
