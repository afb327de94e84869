"""A variant of the parameters, and what the train stage works from: everything looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator

from gwangye.errors import ParameterError, did_you_mean
from gwangye.model.heads import HEADS, HeadOptions
from gwangye.options import Section, Seed
from gwangye.training.augmentation import Augmentation, build_augmentations
from gwangye.training.losses import LOSSES, Loss


class Variant(Section):
    """``variants.<name>``: encoder, input form, head, and what differs in loss and training."""

    encoder: str
    input: str
    head: dict[str, Any]
    loss: dict[str, Any]
    train: dict[str, Any] = Field(default_factory=dict)
    augment: dict[str, Any] = Field(default_factory=dict)
    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None

    @field_validator("loss")
    @classmethod
    def _loss_has_a_section(cls, loss: dict[str, Any]) -> dict[str, Any]:
        if "section" not in loss:
            raise ValueError("'section' is missing: `loss`, or `losses.<name>`")
        return loss


class ResolvedVariant(BaseModel):
    """A variant with everything looked up: what the train stage works from.

    Dumped, it holds every option of its head and its loss, not only those that all heads and all
    losses share: the checkpoint folder is named after the dump.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    seeds: list[int]
    encoder: str
    input: str
    head_name: str
    head: SerializeAsAny[HeadOptions]
    loss_name: str
    loss: SerializeAsAny[Loss]
    train: dict[str, Any]
    augment: dict[str, SerializeAsAny[Augmentation]]


def resolve(
    name: str,
    variant: Variant,
    *,
    seed: int,
    losses: Mapping[str, Mapping[str, Any]],
    train: Mapping[str, Any],
    augment: Mapping[str, Any],
) -> ResolvedVariant:
    """Return a variant with its head, its loss and its training arguments looked up.

    ``losses`` are by the name that `loss.section` gives ("loss", "losses.<name>"); ``seed``,
    ``train`` and ``augment`` are the shared ones, which the variant's own go before.

    Raises:
        ParameterError: Something that the variant names does not exist, or is not allowed.
    """
    where, section = f"variants.{name}", variant.loss["section"]
    if section not in losses:
        raise ParameterError(
            f"{where}.loss.section: there is no section '{section}'. "
            f"{did_you_mean(str(section), losses)}"
        )
    own_loss = {key: value for key, value in variant.loss.items() if key != "section"}
    loss = {**losses[section], **own_loss}
    return ResolvedVariant(
        name=name,
        input=variant.input,
        head=HEADS.build(variant.head, f"{where}.head"),
        head_name=variant.head["name"],
        loss=LOSSES.build(loss, f"{where}.loss"),
        loss_name=loss["name"],
        train={**train, **variant.train},
        augment=build_augmentations({**augment, **variant.augment}, f"{where}.augment"),
        encoder=variant.encoder,
        seeds=[seed] if variant.seeds is None else variant.seeds,
    )
