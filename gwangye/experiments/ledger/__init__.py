"""Every experiment of a repository as one table: what was changed, by whom, and the scores.

The ledger has no store of its own. Git knows the commits and who made them, DVC knows parameters,
scores and experiments (``dvc exp show --json``): :mod:`gwangye.experiments.ledger.history` reads
both, :func:`build` joins them to rows, and ``to_table``, ``to_markdown``, ``to_csv`` and
``to_html`` write those.

A row is a commit that changes parameters or scores, the tip of a branch that changes code, a DVC
experiment, or the workspace where it differs from HEAD. A row's scores are those of a run: where
parameters or code are new and neither dvc.lock nor the files of scores are, nothing was run, and
the scores there are another row's.
"""

from gwangye.experiments.ledger.changes import parameter_changes
from gwangye.experiments.ledger.page import to_html
from gwangye.experiments.ledger.rows import Row, build, collect
from gwangye.experiments.ledger.scores import Score
from gwangye.experiments.ledger.tables import to_csv, to_markdown, to_table

__all__ = [
    "Row",
    "Score",
    "build",
    "collect",
    "parameter_changes",
    "to_csv",
    "to_html",
    "to_markdown",
    "to_table",
]
