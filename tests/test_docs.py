"""The documentation is true: generated pages are up to date, commands and links exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.ko.md", *sorted((ROOT / "docs").rglob("*.md"))]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate


def test_ingredients_are_up_to_date() -> None:
    written = (ROOT / "docs" / "ingredients.md").read_text(encoding="utf-8")
    assert written == generator().ingredients(), "run `make docs`"


def test_every_ingredient_has_an_example_a_source_and_explained_options() -> None:
    for title, _, room in generator().ROOMS:
        pieces = [room] if isinstance(room, type) else [room[name] for name in room]
        for piece in pieces:
            for part in ("Example:", "References:"):
                assert part in piece.__doc__, f"{title}, {piece.__name__}: no {part}"
            for name, option in piece.model_fields.items():
                assert option.description, f"{title}, {piece.__name__}.{name}: no description"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z]+)`", page.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.M), target
