"""The pipeline's stages: each reads its inputs, calls the library, writes its outputs.

Paths arrive on the command line, from dvc.yaml; parameters come from params.yaml, all of which
is checked before any work.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gwangye.errors import GwangyeError
from gwangye.params import Params, load_params

SECONDS = Path(".cache/seconds")
"""How long each stage took: outside of the outputs, which are to be the same each time."""
KEYED = ("preprocess", "pretrain", "train", "predict", "robustness")
"""The stages that there are several of; their last argument, the output, says which."""


def run(main: Callable[..., None]) -> None:
    """Run a stage: check the parameters, then ``main(params, *arguments)``.

    A fault that the user can mend ends the stage with its message and without a traceback. The
    seconds that it took are written to :data:`SECONDS`, as ``split`` or ``train@<variant>``.
    """
    begun = time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    for library in ("httpx", "dvc", "dvclive"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        params: Params = load_params(Path("params.yaml"))
        main(params, *sys.argv[1:])
    except GwangyeError as error:
        sys.exit(f"ERROR: {error}")
    stage = Path(sys.argv[0]).stem
    name = f"{stage}@{Path(sys.argv[-1]).stem}" if stage in KEYED else stage
    SECONDS.mkdir(parents=True, exist_ok=True)
    (SECONDS / name).write_text(f"{time.monotonic() - begun:.1f}", encoding="utf-8")
