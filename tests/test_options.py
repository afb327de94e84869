"""A toy registry: two tools, each with an option of its own and one that both have."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, field_validator

from gwangye.errors import ParameterError
from gwangye.options import Piece, Registry


class Tool(Piece):
    """A tool."""


TOOLS: Registry[Tool] = Registry("tool")


@TOOLS.register("saw")
class Saw(Tool):
    """Cuts."""

    teeth: int = Field(10, ge=1)
    grip: str = "wood"

    @field_validator("grip")
    @classmethod
    def _not_ice(cls, value: str) -> str:
        if value == "ice":
            raise ValueError("ice melts")
        return value


@TOOLS.register("hammer")
class Hammer(Tool):
    """Hits."""

    weight: float = 0.5
    grip: str = "steel"
    sizes: dict[str, int] = Field(default_factory=dict)


def test_piece_is_built_with_its_options() -> None:
    assert TOOLS.build({"name": "saw", "teeth": 3}, "tool") == Saw(teeth=3, grip="wood")
    assert TOOLS.build({"name": "saw"}, "tool") == Saw(teeth=10, grip="wood")


def test_option_of_another_piece_is_left_aside() -> None:
    choice = {"name": "hammer", "teeth": 3, "grip": "cork"}
    assert TOOLS.build(choice, "tool") == Hammer(weight=0.5, grip="cork")
    assert choice == {"name": "hammer", "teeth": 3, "grip": "cork"}


def test_names_in_order_of_registration() -> None:
    assert list(TOOLS) == ["saw", "hammer"]
    assert TOOLS["saw"] is Saw


def test_option_names_of_all_pieces() -> None:
    assert TOOLS.option_names() == {"teeth", "grip", "weight", "sizes"}


ALLOWED = "Allowed: hammer, saw."
FAULTS: list[tuple[dict[Any, Any], str]] = [
    ({}, f"x.name is missing. {ALLOWED}"),
    ({"name": "sow"}, f"x.name: tool 'sow' is unknown. Did you mean 'saw'? {ALLOWED}"),
    # YAML's `name:` with nothing behind it, and a list where a name is meant
    ({"name": None}, f"x.name: tool 'None' is unknown. {ALLOWED}"),
    ({"name": ["saw"]}, f"x.name: tool '['saw']' is unknown. Did you mean 'saw'? {ALLOWED}"),
    (
        {"name": "saw", "tooth": 3},
        "x.tooth is unknown. Did you mean 'teeth'? Allowed: grip, name, sizes, teeth, weight.",
    ),
    ({"name": "saw", 7: 3}, "x.7 is unknown. Allowed: grip, name, sizes, teeth, weight."),
    ({"name": "saw", "teeth": 0}, "x.teeth: Input should be greater than or equal to 1 (found: 0)"),
    ({"name": "saw", "grip": "ice"}, "x.grip: ice melts (found: 'ice')"),
    (
        {"name": "hammer", "weight": "light", "sizes": {"a": 0.5}},
        "x.weight: Input should be a valid number, unable to parse string as a number "
        "(found: 'light')\n"
        "x.sizes.a: Input should be a valid integer, got a number with a fractional part "
        "(found: 0.5)",
    ),
]


@pytest.mark.parametrize(("choice", "message"), FAULTS)
def test_faults(choice: dict[Any, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        TOOLS.build(choice, "x")
    assert str(caught.value) == message


def test_unknown_name_by_index() -> None:
    with pytest.raises(ParameterError, match="tool 'sow' is unknown. Did you mean 'saw'"):
        TOOLS["sow"]


def test_name_is_registered_once() -> None:
    with pytest.raises(ParameterError, match="tool 'saw' is registered twice"):
        TOOLS.register("saw")(Hammer)
    assert TOOLS["saw"] is Saw


def test_registries_do_not_share_pieces() -> None:
    others: Registry[Tool] = Registry("other")
    others.register("saw")(Hammer)
    assert others["saw"] is Hammer
    assert TOOLS["saw"] is Saw


def test_built_piece_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Saw().teeth = 4  # type: ignore[misc]


def test_piece_itself_refuses_unknown_options() -> None:
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        Saw(tooth=4)  # type: ignore[call-arg]
