"""Stage ``robustness@<variant>``: which predictions change when a sentence is written otherwise.

Params: ``seed``, ``split.folds``, ``robustness``. Reads the split and the trained model(s); writes
``rates.csv`` (how many change, per perturbation and relation) and ``changed.csv`` (which).
"""

import logging
from pathlib import Path

from gwangye.evaluation.robustness import measure_robustness
from gwangye.examples import Dataset
from gwangye.params import Params
from stages import run

logger = logging.getLogger("robustness")


def main(params: Params, split: str, models: str, target: str) -> None:
    """Perturb validation rows and count the predictions that change."""
    robustness = measure_robustness(
        Dataset.read(Path(split)),
        Path(models),
        folds=params.split.folds,
        options=params.robustness,
        seed=params.seed,
        progress=True,
    )
    robustness.write(Path(target))
    rates = robustness.rates
    for line in rates[rates["relation"] == "all"].itertuples():
        logger.info(
            "%s: %.1f %% of %d predictions change", line.perturbation, line.changed, line.rows
        )


if __name__ == "__main__":
    run(main)
