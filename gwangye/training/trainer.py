"""The Hugging Face Trainer with this project's loss, and its learning curves in DVCLive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor
from transformers import Trainer, TrainerCallback

if TYPE_CHECKING:
    from dvclive import Live
    from transformers import TrainerControl, TrainerState, TrainingArguments

Criterion = Callable[[Tensor, Tensor], Tensor]


class RelationTrainer(Trainer):
    """Trainer whose loss is a registered one.

    Args:
        criterion: (logits (batch, num_labels), labels (batch,)) → scalar.
        penalty: R-Drop's term: (logits, logits of a second pass with other dropout) → scalar, or
            None for a single pass.
        **kwargs: As for :class:`transformers.Trainer`.
    """

    def __init__(
        self,
        *,
        criterion: Criterion,
        penalty: Criterion | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.criterion = criterion
        self.penalty = penalty

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

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After an interruption, record again what the checkpoint remembers."""
        for entry in state.log_history:
            self._record(entry["step"], entry)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Record a log entry of the Trainer."""
        self._record(state.global_step, logs or {})

    def _record(self, step: int, logs: dict[str, float]) -> None:
        from dvclive.utils import standardize_metric_name

        self.live.step = step
        for key, value in logs.items():
            if key not in {"step", "epoch"} and not any(word in key for word in _TIMINGS):
                self.live.log_metric(standardize_metric_name(key, "dvclive.huggingface"), value)
        self.live.make_summary()
