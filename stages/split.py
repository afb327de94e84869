"""Stage ``split``: check the examples and choose validation rows.

Params: ``seed``, ``data``, ``split.strategy``, ``split.num_folds``,
``split.num_repeats``. Reads the files that ``data`` names; writes ``train.parquet`` (with
``fold``), ``test.parquet``, ``task.json``, ``report.json`` and ``rejected.csv``.
"""

import logging
from pathlib import Path

from gwangye.data.splitting.files import split_files
from gwangye.files import write_json
from gwangye.params import Params
from stages import run

logger = logging.getLogger("split")


def main(params: Params, out: str) -> None:
    """Read, check, cut into folds, report."""
    result = split_files(params.data, params.split, params.seed)
    params.check_labels(result.dataset.task.labels)
    folder = Path(out)
    result.dataset.write(folder)
    write_json(result.report, folder / "report.json")
    result.rejected.to_csv(folder / "rejected.csv", index=False)
    logger.info(
        "%d labelled rows in %d folds, %d test rows, %d relations, %d rejected",
        len(result.dataset.train),
        params.split.num_folds,
        len(result.dataset.test),
        len(result.dataset.task.labels),
        len(result.rejected),
    )


if __name__ == "__main__":
    run(main)
