"""Training speed: this project's engine against two settings of the plain Hugging Face Trainer.

All train the same model (``gwangye.model.relation_model.new_model``) on the same rows, as many rows
per batch, with evaluation, checkpoints and calibration off, on one epoch of ``--rows`` rows:

- **this project**: ``gwangye.training.train.train_model`` with the ``train`` section of
  params.yaml, its learning curves included.
- **tuned Trainer**: padding to the batch's longest row, ``group_by_length``, bfloat16 where the
  processor has it, fused AdamW, no logging.
- **baseline settings**: fp32, every row padded to the input form's ``max_length``, random order,
  the default optimizer. As its rows are all equally long, it takes ``--baseline-share`` of the
  steps, and its rows/s are as good.

With ``--compile`` this project runs once more with ``torch_compile`` (compiling is part of each
round's time).

With ``--whole-last-layer`` the two plain Trainers run once more, on the same encoder and head put
together without this project's last layer, which is computed for the tokens that the head reads
only: that is what somebody has who does not use this project's model.

Timed is from the call to its return, the Trainer's construction included. Seconds are compared per
round; a first round is left out.

Share of peak: floating-point operations that the model needs for real tokens, by time, by the
matrix-product speed that ``torch.mm`` reaches in this very run with matrices of this model's
shapes (best of them, all threads, the contestant's dtype). Counted per row of T tokens, for a
BERT-like encoder of L layers, width H and inner width I: 6 · (4H² + 2HI) · T per layer (two for a
multiply-add, times three for forward and both gradients), and 12 · T² · H for attention's two
products. Not counted: padding, embeddings, the head, softmax, dropout and normalisation, the
optimizer; and of the last layer, what is left out for the n tokens that the head reads (then 6 ·
(2H² · T + (2H² + 2HI) · n) and 12 · T · n · H).
"""

from __future__ import annotations

import contextlib
import copy
import io
import math
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.timing import Prepare, Report, Timed, emit, interleave, parser, ratio, spread

if TYPE_CHECKING:
    import torch

    from gwangye.inputs.features.folder import FeatureFolder
    from gwangye.inputs.features.table import FeatureTable
    from gwangye.training.variants import ResolvedVariant

OURS, TUNED, BASELINE = "this project", "tuned Trainer", "baseline settings"
WHOLE = ", whole last layer"
SEED = 42


@dataclass(frozen=True)
class Setting:
    """What all contestants train."""

    variant: ResolvedVariant
    source: FeatureFolder
    training: FeatureTable
    tokenizer: Any
    model: Any
    batch_size: int

    @property
    def steps(self) -> int:
        return math.ceil(len(self.training) / self.batch_size)


def set_up(features: Path, encoder: Path, variant: ResolvedVariant, rows: int) -> Setting:
    """Take rows evenly from a feature folder, and build the model."""
    import numpy as np
    from transformers import AutoTokenizer, set_seed

    from gwangye.inputs.features.folder import FeatureFolder
    from gwangye.model.relation_model import new_model

    source = FeatureFolder.read(features)
    table = source.table
    usable = np.flatnonzero((table.parts == "train") & (table.label_ids >= 0))
    chosen = np.zeros(len(table), dtype=bool)
    chosen[usable[np.linspace(0, len(usable) - 1, min(rows, len(usable))).astype(int)]] = True
    tokenizer = AutoTokenizer.from_pretrained(source.tokenizer)
    set_seed(SEED)
    head = {"name": variant.head_name, **variant.head.model_dump()}
    model = new_model(encoder, tokenizer, head=head, form=source.form, task=source.task)
    batch_size = variant.train.get("per_device_train_batch_size", 8)
    return Setting(variant, source, table.select(chosen), tokenizer, model, batch_size)


def ours(setting: Setting, folder: Path, **changes: Any) -> Prepare:
    """Return a run of this project, with changes to the variant's ``train`` section."""
    from gwangye.training.train import train_model

    arguments = setting.variant.train | {
        "num_train_epochs": 1,
        "eval_strategy": "no",
        "save_strategy": "no",
        "early_stopping_patience": None,
        "calibrate": False,
        "disable_tqdm": True,
        **changes,
    }
    nothing = setting.training.select(setting.training.label_ids < 0)

    def prepare() -> Timed:
        forget_settings()
        model = copy.deepcopy(setting.model)
        return lambda: quietly(
            lambda: train_model(
                model,
                setting.tokenizer,
                setting.training,
                nothing,
                task=setting.source.task,
                loss=setting.variant.loss,
                arguments=arguments,
                seed=SEED,
                curves_dir=folder / "curves",
                checkpoints_dir=folder / "checkpoints",
            )
        )

    return prepare


