"""Stage ``evaluate``: scores and the reasons for errors.

Params: ``seed``, ``ensemble.members``, ``evaluate``, ``variants``.

Reads the split, the target and all predictions; writes ``metrics.json`` (the headline scores) and
``scores.csv`` (all of them, with intervals); in ``tables/`` per model and part scores per relation
and per slice, the confusion matrix, the most confident errors, reliability and risk-coverage; where
the members of the ensemble disagree most, the suspected label errors, and the learning curves.
"""

import logging
from pathlib import Path

import pandas as pd

from gwangye.evaluation.curves import read_curves
from gwangye.evaluation.evaluator import Evaluator
from gwangye.evaluation.scores import headline, score_text
from gwangye.evaluation.targets import Target
from gwangye.examples import Dataset
from gwangye.files import remove_strays, write_csv, write_json
from gwangye.params import Params
from gwangye.prediction.tables import predictions_file, read_member, read_predictions
from stages import run

logger = logging.getLogger("evaluate")


def main(params: Params, data: str, out: str) -> None:
    """Score the ensemble and every variant."""
    source, folder = Path(data), Path(out)
    dataset = Dataset.read(source / "split")
    remove_strays(source / "predictions", [f"{name}.parquet" for name in params.variants])
    remove_strays(folder / "train", list(params.variants))
    labels = dataset.task.labels
    evaluator = Evaluator(
        dataset,
        Target.read(source / "target" / "target.json"),
        num_errors=params.evaluate.num_errors,
        resamples=params.evaluate.resamples,
        seed=params.seed,
    )
    names = ("ensemble", *params.variants)
    tables = {name: read_predictions(predictions_file(source, name), labels) for name in names}
    found = []
    for name, table in tables.items():
        evaluation = evaluator.evaluate(table)
        evaluation.write_tables(folder / "tables", name)
        found.append(evaluation.scores(name))
    scores = pd.concat(found, ignore_index=True)
    chosen = scores[(scores["metric"] == "micro_f1") & (scores["pairs"] == "all")]
    for row in chosen.to_dict(orient="records"):
        text = score_text(row["value"], row["low"], row["high"])
        logger.info("%s %s: micro-F1 %s", row["model"], row["column"], text)
    for note in scores["note"].dropna().unique():
        logger.warning("the re-weighted scores differ from the target: %s", note)
    members = {member: read_member(source, member, labels) for member in params.members()}
    for part, rows in evaluator.disagreements(tables["ensemble"], members).items():
        write_csv(rows, folder / "tables" / "disagreements" / f"{part}.csv")
    suspected = evaluator.suspected_labels(tables["ensemble"])
    write_csv(suspected, folder / "tables" / "label_noise.csv")
    logger.info("suspected label errors: %d", len(suspected))
    for name, curve in read_curves(folder / "train", list(params.variants)).items():
        write_csv(curve, folder / "tables" / "curves" / f"{name}.csv")
    write_csv(scores, folder / "scores.csv")
    write_json(headline(scores), folder / "metrics.json")


if __name__ == "__main__":
    run(main)
