"""Which files of this project a module runs: what it imports, and what that imports in turn."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def closure(start: Path, *, through: Collection[str] = ()) -> set[str]:
    """Return the files that a module imports, directly or not, imports in functions too.

    What only type checkers import is left out, and so is an ``__init__.py`` without code.

    Args:
        start: The module.
        through: Files that are not followed and not returned.
    """
    found: set[str] = set()
    todo = [start]
    while todo:
        for path in imported(todo.pop()):
            name = path.relative_to(ROOT).as_posix()
            if name not in found and name not in through:
                found.add(name)
                todo.append(path)
    return {name for name in found if has_code(ROOT / name)}


def imported(module: Path) -> Iterator[Path]:
    """Yield the files that a module's import statements run."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(WithoutTypes().visit(tree)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from files_of(alias.name)
        elif isinstance(node, ast.ImportFrom):
            yield from files_of(node.module or "")
            for alias in node.names:
                yield from files_of(f"{node.module}.{alias.name}")


class WithoutTypes(ast.NodeTransformer):
    """Takes ``if TYPE_CHECKING:`` out of a module."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        only_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if only_types else self.generic_visit(node)


def files_of(name: str) -> Iterator[Path]:
    """Yield the file of a module of this project, and those of the packages that hold it."""
    parts = name.split(".")
    if parts[0] not in ("gwangye", "stages"):
        return
    for depth in range(1, len(parts) + 1):
        place = ROOT.joinpath(*parts[:depth])
        if (place / "__init__.py").is_file():
            yield place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")


def has_code(path: Path) -> bool:
    """Tell whether a module does more than describe itself."""
    return any(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )
