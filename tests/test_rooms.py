"""The house: which rooms the library has, and that imports between them go one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.closure import imported

LIBRARY = Path(__file__).parents[1] / "gwangye"
# In the order of a sentence's way; a room imports rooms before it, and none after it.
ROOMS = (
    *("data", "inputs", "encoders", "model", "training"),
    *("prediction", "evaluation", "report", "experiments", "cli"),
)
GROUND = ("errors", "files", "options", "examples", "metrics")
# joins the rooms' own options and checks them together: only what knows params.yaml imports it
PARAMS = "params"
KNOW_PARAMS = {"params", "experiments", "cli"}


def room(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.parent != LIBRARY)
GROUND_MODULES = [LIBRARY / f"{name}.py" for name in GROUND]


def rooms_of_imports(module: Path) -> set[str]:
    """The rooms and ground modules that a module imports, but for its own."""
    paths = [path for path in imported(module) if path.is_relative_to(LIBRARY)]
    return {room(path) for path in paths} - {room(module), "__init__"}


def test_the_library_has_ten_rooms_on_ground_modules() -> None:
    names = {path.stem for path in LIBRARY.iterdir() if path.name[0] not in "_."}
    assert names == {*ROOMS, *GROUND, PARAMS, "py"}  # py.typed


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_no_room_after_it(name: str) -> None:
    after = set(ROOMS[ROOMS.index(name) + 1 :])
    found = {
        path.relative_to(LIBRARY).as_posix(): sorted(wrong)
        for path in MODULES
        if room(path) == name and (wrong := rooms_of_imports(path) & after)
    }
    assert found == {}


def test_ground_modules_import_no_room() -> None:
    found = {path.stem: rooms_of_imports(path) - {*GROUND} for path in GROUND_MODULES}
    assert not any(found.values()), found


def test_only_what_knows_the_parameter_file_imports_params() -> None:
    found = {room(path) for path in MODULES if PARAMS in rooms_of_imports(path)}
    assert found <= KNOW_PARAMS
