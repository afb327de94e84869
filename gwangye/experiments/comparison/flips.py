"""Which rows two models predict differently: those that B mends, and those that it breaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gwangye.evaluation.analysis.rows import readable_rows
from gwangye.experiments.comparison.pairs import Pair

CHANGES = ("broken", "mended", "other")


@dataclass(frozen=True)
class Flips:
    """The rows on which A and B choose different relations.

    Args:
        names: What A and B are called.
        rows: Rows compared.
        table: One row each: guid, actual, a, a_confidence, b, b_confidence (0 to 1, 4 decimals),
            change, entities and sentence. The change is "mended" (only B is right), "broken" (only
            A is) or "other" (neither is). Broken rows first, then mended ones, the others last;
            within these the surest of B first, then by guid.
    """

    names: tuple[str, str]
    rows: int
    table: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Return the rows by change."""
        return {change: int((self.table["change"] == change).sum()) for change in CHANGES}

    def sentence(self) -> str:
        """Say how many there are."""
        (a, b), counts = self.names, self.counts
        return (
            f"Of {self.rows:,} rows, {b} mends {counts['mended']:,} that {a} had wrong and breaks "
            f"{counts['broken']:,} that it had right; {counts['other']:,} are wrong in both, "
            "differently."
        )


def flips(pair: Pair, examples: pd.DataFrame) -> Flips:
    """Find the rows on which the two models choose different relations.

    Args:
        pair: The predictions.
        examples: Canonical table of the pair's rows, in its order.
    """
    labels = np.array(pair.labels, dtype=object)
    chosen, surest = pair.probabilities.argmax(axis=2), pair.probabilities.max(axis=2)
    right = chosen == pair.true
    table = readable_rows(
        examples,
        {
            "actual": labels[pair.true],
            "a": labels[chosen[0]],
            "a_confidence": surest[0].round(4),
            "b": labels[chosen[1]],
            "b_confidence": surest[1].round(4),
            "change": pd.Categorical(
                np.select([right[0], right[1]], CHANGES[:2], default=CHANGES[2]), CHANGES
            ),
        },
    )
    table = table[chosen[0] != chosen[1]]
    table = table.sort_values(["change", "b_confidence", "guid"], ascending=[True, False, True])
    return Flips(pair.names, len(pair.true), table)
