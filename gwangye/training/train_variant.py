"""Train a variant from folders: what the train stage does for each fold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gwangye.training.variants import ResolvedVariant


def train_variant(
    variant: ResolvedVariant,
    features: Path,
    encoder: Path,
    *,
    fold: int,
    seed: int,
    target: Path,
    curves_dir: Path,
    checkpoints_root: Path,
) -> dict[str, float]:
    """Train on all labelled rows outside a fold and save the model.

    Args:
        variant: Head, loss, training arguments and augmentations.
        features: Folder of the preprocess stage.
        encoder: Folder of the encoder stage.
        fold: The fold that validates.
        seed: Seed of the head's weights, order and dropout.
        target: Folder of the trained model.
        curves_dir: Folder for the learning curves.
        checkpoints_root: Folder below which checkpoints are kept, in a folder of their own for
            each configuration and data.

    Returns:
        The best checkpoint's scores; see :func:`gwangye.training.train.train_model`.
    """
    from transformers import AutoTokenizer, set_seed

    from gwangye.inputs.features.folder import FeatureFolder
    from gwangye.model.relation_model import new_model, save_model
    from gwangye.training.augmented import AugmentedRows
    from gwangye.training.checkpoints import configuration_key
    from gwangye.training.train import train_model

    source = FeatureFolder.read(features)
    tokenizer = AutoTokenizer.from_pretrained(source.tokenizer)
    set_seed(seed)
    head = {"name": variant.head_name, **variant.head.model_dump()}
    model = new_model(encoder, tokenizer, head=head, form=source.form, task=source.task)
    labelled = source.table.select(source.table.label_ids >= 0)
    labelled = labelled.select(labelled.parts == "train")
    training = labelled.select(~labelled.validates(fold))
    settings = {"variant": variant.model_dump(), "seed": seed, "fold": fold}
    files = [features / "features.parquet", *sorted(encoder.glob("*.safetensors"))]
    scores = train_model(
        model,
        tokenizer,
        training,
        labelled.select(labelled.validates(fold)),
        task=source.task,
        loss=variant.loss,
        arguments=variant.train,
        seed=seed,
        curves_dir=curves_dir,
        checkpoints_dir=checkpoints_root / configuration_key(settings, files),
        augmented=(
            AugmentedRows(
                source.examples(training.guids),
                tokenizer,
                source.form,
                source.task,
                variant.augment,
                seed,
            )
            if variant.augment
            else None
        ),
    )
    save_model(model, tokenizer, target)
    return scores
