from __future__ import annotations

import pytest

from gwangye.errors import DataError, GwangyeError, ParameterError, did_you_mean


@pytest.mark.parametrize("kind", [DataError, ParameterError])
def test_every_error_is_caught_as_the_packages_own_and_as_a_value_error(
    kind: type[Exception],
) -> None:
    assert issubclass(kind, GwangyeError)
    assert issubclass(kind, ValueError)


@pytest.mark.parametrize(
    ("name", "allowed", "expected"),
    [
        ("gama", ["gamma", "beta"], "Did you mean 'gamma'? Allowed: beta, gamma."),
        ("qqq", ["gamma", "beta"], "Allowed: beta, gamma."),
        # two are near: the nearer one is offered, one alone
        ("bigr", ["bilstm", "bigru", "big"], "Did you mean 'bigru'? Allowed: big, bigru, bilstm."),
        ("", ["a"], "Allowed: a."),
        ("인물:직함", ["인물:직업", "없음"], "Did you mean '인물:직업'? Allowed: 없음, 인물:직업."),
    ],
)
def test_nearest_name_is_offered(name: str, allowed: list[str], expected: str) -> None:
    assert did_you_mean(name, allowed) == expected


def test_names_may_come_from_an_iterator() -> None:
    """It is read twice inside: for the near name and for the list."""
    assert did_you_mean("gama", iter(["gamma"])) == "Did you mean 'gamma'? Allowed: gamma."
