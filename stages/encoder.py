"""Stage ``encoder``: bring the pretrained encoder. Params: ``encoder``.

Writes a folder that ``AutoModel.from_pretrained`` and ``AutoTokenizer.from_pretrained`` load.
"""

import logging
from pathlib import Path

from gwangye.encoders.fetch import fetch_encoder
from gwangye.params import Params
from stages import run

logger = logging.getLogger("encoder")


def main(params: Params, target: str) -> None:
    """Fetch, prune and cut the encoder into ``target``."""
    info = fetch_encoder(
        params.encoder.model_name_or_path,
        Path(target),
        prune_vocabulary=params.encoder.prune_vocabulary,
        num_hidden_layers=params.encoder.num_hidden_layers,
    )
    logger.info("%s: %s", target, info)


if __name__ == "__main__":
    run(main)
