"""Settings for all tests, and a browser for the tests of HTML pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Two test processes on two cores: more threads in each would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

LONG = ("pipeline", "slow", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that open a browser, and begin with the modules that take long."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    # a long module that comes last keeps one process busy while the others wait
    items.sort(key=lambda item: next((k for k, m in enumerate(LONG) if m in item.keywords), 9))


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium that is installed here."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(
            "no Chromium here. `bash .ci/browser` installs Debian's; Google Chrome will do too"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a file as people do who have no network; whatever the page complains about is an error.

    Takes the file, what stands behind ``#`` in the address, and options of Playwright's contexts.
    """
    complaints: list[str] = []
    requested: set[str] = set()
    contexts = []

    def open_page(file: Path, fragment: str = "", **options: Any) -> Page:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requested.add(request.url))
        page.goto(f"{file.as_uri()}{fragment}")
        assert requested == {file.as_uri()}
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert len(requested) <= 1
