"""Stage ``report``: everything about the run as one page, and how many predictions change.

Params: ``encoder``, ``split``, ``ensemble``, ``variants``, ``robustness.num_changed``. Reads the
split, all predictions, the scores and the tables beside them, and the variants' perturbed rows;
writes one HTML file that needs no other, and ``robustness_rates.csv``, the share of predictions
that change per variant and perturbation.
"""

import logging
from pathlib import Path

from gwangye.evaluation.changes import rates_by_variant, read_cases
from gwangye.examples import Task
from gwangye.files import remove_strays, write_csv
from gwangye.params import Params
from gwangye.report.collect import collect
from gwangye.report.page import render
from gwangye.report.training import describe
from stages import run

logger = logging.getLogger("report")


def main(params: Params, data: str, metrics: str, out: str) -> None:
    """Write the page, and the table of rates."""
    source, folder, variants = Path(data), Path(metrics), list(params.variants)
    remove_strays(folder / "robustness", variants)
    cases = read_cases(folder / "robustness", variants)
    rates = rates_by_variant(cases, Task.read(source / "split" / "task.json"))
    write_csv(rates, folder / "robustness_rates.csv")
    content = collect(
        source,
        folder,
        variants,
        trained=describe(params),
        cases=cases,
        num_changed=params.robustness.num_changed,
    )
    page = render(content)
    Path(out).write_text(page, encoding="utf-8")
    logger.info("%s: %.1f MB; open it with a browser", out, len(page.encode()) / 1e6)


if __name__ == "__main__":
    run(main)
