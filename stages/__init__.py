"""The pipeline's stages: each reads its inputs, calls the library, writes its outputs.

Paths arrive on the command line, from dvc.yaml; parameters come from params.yaml, all of which
is checked before any work.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from gwangye.errors import GwangyeError
from gwangye.params import Params, load_params


def run(main: Callable[..., None]) -> None:
    """Run a stage: check the parameters, then ``main(params, *arguments)``.

    A fault that the user can mend ends the stage with its message and without a traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    for library in ("httpx", "dvc", "dvclive"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        params: Params = load_params(Path("params.yaml"))
        main(params, *sys.argv[1:])
    except GwangyeError as error:
        sys.exit(f"ERROR: {error}")
