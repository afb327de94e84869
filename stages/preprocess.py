"""Stage ``preprocess@<input>``: examples → token ids and entity positions.

Params: ``inputs.<input>``. Reads the split and the encoder's tokenizer; writes
``features.parquet``, ``labelled.parquet`` (the labelled rows as they are), ``input.json``,
``task.json`` and ``tokenizer/`` (with the form's markers).
"""

import logging
from pathlib import Path

from gwangye.examples import Dataset
from gwangye.inputs.features.folder import preprocess
from gwangye.params import Params
from stages import run

logger = logging.getLogger("preprocess")


def main(params: Params, name: str, split: str, encoder: str, target: str) -> None:
    """Tokenise all rows in the input form ``name``."""
    summary = preprocess(
        Dataset.read(Path(split)), Path(encoder), params.input_form(name), Path(target)
    )
    logger.info("%s: %s", target, summary)


if __name__ == "__main__":
    run(main)
