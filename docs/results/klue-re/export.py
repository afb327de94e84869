"""Write what a finished run on KLUE-RE claims: probabilities of the unlabelled rows, and scores.

``python docs/results/klue-re/export.py`` reads ``data/predictions/`` and ``metrics/scores.csv`` and
writes ``<variant>.parquet`` (guid and 30 probabilities, no text) beside itself, and the variants'
lines of ``claims.json`` (percent); other variants keep theirs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

FOLDER = Path(__file__).parent


def main() -> None:
    """Export every variant of params.yaml."""
    variants = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["variants"]
    scores = pd.read_csv("metrics/scores.csv").query("pairs == 'all' and metric == 'micro_f1'")
    file = FOLDER / "claims.json"
    claims: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for variant in variants:
        table = pd.read_parquet(f"data/predictions/{variant}.parquet")
        table = table[table["part"] == "test"].drop(columns="part")
        table.to_parquet(FOLDER / f"{variant}.parquet", index=False, compression="zstd")
        own = scores[scores["model"] == variant].set_index("column")
        weighted = own.loc["validation_reweighted"]
        claims[variant] = {
            "validation": {"micro_f1": float(own.loc["validation", "value"])},
            "validation_reweighted": {
                "micro_f1": float(weighted["value"]),
                "low": float(weighted["low"]),
                "high": float(weighted["high"]),
            },
        }
    file.write_text(json.dumps(claims, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
