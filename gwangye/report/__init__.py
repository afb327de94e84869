"""The evaluation's report: one HTML page that needs no other file.

:func:`gwangye.report.collect.collect` brings together what the pipeline wrote,
:func:`gwangye.report.page.render` makes the page of it. The same inputs give the same bytes.
"""
