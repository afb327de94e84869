"""Stage ``report``: everything about the run as one page.

Params: ``encoder``, ``split``, ``ensemble``, ``variants``. Reads the split, all predictions, the
scores and the tables beside them; writes one HTML file that needs no other.
"""

import logging
from pathlib import Path

from gwangye.files import remove_strays
from gwangye.params import Params
from gwangye.report import collect, render
from gwangye.report.training import describe
from stages import run

logger = logging.getLogger("report")


def main(params: Params, data: str, metrics: str, out: str) -> None:
    """Write the page."""
    remove_strays(Path(metrics) / "robustness", list(params.variants))
    content = collect(
        Path(data),
        Path(metrics),
        variants=list(params.variants),
        trained=describe(params),
    )
    page = render(content)
    Path(out).write_text(page, encoding="utf-8")
    logger.info("%s: %.1f MB; open it with a browser", out, len(page.encode()) / 1e6)


if __name__ == "__main__":
    run(main)
