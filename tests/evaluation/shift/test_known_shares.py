"""What known shares leave to estimate, and how both are put together."""

from __future__ import annotations

import numpy as np
import pytest

from gwangye.errors import ParameterError
from gwangye.evaluation.shift.known_shares import KnownShares, check_known

LABELS = ["no_relation", "per:title", "org:product", "per:spouse"]


def test_known_and_estimated_shares_are_put_together() -> None:
    """Half is no_relation, .1 is per:spouse, which no labelled row has: .4 is left to two."""
    known = KnownShares({"no_relation": 0.5, "per:spouse": 0.1}, LABELS, np.array([0, 1, 2]))
    assert known.left == pytest.approx(0.9)
    # of the .9 that relations with labelled rows share
    assert known.held == pytest.approx([5 / 9, np.nan, np.nan], nan_ok=True)
    point = np.array([5 / 9, 3 / 9, 1 / 9])
    low, high = np.array([5 / 9, 2 / 9, 0]), np.array([5 / 9, 4 / 9, 2 / 9])
    replicates = np.linspace(low, high, 41)  # 2.5 and 97.5 % are one step from the ends
    found = known.estimate("em", point, replicates, 2.0, converged=True)
    assert found.shares == pytest.approx([0.5, 0.3, 0.1, 0.1])
    assert found.low == pytest.approx([0.5, 0.205, 0.005, 0.1])
    assert found.high == pytest.approx([0.5, 0.395, 0.195, 0.1])
    assert (found.method, found.condition, found.converged) == ("em", 2.0, True)


def test_nothing_known_leaves_all() -> None:
    known = KnownShares({}, LABELS, np.array([0, 1]))
    assert known.left == 1
    found = known.estimate("em", np.array([0.7, 0.3]), np.array([[0.7, 0.3]]), 1.0, converged=False)
    assert found.shares.tolist() == [0.7, 0.3, 0, 0]


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"per:titel": 0.5}, "known: no relation 'per:titel'. Did you mean 'per:title'"),
        ({"per:title": 1.5}, "known.per:title is 1.5. Allowed: a share from 0 to 1"),
        ({"per:title": 0.6, "no_relation": 0.6}, "known: the shares sum to 1.2. Allowed: at most"),
    ],
)
def test_shares_that_cannot_be(known: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_known(known, LABELS)


def test_known_shares_must_leave_something_and_be_left_something() -> None:
    with pytest.raises(ParameterError, match="leave nothing to the relations that have labelled"):
        KnownShares({"per:spouse": 1.0}, LABELS, np.array([0, 1]))
    with pytest.raises(ParameterError, match="shares of all 2 relations .* sum to 0.9. Leave one"):
        KnownShares({"no_relation": 0.5, "per:title": 0.4}, LABELS, np.array([0, 1]))