def plain(setting: Setting, folder: Path, model: Any, collate: Any, **arguments: Any) -> Prepare:
    """Return a run of the plain Trainer with cross entropy."""
    import torch
    from torch.nn.functional import cross_entropy
    from transformers import Trainer, TrainingArguments

    from gwangye.inputs.features.batches import FeatureDataset

    made = TrainingArguments(
        output_dir=str(folder / "plain"),
        seed=SEED,
        per_device_train_batch_size=setting.batch_size,
        num_train_epochs=1,
        learning_rate=setting.variant.train.get("learning_rate", 5e-5),
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        remove_unused_columns=False,
        disable_tqdm=True,
        **arguments,
    )

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        return cross_entropy(outputs["logits"], labels)

    def prepare() -> Timed:
        forget_settings()
        fresh = copy.deepcopy(model)

        def run() -> None:
            trainer = Trainer(
                model=fresh,
                args=made,
                train_dataset=FeatureDataset(setting.training),
                data_collator=collate,
                compute_loss_func=loss,
            )
            trainer.train()

        return lambda: quietly(run)

    return prepare


def forget_settings() -> None:
    """Let the next Trainer choose its precision and compiler.

    A process keeps those of its first one: accelerate in its state, transformers in a variable.
    """
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()
    os.environ.pop("ACCELERATE_DYNAMO_BACKEND", None)


def quietly(run: Timed) -> None:
    """Run without the lines that the Trainer prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        run()


def padded_to(length: int, collate: Any) -> Any:
    """Return a collator that pads every batch to the same length."""
    from torch.nn.functional import pad

    def padded(rows: Any) -> dict[str, torch.Tensor]:
        batch: dict[str, torch.Tensor] = collate(rows)
        room = length - batch["input_ids"].shape[1]
        values = {"input_ids": collate.pad_token_id, "attention_mask": 0, "token_type_ids": 0}
        return batch | {
            name: pad(batch[name], (0, room), value=value)
            for name, value in values.items()
            if name in batch
        }

    return padded


def without_shortcut(model: Any) -> Any:
    """Return the model's encoder and head, put together the plain way."""
    from torch import nn

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.head = model.encoder, model.head

        def forward(
            self, input_ids: Any, attention_mask: Any, entity_positions: Any, **segments: Any
        ) -> dict[str, Any]:
            states = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask, **segments
            ).last_hidden_state
            return {"logits": self.head(states, attention_mask, entity_positions)}

    return Whole()


def operations(setting: Setting, *, whole: bool) -> float:
    """Return the floating-point operations of one row, on average; see the module's docstring."""
    import torch

    config = setting.model.encoder.config
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    lengths = setting.training.lengths.astype(float)
    tokens, squares = float(lengths.mean()), float((lengths**2).mean())
    weights = 4 * width**2 + 2 * width * inner
    layer = 6 * weights * tokens + 12 * squares * width
    reads = getattr(setting.model.head, "reads", None)
    if whole or reads is None:
        return layers * layer
    positions = torch.from_numpy(setting.training.entity_positions[:1]).long()
    read = reads(positions).shape[1]
    last = 6 * (2 * width**2 * tokens + (weights - 2 * width**2) * read)
    return (layers - 1) * layer + last + 12 * tokens * read * width


def matrix_speed(setting: Setting, dtype: torch.dtype, seconds: float = 0.25) -> float:
    """Return the best speed of ``torch.mm`` over this model's shapes, operations a second."""
    import torch

    from gwangye.model.devices import compute_device

    config, device = setting.model.encoder.config, compute_device()
    width, inner = config.hidden_size, config.intermediate_size
    rows = int(setting.batch_size * setting.training.lengths.mean())
    best = 0.0
    for k, n in ((width, width), (width, inner), (inner, width)):
        a = torch.randn(rows, k, device=device).to(dtype)
        b = torch.randn(k, n, device=device).to(dtype)
        out = torch.mm(a, b)
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            for _ in range(5):
                torch.mm(a, b, out=out)
            if device.type == "cuda":
                torch.cuda.synchronize()
            best = max(best, 5 * 2 * rows * k * n / (time.perf_counter() - start))
    return best


