"""Stage ``pretrain@<name>``: pretrain the encoder further on the task's sentences.

Params: ``seed``, ``pretrain.<name>``.
Reads the split (its sentences only) and an encoder; writes an encoder that takes its place.
"""

import logging
from pathlib import Path

from gwangye.examples import Dataset
from gwangye.params import Params
from gwangye.training.pretraining import pretrain, sentences
from stages import run

logger = logging.getLogger("pretrain")


def main(params: Params, name: str, split: str, encoder: str, out: str) -> None:
    """Pretrain ``encoder`` further, into ``out``."""
    options = params.pretrain[name]
    losses = pretrain(
        Path(encoder),
        sentences(Dataset.read(Path(split)), options.texts),
        Path(out),
        options=options,
        seed=params.seed,
        # outside the outputs, which DVC removes before it runs a stage
        checkpoints_root=Path(".cache/checkpoints"),
    )
    logger.info("%s: %s", name, ", ".join(f"{key} {loss:.3f}" for key, loss in losses.items()))


if __name__ == "__main__":
    run(main)
