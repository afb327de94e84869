"""Stage ``robustness@<variant>``: what is predicted when a sentence is written otherwise.

Params: ``seed``, ``split.folds``, ``robustness`` but ``num_changed``. Reads the split and the
trained model(s); writes
``cases.parquet``: every perturbed row with its predictions before and after.
"""

import logging
from pathlib import Path

from gwangye.evaluation.robustness.measuring import measure_robustness
from gwangye.examples import Dataset
from gwangye.params import Params
from stages import run

logger = logging.getLogger("robustness")


def main(params: Params, split: str, models: str, out: str) -> None:
    """Perturb validation rows and predict them again."""
    cases = measure_robustness(
        Dataset.read(Path(split)),
        Path(models),
        folds=params.split.folds,
        options=params.robustness,
        seed=params.seed,
        progress=True,
    )
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    cases.to_parquet(folder / "cases.parquet", index=False)
    changed = (cases["before"] != cases["after"]).groupby(cases["perturbation"], sort=False)
    for perturbation, rows in changed:
        logger.info("%s: %d of %d predictions change", perturbation, rows.sum(), len(rows))


if __name__ == "__main__":
    run(main)
