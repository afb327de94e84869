"""Continued pretraining: an encoder goes on guessing masked words, in the task's own sentences.

Gururangan et al. 2020, "Don't Stop Pretraining" (arXiv 2004.10964), call it task-adaptive
pretraining. It reads sentences and no labels. Checking the options must not import transformers.
"""

from __future__ import annotations

import copy
import logging
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from gwangye.errors import DataError, ParameterError
from gwangye.options import Section
from gwangye.training.arguments import (
    FIXED_ARGUMENTS,
    build_training_arguments,
    check_arguments,
)

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from gwangye.examples import Dataset

logger = logging.getLogger(__name__)

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
)
"""Files of any tokenizer, where it has them; saving it anew would change them."""

NO_EVALUATION = "there is no evaluation here"
FIXED = {
    **FIXED_ARGUMENTS,
    "report_to": "the stage logs the loss",
    "logging_strategy": "the stage logs the loss twenty times",
    "logging_steps": "the stage logs the loss twenty times",
    "logging_nan_inf_filter": "a loss that is no number ends the stage",
    "remove_unused_columns": "masking reads which tokens are special",
    "label_smoothing_factor": "the loss is cross entropy over the masked tokens",
    "load_best_model_at_end": NO_EVALUATION,
    "metric_for_best_model": NO_EVALUATION,
    "greater_is_better": NO_EVALUATION,
    "early_stopping_patience": NO_EVALUATION,
    "per_device_eval_batch_size": NO_EVALUATION,
}
"""As for training on labels, and what the stage decides for other reasons."""

STRATEGIES = {"eval_strategy": "no", "save_strategy": "epoch"}
"""The strategies there are: no evaluation, and a checkpoint after each epoch."""

DECIDED = {
    **STRATEGIES,
    "logging_strategy": "steps",
    "logging_steps": 0.05,  # a share of all steps
    "logging_nan_inf_filter": False,
}


class Pretraining(Section):
    """Masked words are guessed in the task's own sentences, before training (TAPT).

    Example:
        pretrain: {tapt: {train: {num_train_epochs: 3}}}, and a variant with encoder: tapt

    References:
        Gururangan et al. 2020, arXiv 2004.10964
    """

    mlm_probability: float = Field(0.15, gt=0, lt=1, description="share of the tokens to guess")
    max_length: int = Field(
        256, ge=8, description="tokens, special ones included; longer sentences are cut"
    )
    texts: Literal["train", "test", "both"] = Field(
        "both", description="whose sentences; labels are never read"
    )
    train: dict[str, Any] = Field(
        {},
        description="TrainingArguments under their own names, and bf16: auto; no evaluation, a "
        "checkpoint after each epoch",
    )

    def check(self, where: str) -> None:
        """Check the training arguments.

        Raises:
            ParameterError: A name is unknown or not to be set, or a value is out of range.
        """
        where = f"{where}.train"
        for key, only in STRATEGIES.items():
            if self.train.get(key, only) != only:
                raise ParameterError(
                    f"{where}.{key} is {self.train[key]!r}. Allowed: '{only}', or leave it out: "
                    f"{NO_EVALUATION}, and a checkpoint is kept after each epoch."
                )
        check_arguments(self.train, where, FIXED)


def sentences(dataset: Dataset, texts: Literal["train", "test", "both"]) -> list[str]:
    """Return the sentences of a part of the data, or of both, each distinct one once."""
    parts = [part for part in ("train", "test") if texts in (part, "both")]
    return list(
        dict.fromkeys(text for part in parts for text in getattr(dataset, part)["sentence"])
    )


def pretrain(
    encoder: Path,
    texts: Sequence[str],
    out: Path,
    *,
    options: Pretraining,
    seed: int,
    checkpoints_root: Path,
) -> dict[str, float]:
    """Pretrain an encoder further by masked-language modelling and write it to a folder.

    The new encoder is of the same kind: without the head that guesses the masked tokens, and with
    the same tokenizer. The seed is that of the head's first weights, of masking, order and dropout.
    Checkpoints are kept below ``checkpoints_root``, in a folder of their own for each configuration
    and data, from which an interrupted pretraining resumes; it is removed at the end.

    Returns:
        ``first_loss`` and ``last_loss``: means over the first and the last tenth of the steps.

    Raises:
        DataError: There is no text, or the encoder cannot guess masked tokens.
        ParameterError: The encoder cannot read ``max_length`` tokens, or the loss is no number.
    """
    from transformers import AutoTokenizer, DataCollatorForLanguageModeling, Trainer, set_seed

    from gwangye.training.checkpoints import configuration_key, train_on

    if not texts:
        raise DataError(f"There is no sentence to pretrain on (texts: {options.texts}).")
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    _check_tokenizer(tokenizer, encoder, options.max_length)
    settings = {"pretraining": options.model_dump(), "seed": seed, "texts": list(texts)}
    files = sorted(path for path in encoder.iterdir() if path.is_file())
    checkpoints = checkpoints_root / configuration_key(settings, files)
    set_seed(seed)
    model = load_masked_model(encoder, tokenizer)
    config = copy.deepcopy(model.config)  # the Trainer writes into the model's
    values = {"train_sampling_strategy": "group_by_length", **options.train, **DECIDED}
    arguments = build_training_arguments(values, output_dir=checkpoints, seed=seed)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=options.mlm_probability)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=_tokenise(texts, tokenizer, options.max_length),
        data_collator=collator,
        compute_loss_func=masked_criterion(model, bf16=arguments.bf16),
    )
    train_on(trainer, checkpoints)
    losses = _first_and_last(trainer.state.log_history)
    model.base_model.config = config
    model.base_model.save_pretrained(out)
    for name in {*TOKENIZER_FILES, *tokenizer.vocab_files_names.values()}:
        if (encoder / name).is_file():
            shutil.copyfile(encoder / name, out / name)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return losses


