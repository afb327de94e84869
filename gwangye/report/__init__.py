"""The evaluation's report: one HTML page that needs no other file.

:func:`collect` reads what the pipeline wrote into one plain mapping, :func:`render` makes the page
of it. The same inputs give the same bytes.
"""

from gwangye.report.collect import collect
from gwangye.report.page import render

__all__ = ["collect", "render"]
