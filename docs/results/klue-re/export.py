"""Write what a finished run on KLUE-RE claims: probabilities of the unlabelled rows, and scores.

``python docs/results/klue-re/export.py`` reads ``data/predictions/`` and ``metrics/metrics.json``
and writes ``<variant>.parquet`` (guid and 30 probabilities, no text) and ``claims.json`` (percent)
beside itself.
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
    scores = json.loads(Path("metrics/metrics.json").read_text(encoding="utf-8"))
    claims: dict[str, Any] = {}
    for variant in variants:
        table = pd.read_parquet(f"data/predictions/{variant}.parquet")
        table = table[table["part"] == "test"].drop(columns="part")
        table.to_parquet(FOLDER / f"{variant}.parquet", index=False, compression="zstd")
        plain, weighted = (scores[variant][p] for p in ("validation", "validation_reweighted"))
        claims[variant] = {
            "validation": {"micro_f1": plain["micro_f1"]},
            "validation_reweighted": {
                "micro_f1": weighted["micro_f1"],
                "low": weighted["micro_f1_low"],
                "high": weighted["micro_f1_high"],
            },
        }
    text = json.dumps(claims, indent=2) + "\n"
    (FOLDER / "claims.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
