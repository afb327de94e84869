"""The ledger's page in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gwangye.experiments.ledger import to_html
from gwangye.experiments.ledger.scores import Score
from tests.cli.test_ledger import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]
F1 = ("validation", "micro_f1")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Three experiments; the one named after markup has the best score, one has none."""
    best = replace(EXAMPLES[0], names=("<b>best</b>",), scores={F1: Score(50.0)})
    path = tmp_path / "ledger.html"
    path.write_text(to_html([*EXAMPLES, best]), encoding="utf-8")
    return path


def names(page: Page) -> list[str]:
    cells = page.locator("tbody tr:visible td[data-title=experiment]")
    return cells.all_text_contents()


def test_sorts_by_a_heading_and_back(ledger: Path, visit: Visit) -> None:
    page = visit(ledger)
    assert names(page) == ["gamma2", "main, next", "<b>best</b>"]
    heading = page.get_by_role("button", name="validation micro-F1")
    heading.click()
    assert names(page) == ["<b>best</b>", "gamma2", "main, next"]
    heading.click()
    # what has no score stands last either way
    assert names(page) == ["gamma2", "<b>best</b>", "main, next"]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("validation micro-F1")


def test_filters_by_all_words(ledger: Path, visit: Visit) -> None:
    page = visit(ledger)
    page.get_by_label("Filter").fill("LOSS.gamma best")
    assert names(page) == ["<b>best</b>"]
    assert page.locator("output").inner_text() == "1 of 3"
    page.get_by_label("Filter").fill("")
    assert len(names(page)) == 3


@pytest.mark.parametrize("width", [390, 1280])
def test_page_is_no_wider_than_the_window(ledger: Path, visit: Visit, width: int) -> None:
    page = visit(ledger, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_phone_shows_cards_with_titles(ledger: Path, visit: Visit) -> None:
    page = visit(ledger, viewport={"width": 390, "height": 800})
    score = page.locator("td[data-title='validation micro-F1']").first
    assert score.inner_text() == "48.7 (40.0–57.2)"
    assert score.evaluate("node => getComputedStyle(node, '::before').content") == (
        '"validation micro-F1 "'
    )
