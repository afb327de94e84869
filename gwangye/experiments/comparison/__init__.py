"""Is model B better than model A? A paired test on the same rows.

The test says what other *rows* would have done to the difference. It does not say what another
training seed would have done: for that, train each variant with several seeds.
"""

from gwangye.experiments.comparison.flips import Flips, flips
from gwangye.experiments.comparison.models import compare_models
from gwangye.experiments.comparison.paired_bootstrap import (
    SIGNIFICANCE,
    bootstrap_test,
    compare,
    holm,
)
from gwangye.experiments.comparison.pairs import Pair, align
from gwangye.experiments.comparison.results import Comparison, Difference

__all__ = [
    "SIGNIFICANCE",
    "Comparison",
    "Difference",
    "Flips",
    "Pair",
    "align",
    "bootstrap_test",
    "compare",
    "compare_models",
    "flips",
    "holm",
]
