"""The page: a template, its style and its scripts, put into one file with the data.

The page loads nothing: its Content-Security-Policy allows its own style and script by their
hashes, and nothing else. The data are JSON in which no ``<`` stands, and the scripts put text into
the page as text only, so that a sentence is never markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from gwangye.evaluation.scores import TITLES

# in the order in which they build on each other
SCRIPTS = (
    *("dom.js", "charts.js", "rows.js", "sentence.js", "matrix.js", "tables.js", "lists.js"),
    *("browser.js", "main.js"),
)


def render(content: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        content: What :func:`gwangye.report.collect.collect` returns.
    """
    script = "".join(_asset(name) for name in SCRIPTS)
    scores = content["scores"]
    columns = {
        key: title
        for key, title in TITLES.items()
        if any(key in of_model for of_model in scores.values())
    }
    return fill(
        _asset("report.html.jinja"),
        {**content, "columns": columns, "data": Markup(embedded({**content, "columns": columns}))},
        style=report_style(),
        script=script,
    )


def fill(template: str, values: Mapping[str, Any], *, style: str, script: str) -> str:
    """Return a page that holds its style and script, and allows no others.

    Args:
        template: Jinja2; besides the values it is given ``policy``, ``style`` and ``script``.
        values: What it shows; text is escaped.
        style: CSS.
        script: JavaScript.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.from_string(template).render(
        values, policy=policy, style=Markup(style), script=Markup(script)
    )


def report_style() -> str:
    """Return the CSS that all pages share."""
    return _asset("report.css")


def embedded(values: Mapping[str, Any]) -> str:
    r"""Return values as JSON that may stand inside a script element.

    Example:
        >>> embedded({"a": "</script>"})
        '{"a":"\\u003c/script>"}'
    """
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # without any "<" neither "</script" nor "<!--" can end the element
    return text.replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (resources.files("gwangye.report") / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
