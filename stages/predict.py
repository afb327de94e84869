"""Stage ``predict@<variant>``: probabilities of all relations. Params: ``split.folds``.

Reads the trained model(s) and the features, writes guid, part and one column per relation.
"""

import logging
from pathlib import Path

from gwangye.inputs.features.table import read_features
from gwangye.params import Params
from gwangye.prediction.folds import predict_folds
from gwangye.prediction.tables import write_predictions
from stages import run

logger = logging.getLogger("predict")


def main(params: Params, model: str, features: str, out: str) -> None:
    """Predict the validation rows of every fold, and the test rows."""
    rows = read_features(Path(features) / "features.parquet")
    table = predict_folds(Path(model), rows, params.split.folds, progress=True)
    write_predictions(table, Path(out))
    counts = table["part"].value_counts().to_dict()
    logger.info("%s: %s", out, ", ".join(f"{n} {part}" for part, n in counts.items()))


if __name__ == "__main__":
    run(main)
