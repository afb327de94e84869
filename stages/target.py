"""Stage ``target``: what the scores should hold for. Params: ``seed``, ``target``.

Reads the split and the ensemble's predictions; writes ``target.json`` (the distribution),
``estimates.csv`` (the label distribution as each estimator sees it) and ``sheet.csv`` (test rows
to label by hand).
"""

import logging
from pathlib import Path

import pandas as pd

from gwangye.evaluation.shift.label_shares import contradictions
from gwangye.evaluation.shift.labelling import labelling_sheet
from gwangye.evaluation.targets import describe_target, estimate_labels
from gwangye.examples import Dataset
from gwangye.files import write_csv, write_json
from gwangye.params import Params
from gwangye.prediction.tables import predictions_file, read_predictions
from stages import run

logger = logging.getLogger("target")


def main(params: Params, data: str, out: str) -> None:
    """Describe the test file: label distribution, and what else is matched."""
    dataset, folder, options = Dataset.read(Path(data) / "split"), Path(out), params.target
    table = read_predictions(predictions_file(Path(data), "ensemble"), dataset.task.labels)
    estimates = estimate_labels(
        table, dataset, resamples=options.resamples, seed=params.seed, known=options.known
    )
    described = describe_target(options, dataset, estimates)
    write_json(described.to_dict(), folder / "target.json")
    logger.info("label distribution: %s", described.method)
    if not estimates:
        return
    table = pd.concat([estimate.table() for estimate in estimates.values()])
    write_csv(table.round(4), folder / "estimates.csv")
    write_csv(labelling_sheet(dataset.test, options.sheet_rows, params.seed), folder / "sheet.csv")
    reasons = contradictions(list(estimates.values()))
    if reasons and not options.labels_file:
        logger.warning(
            "the estimates of the label distribution in %s cannot all be right: %s. Label a copy "
            "of %s by hand and name it in target.labels",
            folder / "estimates.csv",
            "; ".join(reasons),
            folder / "sheet.csv",
        )


if __name__ == "__main__":
    run(main)
