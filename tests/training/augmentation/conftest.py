"""A generator that draws what a test says; rows beside those of the input forms' tests.

- ``BEATLES``: the sentence of every docstring, with a relation that has an inverse.
- ``NESTED``: the subject is a part of the object's word.
- ``SPACED``: an entity with white space at its edge, doubled and odd white space around words.
- ``REPEATED``: the object's word stands twice, the second one is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gwangye.examples import Entity, Example
from gwangye.training.augmentation.pieces import MARKS
from tests.inputs.markers import conftest as forms
from tests.inputs.markers.conftest import example

BEATLES = replace(forms.BEATLES, label="org:top_members/employees")
NESTED = Example(
    "n",
    "온새미대학교는 온새미에 있다.",
    Entity("온새미", 0, 3, "LOC"),
    Entity("온새미대학교", 0, 6, "ORG"),
)
SPACED = example(" 다온은  그 봄에 \t책 셋을 썼다. ", ("다온", 1, "PER"), ("셋을 ", 14, "NOH"))
REPEATED = example("윤슬 옆 누리는 윤슬이 아니다.", ("누리", 5, "PER"), ("윤슬", 9, "PER"))

ROWS = {
    **forms.EXAMPLES,
    "beatles": BEATLES,
    "nested": NESTED,
    "spaced": SPACED,
    "repeated": REPEATED,
}


class Draws:
    """Stands in for a NumPy generator.

    Args:
        random: What ``random`` returns, one after the other.
        count: What ``integers`` returns from a range of more than one; the most if None.
        first: The places that ``permutation`` moves to the front.
        marks: Which marks ``integers`` chooses.
    """

    def __init__(
        self,
        random: Sequence[float] = (),
        count: int | None = None,
        first: Sequence[int] = (),
        marks: str = MARKS,
    ) -> None:
        self.values = list(random)
        self.count = count
        self.first = list(first)
        self.marks = [MARKS.index(mark) for mark in marks]
        self.offered: list[int] = []
        self.range: tuple[int, int] | None = None

    def random(self, size: int | None = None) -> Any:
        if size is None:
            return self.values.pop(0)
        drawn, self.values = self.values[:size], self.values[size:]
        assert len(drawn) == size
        return np.array(drawn)

    def integers(
        self, low: int, high: int | None = None, size: int | None = None, endpoint: bool = False
    ) -> Any:
        if size is not None:
            assert low == len(MARKS)
            return np.array(self.marks[:size])
        assert high is not None
        assert endpoint
        self.range = (low, high)
        return high if self.count is None else self.count

    def permutation(self, values: Sequence[int]) -> Any:
        self.offered = list(values)
        rest = [value for value in values if value not in self.first]
        return np.array(self.first + rest, dtype=int)
