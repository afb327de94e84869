from __future__ import annotations

import pytest
from pydantic import ValidationError

from gwangye.experiments.space import Range, decode, distributions, grid


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([5e-4, 5e-5, 0.1, 1.0, 2], ["5e-4", "5e-5", "0-1", "1-0", "2"]),
        ([1.5e-5, 0.0], ["1-5e-5", "0-0"]),
        ([True, None, "ema"], ["true", "null", "ema"]),
        (["losses.weighted_focal"], ["losses-weighted-focal"]),
    ],
)
def test_grid_names_are_the_values(values: list, names: list[str]) -> None:
    points = grid({"train.x": values})
    assert list(points) == names
    assert [point["train.x"] for point in points.values()] == values


def test_grid_changes_its_last_parameter_first() -> None:
    assert grid({"a": [1, 2], "b": [3, 4]}) == {
        "1-3": {"a": 1, "b": 3},
        "1-4": {"a": 1, "b": 4},
        "2-3": {"a": 2, "b": 3},
        "2-4": {"a": 2, "b": 4},
    }


@pytest.mark.parametrize(
    "space",
    [
        {"a": [0.3, 0], "b": [1, 3.1]},  # 0-3-1 twice
        {"a": [{"name": "fgm", "epsilon": 1.0}, {"name": "none"}]},
        {"a": ["한국어"]},
        {"a": ["a" * 41]},
        {"a": [-1]},
    ],
)
def test_grid_without_readable_names_has_short_ones_that_do_not_depend_on_the_place(
    space: dict,
) -> None:
    points = grid(space)
    assert all(len(name) == 8 and name.isalnum() for name in points)
    backwards = grid({path: values[::-1] for path, values in space.items()})
    assert dict(sorted(points.items())) == dict(sorted(backwards.items()))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"low": 2, "high": 1}, "low 2 is not below high 1"),
        ({"low": 1, "high": 1}, "A single value is for `base`"),
        ({"low": 0, "high": 1, "log": True}, "with log, low must be above 0, not 0"),
        ({"low": 1, "high": 2, "log": True, "step": 0.5}, "log and step do not go together"),
        ({"low": 1, "high": 2.5, "int": True}, "with int, low, high and step are whole numbers"),
        ({"low": 1, "high": 2, "step": 0}, "greater than 0"),
        ({"low": 1, "hihg": 2}, "key 'hihg' is unknown. Did you mean 'high'?"),
    ],
)
def test_fault_of_a_range_is_told(given: dict, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        Range(**given)


@pytest.mark.parametrize(
    ("given", "drawn", "value"),
    [
        ({"low": 1e-6, "high": 1e-2, "log": True}, 0.00012345678, 0.000123),
        ({"low": 0.12345, "high": 1}, 0.12346, 0.12345),  # not below the bound
        ({"low": 0, "high": 0.99987}, 0.9998, 0.99987),
        ({"low": 0.1, "high": 0.9, "step": 0.1}, 0.1 + 0.2, 0.3),
        ({"low": 1000, "high": 2000, "step": 0.5}, 1234.5, 1234.5),
        ({"low": 16, "high": 1024, "int": True}, 1023, 1023),
    ],
)
def test_drawn_number_has_few_digits(given: dict, drawn: float, value: float) -> None:
    assert Range(**given).rounded(drawn) == value


def test_values_come_back_from_optuna_as_they_were() -> None:
    values = [1, 1.0, True, None, "x", {"name": "fgm"}, [1, 2]]
    space = {"list": values, "whole": Range(low=1, high=8, int=True, step=1)}
    choices = distributions(space)["list"].choices
    assert choices == ("1", "1.0", "true", "null", '"x"', '{"name": "fgm"}', "[1, 2]")
    for value, choice in zip(values, choices, strict=True):
        decoded = decode(space, {"list": choice, "whole": 3})
        assert decoded == {"list": value, "whole": 3}
        assert type(decoded["list"]) is type(value)
