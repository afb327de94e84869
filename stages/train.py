"""Stage ``train@<variant>``: fine-tune one model per fold and seed.

Params: ``seed``, ``split.folds``, the variant's loss section, ``train``, ``augment``,
``variants.<variant>``. Reads the features and the encoder; writes the model(s) and DVCLive's
learning curves.
"""

import logging
from pathlib import Path

from gwangye.examples import Task
from gwangye.model.folders import runs
from gwangye.params import Params
from gwangye.training.train import train_variant
from stages import run

logger = logging.getLogger("train")


def main(params: Params, name: str, features: str, encoder: str, out: str, curves: str) -> None:
    """Train the variant once per fold and seed."""
    variant = params.variant(name)
    params.check_labels(Task.read(Path(features) / "task.json").labels)
    for run_ in runs(params.split.folds, variant.seeds):
        scores = train_variant(
            variant,
            Path(features),
            Path(encoder),
            fold=run_.fold,
            seed=run_.seed,
            out=Path(out) / run_.folder,
            curves_dir=Path(curves) / run_.folder,
            # outside the outputs, which DVC removes before it runs a stage
            checkpoints_root=Path(".cache/checkpoints"),
        )
        best = ", ".join(f"{metric} {value:.2f}" for metric, value in scores.items())
        logger.info("%s fold %d seed %d: best checkpoint %s", name, run_.fold, run_.seed, best)


if __name__ == "__main__":
    run(main)
