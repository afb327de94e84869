from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from gwangye.examples import make_frame


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """Return a maker of a canonical table from (sentence, subject word, object word, label) rows.

    Spans are not true to the sentence: splitting does not look at them.
    """

    def make(rows: Sequence[tuple[str, str, str, str | None]]) -> pd.DataFrame:
        sentences, subjects, objects, labels = zip(*rows, strict=True)
        count = len(rows)
        return make_frame(
            {
                "guid": [f"row-{i}" for i in range(count)],
                "sentence": sentences,
                "subject_word": subjects,
                "subject_start": [0] * count,
                "subject_end": [1] * count,
                "subject_type": ["PER"] * count,
                "object_word": objects,
                "object_start": [2] * count,
                "object_end": [3] * count,
                "object_type": ["ORG"] * count,
                "label": labels,
                "source": [None] * count,
            }
        )

    return make