def load_masked_model(encoder: Path, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """Load an encoder under a head that guesses masked tokens; the head's weights may be fresh.

    Raises:
        DataError: There is no such head for the architecture, weights of the encoder are missing
            from the folder, or the head has fresh output weights of its own.
    """
    import torch
    from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoConfig, AutoModelForMaskedLM
    from transformers.utils import logging as transformers_logging

    config = AutoConfig.from_pretrained(encoder)
    if type(config) not in MODEL_FOR_MASKED_LM_MAPPING:
        raise DataError(
            f"{encoder} is of the type '{config.model_type}', for which transformers has no "
            "masked-language model. Leave `pretrain` empty for it, or choose another encoder."
        )
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # it calls an encoder without head corrupted
    try:
        model, info = AutoModelForMaskedLM.from_pretrained(
            encoder, dtype=torch.float32, output_loading_info=True
        )
    finally:
        transformers_logging.set_verbosity(verbosity)
    missing = sorted(info["missing_keys"])
    lost = [name for name in missing if name.startswith(f"{model.base_model_prefix}.")]
    if lost:
        raise DataError(
            f"{encoder} lacks {len(lost)} weights of the encoder, first '{lost[0]}': they would "
            "start at random. Run `dvc repro encoder`."
        )
    if missing and not is_tied(model):
        raise DataError(
            f"{encoder}: the head's output weights would start at random, since they are not tied "
            "to the embeddings. Set tie_word_embeddings to true in its config.json."
        )
    # as for training on labels: a tokenizer may have more tokens than the encoder has embeddings
    if len(tokenizer) > model.config.vocab_size:
        model.resize_token_embeddings(len(tokenizer))
    logger.info("fresh weights of the head: %s", ", ".join(missing) or "none")
    return model


def is_tied(model: PreTrainedModel) -> bool:
    """Tell whether a masked-language model's output weights are its token embeddings."""
    decoder = model.get_output_embeddings()
    return decoder is not None and decoder.weight is model.get_input_embeddings().weight


def masked_criterion(model: PreTrainedModel, *, bf16: bool = False) -> Callable[..., Tensor]:
    """Return cross entropy over the masked tokens, and keep the model from scoring the others.

    A score for every piece of the vocabulary at every token is most of the work with a small
    encoder, and most of the memory. The decoder therefore hands its input through, and the
    criterion applies it where there is something to guess. Untied decoders are left as they are.
    """
    import torch
    from torch.nn import functional

    decoder = model.get_output_embeddings() if is_tied(model) else None
    if decoder is not None:
        decoder.forward = lambda hidden: hidden

    def compute(outputs: Any, labels: Tensor, num_items_in_batch: Any = None) -> Tensor:
        masked = labels != -100  # (batch, length)
        scores = outputs.logits[masked]  # (masked, hidden_size), or (masked, vocab_size) untied
        if decoder is not None:
            with torch.autocast(scores.device.type, torch.bfloat16, enabled=bf16):
                scores = functional.linear(scores, decoder.weight, decoder.bias)
        total = functional.cross_entropy(scores.float(), labels[masked], reduction="sum")
        # over all batches that are accumulated; short sentences may have nothing masked
        count = masked.sum() if num_items_in_batch is None else num_items_in_batch.sum()
        return total / count.clamp(min=1)

    return compute


def _check_tokenizer(tokenizer: PreTrainedTokenizerBase, encoder: Path, max_length: int) -> None:
    if tokenizer.mask_token is None:
        raise DataError(
            f"The tokenizer of {encoder} has no mask token, so no word can be masked. Set "
            "`mask_token` in its tokenizer_config.json if its vocabulary holds one, or choose "
            "another encoder."
        )
    if max_length > tokenizer.model_max_length:
        raise ParameterError(
            f"The pretraining's max_length is {max_length}, but the encoder reads at most "
            f"{tokenizer.model_max_length} tokens. Lower max_length."
        )


def _tokenise(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[dict[str, list[int]]]:
    """Return one row of token ids per text, and say how many texts were cut.

    Rows have no ``token_type_ids``: of one segment, encoders that tell segments apart assume it.
    """
    whole = tokenizer(list(texts), return_token_type_ids=False, verbose=False)["input_ids"]
    num_cut = sum(len(ids) > max_length for ids in whole)
    logger.info("%d distinct sentences, %d cut to %d tokens", len(texts), num_cut, max_length)
    encoding = tokenizer(
        list(texts),
        truncation=True,
        max_length=max_length,
        return_token_type_ids=False,
        return_special_tokens_mask=True,
    )
    return [{name: encoding[name][i] for name in encoding} for i in range(len(texts))]


def _first_and_last(history: Sequence[Mapping[str, float]]) -> dict[str, float]:
    losses = [entry["loss"] for entry in history if "loss" in entry]
    if not all(map(math.isfinite, losses)):
        raise ParameterError(
            "The loss of pretraining is no number any more: it diverged. Lower learning_rate in "
            "the section's `train`, or raise its warmup_steps."
        )
    tenth = max(1, len(losses) // 10)
    return {
        "first_loss": sum(losses[:tenth]) / tenth,
        "last_loss": sum(losses[-tenth:]) / tenth,
    }
