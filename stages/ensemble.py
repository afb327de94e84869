"""Stage ``ensemble``: the members' predictions become one. Params: ``ensemble``, ``variants``.

Reads the split and the members' predictions; writes the ensemble's predictions, the members'
weights and a submission file.
"""

import logging
from pathlib import Path

from gwangye.examples import Dataset
from gwangye.files import remove_strays, write_json
from gwangye.params import Params
from gwangye.prediction.ensembling import ensemble_predictions
from gwangye.prediction.tables import read_member, submission, write_predictions
from stages import run

logger = logging.getLogger("ensemble")


def main(params: Params, data: str, out: str) -> None:
    """Combine the predictions of ``ensemble.members``."""
    source, folder = Path(data), Path(out)
    dataset = Dataset.read(source / "split")
    remove_strays(source / "predictions", [f"{name}.parquet" for name in params.variants])
    labels = dataset.task.labels
    tables = {member: read_member(source, member, labels) for member in params.members()}
    table, weights = ensemble_predictions(params.ensembler(), tables, dataset)
    write_predictions(table, folder / "predictions.parquet")
    write_json(weights, folder / "weights.json")
    submission(table, labels).to_csv(folder / "submission.csv", index=False)
    logger.info("weights: %s", ", ".join(f"{name} {w:.3f}" for name, w in weights.items()))


if __name__ == "__main__":
    run(main)
