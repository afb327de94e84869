"""Stage ``train@<variant>``: fine-tune one model per fold.

Params: ``seed``, ``split.folds``, the variant's loss section, ``train``, ``variants.<variant>``.
Reads the features and the encoder; writes the model(s) and DVCLive's learning curves.
"""

import logging
from pathlib import Path

from gwangye.folders import fold_folder
from gwangye.params import Params
from gwangye.training.variant import train_variant
from stages import run

logger = logging.getLogger("train")


def main(params: Params, name: str, features: str, encoder: str, target: str, curves: str) -> None:
    """Train the variant once per fold."""
    folds = params.split.folds
    for fold in folds:
        scores = train_variant(
            params.variant(name),
            Path(features),
            Path(encoder),
            fold=fold,
            seed=params.seed,
            target=fold_folder(Path(target), fold, folds),
            curves_dir=fold_folder(Path(curves), fold, folds),
            # outside the outputs, which DVC removes before it runs a stage
            checkpoints_root=Path(".cache/checkpoints"),
        )
        best = ", ".join(f"{metric} {value:.2f}" for metric, value in scores.items())
        logger.info("%s fold %d: best checkpoint %s", name, fold, best)


if __name__ == "__main__":
    run(main)
