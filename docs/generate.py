"""Write the pages of docs/ that are made from the code: ``make docs``.

``ingredients.md`` lists every registered piece with its options; a test fails when it is out of
date.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from gwangye.ensembling import ENSEMBLES
from gwangye.heads import HEADS
from gwangye.losses import LOSSES
from gwangye.registry import Piece, Registry
from gwangye.representations import QUERIES, REPRESENTATIONS
from gwangye.splitting import STRATEGIES

DOCS = Path(__file__).parent

ROOMS: list[tuple[str, str, Registry[Any]]] = [
    ("Input forms", "inputs.<name>.name", REPRESENTATIONS),
    ("Queries", "inputs.<name>.query.name", QUERIES),
    ("Heads", "variants.<name>.head.name", HEADS),
    ("Losses", "loss.name", LOSSES),
    ("Splits", "split.strategy.name", STRATEGIES),
    ("Ensembles", "ensemble.name", ENSEMBLES),
]

INTRODUCTION = """# Ingredients

Every interchangeable piece, with the parameter that chooses it and its options beside that
parameter. This page is made from the code: `make docs`.
"""


def ingredients() -> str:
    """Return the text of docs/ingredients.md."""
    parts = [INTRODUCTION]
    for title, parameter, registry in ROOMS:
        parts.append(f"## {title}\n\nChosen by `{parameter}`.\n")
        parts.extend(_piece(name, registry[name]) for name in registry)
    return "\n".join(parts)


def _piece(name: str, piece: type[Piece]) -> str:
    documentation = inspect.cleandoc(piece.__doc__ or "")
    summary, _, rest = documentation.partition("\n")
    lines = [f"### `{name}`\n", f"{summary}\n"]
    if rest.strip():
        lines.append(f"```text\n{rest.strip()}\n```\n")
    if piece.model_fields:
        lines.append("| option | default | meaning |\n|---|---|---|")
        lines.extend(_option(key, field) for key, field in piece.model_fields.items())
        lines.append("")
    return "\n".join(lines)


def _option(name: str, field: FieldInfo) -> str:
    default = (
        "required"
        if field.is_required()
        else f"`{_yaml(field.get_default(call_default_factory=True))}`"
    )
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {default} | {meaning} |"


def _yaml(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


if __name__ == "__main__":
    (DOCS / "ingredients.md").write_text(ingredients(), encoding="utf-8")
