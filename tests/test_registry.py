from __future__ import annotations

import pytest
from pydantic import Field

from gwangye.errors import ParameterError
from gwangye.registry import Piece, Registry


class Tool(Piece):
    """A tool."""


TOOLS: Registry[Tool] = Registry("tool")


@TOOLS.register("saw")
class Saw(Tool):
    """Cuts."""

    teeth: int = Field(10, ge=1)


@TOOLS.register("hammer")
class Hammer(Tool):
    """Hits."""

    weight: float = 0.5


def test_piece_is_built_with_its_options() -> None:
    assert TOOLS.build({"name": "saw", "teeth": 3}, "tool") == Saw(teeth=3)
    assert TOOLS.build({"name": "saw"}, "tool") == Saw(teeth=10)


def test_option_of_another_piece_is_left_aside() -> None:
    assert TOOLS.build({"name": "hammer", "teeth": 3}, "tool") == Hammer(weight=0.5)


def test_names_in_order_of_registration() -> None:
    assert list(TOOLS) == ["saw", "hammer"]
    assert TOOLS["saw"] is Saw


FAULTS = [
    ({}, "x.name is missing. Allowed: hammer, saw."),
    ({"name": "sow"}, "x.name: tool 'sow' is unknown. Did you mean 'saw'? Allowed: hammer, saw."),
    ({"name": "saw", "tooth": 3}, "x.tooth is unknown. Did you mean 'teeth'?"),
    ({"name": "saw", "teeth": 0}, "x.teeth: Input should be greater than or equal to 1 (found: 0)"),
    ({"name": "saw", "teeth": "many"}, "x.teeth: Input should be a valid integer"),
]


@pytest.mark.parametrize(("choice", "message"), FAULTS)
def test_faults(choice: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        TOOLS.build(choice, "x")
    assert str(caught.value).startswith(message)


def test_unknown_name_by_index() -> None:
    with pytest.raises(ParameterError, match="tool 'sow' is unknown. Did you mean 'saw'"):
        TOOLS["sow"]


def test_name_is_registered_once() -> None:
    with pytest.raises(ParameterError, match="tool 'saw' is registered twice"):
        TOOLS.register("saw")(Saw)


def test_built_piece_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Saw().teeth = 4  # type: ignore[misc]
