"""Stage ``report``: everything about the run as one page; learning curves, changed predictions.

Params: ``encoder``, ``split``, ``ensemble``, ``variants``, ``robustness.num_changed``. Reads the
split, all predictions, the scores and the tables beside them, the variants' learning curves and
perturbed rows; writes one HTML file that needs no other, ``curves/`` (a table of all runs per
curve) and ``robustness_rates.csv`` (how many predictions change, per variant and perturbation).
"""

import logging
from pathlib import Path

from gwangye.evaluation.changes import rates_by_variant, read_cases
from gwangye.examples import Dataset
from gwangye.files import remove_strays, write_csv
from gwangye.params import Params
from gwangye.report.collect import collect
from gwangye.report.curves import read_curves
from gwangye.report.page import render
from gwangye.report.training import describe
from stages import run

logger = logging.getLogger("report")


def main(params: Params, data: str, metrics: str, out: str) -> None:
    """Write the page and the tables."""
    source, folder, variants = Path(data), Path(metrics), list(params.variants)
    dataset = Dataset.read(source / "split")
    remove_strays(source / "predictions", [f"{name}.parquet" for name in variants])
    remove_strays(folder / "train", variants)
    remove_strays(folder / "robustness", [f"{name}.parquet" for name in variants])
    curves = read_curves(folder / "train", variants)
    for name, table in curves.items():
        write_csv(table, folder / "curves" / f"{name}.csv")
    cases = read_cases(folder / "robustness", variants)
    write_csv(rates_by_variant(cases, dataset.task), folder / "robustness_rates.csv")
    content = collect(
        dataset,
        source,
        folder,
        variants,
        trained=describe(params),
        curves=curves,
        cases=cases,
        num_changed=params.robustness.num_changed,
    )
    page = render(content)
    Path(out).write_text(page, encoding="utf-8")
    logger.info("%s: %.1f MB; open it with a browser", out, len(page.encode()) / 1e6)


if __name__ == "__main__":
    run(main)