def contestants(
    setting: Setting,
    folder: Path,
    share: float,
    whole: bool,
    variations: Mapping[str, Mapping[str, Any]],
) -> dict[str, Prepare]:
    from gwangye.inputs.features.batches import Collator
    from gwangye.model.devices import has_fast_bf16

    collate = Collator(setting.tokenizer.pad_token_id)
    padded = padded_to(setting.source.form.max_length, collate)
    runs: dict[str, Prepare] = {OURS: ours(setting, folder)}
    runs |= {f"{OURS}, {name}": ours(setting, folder, **v) for name, v in variations.items()}
    models = {"": setting.model} | ({WHOLE: without_shortcut(setting.model)} if whole else {})
    for suffix, model in models.items():
        runs[TUNED + suffix] = plain(
            setting,
            folder,
            model,
            collate,
            train_sampling_strategy="group_by_length",
            bf16=has_fast_bf16(),
            optim="adamw_torch_fused",
        )
        runs[BASELINE + suffix] = plain(
            setting, folder, model, padded, max_steps=max(1, round(share * setting.steps))
        )
    return runs


def measure(
    setting: Setting,
    *,
    repeats: int,
    share: float = 0.25,
    whole: bool = False,
    variations: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Run all contestants and return the table's rows."""
    import torch

    from gwangye.model.devices import has_fast_bf16

    fast = torch.bfloat16 if has_fast_bf16() else torch.float32
    peaks: dict[torch.dtype, list[float]] = {dtype: [] for dtype in {fast, torch.float32}}

    def peak() -> Timed:
        for dtype, speeds in peaks.items():
            speeds.append(matrix_speed(setting, dtype))
        return lambda: None

    with tempfile.TemporaryDirectory() as folder:
        runs = contestants(setting, Path(folder), share, whole, variations or {})
        seconds = interleave({"matrix products": peak, **runs}, repeats)
    # a step's rows; the last batch of an epoch may be a smaller one
    baseline_rows = max(1, round(share * setting.steps)) * setting.batch_size
    rows = {name: len(setting.training) for name in runs}
    rows |= {n: min(baseline_rows, rows[n]) for n in rows if n.startswith(BASELINE)}
    per_row = {name: [s / rows[name] for s in seconds[name]] for name in runs}
    return [_row(name, setting, seconds, per_row, max(peaks[_dtype(name, fast)])) for name in runs]


def _dtype(name: str, fast: torch.dtype) -> torch.dtype:
    import torch

    return torch.float32 if name.startswith(BASELINE) else fast


def _row(
    name: str,
    setting: Setting,
    seconds: Mapping[str, list[float]],
    per_row: Mapping[str, list[float]],
    peak: float,
) -> dict[str, Any]:
    median = statistics.median(per_row[name])
    needed = operations(setting, whole=name.endswith(WHOLE))
    return {
        "training": name,
        "rows/s": round(1 / median, 1),
        "seconds": spread(seconds[name]),
        "this project is faster by": round(ratio(per_row[name], per_row[OURS]), 2),
        "share of peak": f"{100 * needed / median / peak:.0f} %",
        "peak, GFLOP/s": round(peak / 1e9),
    }


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument("--features", type=Path, default=Path("data/features/typed_punct"))
    options.add_argument("--encoder", type=Path, default=Path("models/encoders/pretrained"))
    options.add_argument("--params", type=Path, default=Path("params.yaml"))
    options.add_argument("--variant", default="entity_start")
    options.add_argument("--rows", type=int, default=400)
    options.add_argument("--baseline-share", type=float, default=0.25)
    options.add_argument("--whole-last-layer", action="store_true")
    options.add_argument("--compile", action="store_true", help="also with torch_compile")
    chosen = options.parse_args()
    variations: dict[str, dict[str, Any]] = {}
    if chosen.compile:
        variations["compiled"] = {"torch_compile": True}

    import torch

    from gwangye.params import load_params

    variant = load_params(chosen.params).variant(chosen.variant)
    setting = set_up(chosen.features, chosen.encoder, variant, chosen.rows)
    lengths = setting.training.lengths
    report = Report(
        "Training",
        measure(
            setting,
            repeats=chosen.repeats,
            share=chosen.baseline_share,
            whole=chosen.whole_last_layer,
            variations=variations,
        ),
        [
            f"{len(setting.training)} rows of {lengths.mean():.0f} tokens on average "
            f"({lengths.max()} at most), {setting.batch_size} a batch, "
            f"{torch.get_num_threads()} threads; medians of {chosen.repeats} interleaved rounds.",
            "Baseline settings: fp32, all rows padded to "
            f"{setting.source.form.max_length} tokens, {chosen.baseline_share:g} of the steps. All "
            "plain Trainers train this project's model, whose last layer is computed for the "
            "tokens that the head reads only"
            + (", but for the rows that say otherwise." if chosen.whole_last_layer else "."),
        ],
    )
    emit([report], chosen.json)


if __name__ == "__main__":
    main()
