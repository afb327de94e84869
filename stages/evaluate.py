"""Stage ``evaluate``: scores and the reasons for errors. Params: ``evaluate``.

Reads the split and all predictions; writes ``metrics.json``, and per model scores per relation,
the confusion matrix and the most confident errors.
"""

import logging
from pathlib import Path

from gwangye.dataset import Dataset, write_json
from gwangye.evaluation import evaluate
from gwangye.params import Params
from gwangye.predictions import read_predictions
from stages import run

logger = logging.getLogger("evaluate")


def main(params: Params, split: str, predictions: str, target: str) -> None:
    """Score the ensemble and every variant."""
    dataset, folder = Dataset.read(Path(split)), Path(target)
    metrics = {}
    for name in ("ensemble", *params.variants):
        table = read_predictions(Path(predictions) / f"{name}.parquet", dataset.task.labels)
        evaluation = evaluate(table, dataset, num_errors=params.evaluate.num_errors)
        evaluation.write_tables(folder, name)
        metrics[name] = evaluation.metrics
        for part, scores in evaluation.metrics.items():
            logger.info(
                "%s %s: micro-F1 %.2f, AUPRC %.2f", name, part, scores["micro_f1"], scores["auprc"]
            )
    write_json(metrics, folder / "metrics.json")


if __name__ == "__main__":
    run(main)
