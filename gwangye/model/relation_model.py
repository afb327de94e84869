"""The relation classifier: a pretrained encoder, a head, and all that predicting needs.

A saved model is complete by itself: weights (safetensors), the encoder's configuration, the head,
the labels and the input form (``config.json``), and the tokenizer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from gwangye.encoders.loading import encoder_from_config, load_encoder
from gwangye.errors import DataError
from gwangye.model.heads import HEADS
from gwangye.model.last_layer import reading

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from gwangye.examples import Task
    from gwangye.inputs.markers.input_form import InputForm


class RelationConfig(PretrainedConfig):
    """What a relation model is made of.

    Args:
        encoder: The encoder's configuration as a dictionary, ``model_type`` included.
        head: ``{"name": ..., option: value}`` of a registered head.
        input_form: ``{"name": ..., option: value}`` of the input form the model was trained on.
        entity_types: The entity types the input form has markers for.
        negative_label: The label that means "none of the relations", or None.
        softmax_temperature: What the logits are divided by before the softmax
            (:func:`gwangye.evaluation.calibration.fit_temperature`).
    """

    model_type = "gwangye"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        head: dict[str, Any] | None = None,
        input_form: dict[str, Any] | None = None,
        entity_types: list[str] | None = None,
        negative_label: str | None = None,
        softmax_temperature: float = 1.0,
        **kwargs: Any,
    ) -> None:
        self.encoder = encoder or {}
        self.head = head or {"name": "cls"}
        self.input_form = input_form or {}
        self.entity_types = entity_types or []
        self.negative_label = negative_label
        # not `temperature`: transformers takes that for an option of text generation
        self.softmax_temperature = softmax_temperature
        super().__init__(**kwargs)

    @property
    def labels(self) -> list[str]:
        """The relation names in the order of the logits."""
        return [self.id2label[i] for i in range(len(self.id2label))]


# so that AutoTokenizer knows the folder's kind of model and does not warn of it
AutoConfig.register(RelationConfig.model_type, RelationConfig)


class RelationModel(PreTrainedModel):
    """An encoder whose hidden states a head turns into one logit per relation."""

    config_class = RelationConfig
    base_model_prefix = "encoder"
    _supports_sdpa = True

    def __init__(self, config: RelationConfig) -> None:
        super().__init__(config)
        encoder = dict(config.encoder)
        encoder_config = AutoConfig.for_model(encoder.pop("model_type"), **encoder)
        self.encoder = encoder_from_config(encoder_config)
        self.head = HEADS.build(config.head, "head").build(
            encoder_config.hidden_size, len(config.id2label)
        )
        self.post_init()

    def _init_weights(self, module: Any) -> None:
        """Leave modules as their constructors made them: encoder and head initialise themselves."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        entity_positions: Tensor,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Score every relation.

        Args:
            input_ids: (batch, length), int64.
            attention_mask: (batch, length), 1 for tokens and 0 for padding, which is on the right.
            entity_positions: (batch, 2, 4), int64; see :mod:`gwangye.inputs.features`.
            token_type_ids: (batch, length), int64, for encoders that tell segments apart.
            labels: Not used; the trainer computes the loss.

        Returns:
            An output whose ``logits`` are (batch, num_labels).
        """
        segments = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        # a head that reads a few tokens only says which
        reads = getattr(self.head, "reads", None)
        with reading(self.encoder, None if reads is None else reads(entity_positions)):
            hidden = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask, **segments
            ).last_hidden_state  # (batch, length, hidden_size)
        return SequenceClassifierOutput(logits=self.head(hidden, attention_mask, entity_positions))


def new_model(
    encoder_folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    *,
    head: dict[str, Any],
    form: InputForm,
    task: Task,
) -> RelationModel:
    """Put a fresh head, ``{"name": ..., option: value}``, on a pretrained encoder.

    The tokenizer has the input form's markers; the embeddings grow to fit.
    """
    pretrained = load_encoder(encoder_folder)
    if len(tokenizer) > pretrained.config.vocab_size:
        pretrained.resize_token_embeddings(len(tokenizer))
    config = RelationConfig(
        encoder=pretrained.config.to_diff_dict(),
        head=head,
        input_form=form.to_dict(),
        entity_types=list(task.entity_types),
        negative_label=task.negative_label,
        id2label=dict(enumerate(task.labels)),
        label2id={label: i for i, label in enumerate(task.labels)},
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = RelationModel(config)
    model.encoder.load_state_dict(pretrained.state_dict())
    return model


def save_model(model: RelationModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a model that is complete by itself: weights, configuration, labels, tokenizer."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def load_model(folder: Path) -> tuple[RelationModel, PreTrainedTokenizerBase]:
    """Load what :func:`save_model` wrote, ready to predict.

    Raises:
        DataError: The folder is not a trained model.
    """
    if not (folder / "config.json").is_file():
        raise DataError(
            f"{folder} is not a trained model: it has no config.json. Train one with `dvc repro` "
            "and name its folder, e.g. models/entity_start."
        )
    config = RelationConfig.from_pretrained(folder)
    if config.model_type != "gwangye" or not config.encoder:
        raise DataError(
            f"{folder} is an encoder without a trained head. Name a folder that a train stage "
            "wrote, e.g. models/entity_start."
        )
    model = RelationModel.from_pretrained(folder, config=config)
    return model.eval(), AutoTokenizer.from_pretrained(folder)
