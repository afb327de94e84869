"""Stage ``evaluate``: scores and the reasons for errors. Params: ``seed``, ``evaluate``.

Reads the split, the target and all predictions; writes ``metrics.json`` (scores in three columns),
and per model and part scores per relation, the confusion matrix, the most confident errors,
reliability and risk-coverage.
"""

import logging
from pathlib import Path

from gwangye.dataset import Dataset, write_json
from gwangye.evaluation import Evaluator
from gwangye.params import Params
from gwangye.predictions import read_predictions
from gwangye.targets import Target
from stages import run

logger = logging.getLogger("evaluate")


def main(params: Params, split: str, predictions: str, target: str, metrics: str) -> None:
    """Score the ensemble and every variant."""
    dataset, folder = Dataset.read(Path(split)), Path(metrics)
    evaluator = Evaluator(
        dataset,
        Target.read(Path(target) / "target.json"),
        num_errors=params.evaluate.num_errors,
        resamples=params.evaluate.resamples,
        seed=params.seed,
    )
    scores = {}
    for name in ("ensemble", *params.variants):
        table = read_predictions(Path(predictions) / f"{name}.parquet", dataset.task.labels)
        evaluation = evaluator.evaluate(table)
        evaluation.write_tables(folder, name)
        scores[name] = evaluation.metrics
        for column, values in evaluation.metrics.items():
            logger.info(
                "%s %s: micro-F1 %.2f (%.2f to %.2f)",
                name,
                column,
                *(values[key] for key in ("micro_f1", "micro_f1_low", "micro_f1_high")),
            )
    write_json(scores, folder / "metrics.json")


if __name__ == "__main__":
    run(main)
