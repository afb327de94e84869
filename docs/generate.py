"""Write the pages of docs/ that are made from the code: ``make docs``.

``ingredients.md`` lists every registered piece with its options; a test fails when it is out of
date.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gwangye.data.splitting import STRATEGIES
from gwangye.evaluation.robustness import PERTURBATIONS, RobustnessOptions
from gwangye.evaluation.targets import TargetOptions
from gwangye.inputs.markers import MARKINGS, QUERIES
from gwangye.model.heads import HEADS
from gwangye.options import Registry
from gwangye.prediction.ensembling import ENSEMBLES
from gwangye.training.adversarial import ADVERSARIAL
from gwangye.training.arguments import OwnArguments
from gwangye.training.augmentation import AUGMENTATIONS
from gwangye.training.averaging import AVERAGING
from gwangye.training.losses import LOSSES
from gwangye.training.pretraining import Pretraining

DOCS = Path(__file__).parent

# title; the parameter that chooses or sets it; interchangeable pieces, or one with options
ROOMS: list[tuple[str, str, Registry[Any] | type[BaseModel]]] = [
    ("Input forms", "inputs.<name>.name", MARKINGS),
    ("Queries", "inputs.<name>.query.name", QUERIES),
    ("Heads", "variants.<name>.head.name", HEADS),
    ("Losses", "loss.name", LOSSES),
    ("Training arguments beside the Trainer's", "train.<argument>", OwnArguments),
    ("Adversarial training", "train.adversarial.name", ADVERSARIAL),
    ("Weight averaging", "train.averaging.name", AVERAGING),
    ("Augmentations", "augment.<name>", AUGMENTATIONS),
    ("Continued pretraining", "pretrain.<name>.<option>", Pretraining),
    ("Splits", "split.strategy.name", STRATEGIES),
    ("Ensembles", "ensemble.name", ENSEMBLES),
    ("Target", "target.<option>", TargetOptions),
    ("Robustness", "robustness.<option>", RobustnessOptions),
    ("Perturbations", "robustness.perturbations", PERTURBATIONS),
]

INTRODUCTION = """# Ingredients

Every piece, with the parameter that chooses it and its options (name = default). Values under
`loss`, `train` or `augment` hold for all variants; a variant overrides them in `variants.<name>`.
Made from the code by `make docs`.
"""


def ingredients() -> str:
    """Return the text of docs/ingredients.md."""
    parts = [INTRODUCTION]
    for title, parameter, room in ROOMS:
        if isinstance(room, Registry):
            parts.append(f"## {title}\n\nChosen by `{parameter}`.\n")
            parts.extend(_pieces(room))
        else:
            parts.append(f"## {title}\n\nSet by `{parameter}`. {_text(room)}")
            parts.append(_list(_options(room)))
    return "\n".join(part for part in parts if part)


def _pieces(room: Registry[Any]) -> Iterator[str]:
    """Yield the options that several pieces have, once; then every piece with its own."""
    owners: dict[str, list[str]] = {}
    for name in room:
        for option in _options(room[name]):
            owners.setdefault(option, []).append(name)
    shared = {option: names for option, names in owners.items() if len(names) > 1}
    yield _list([f"{option} ({_names(names, room)})" for option, names in shared.items()])
    for name in room:
        yield f"### `{name}`\n\n{_text(room[name])}"
        yield _list([option for option in _options(room[name]) if option not in shared])


def _names(names: list[str], room: Registry[Any]) -> str:
    return "all" if names == list(room) else ", ".join(f"`{name}`" for name in names)


def _text(piece: type[BaseModel]) -> str:
    """Return a docstring's first line, and the rest as a block; a missing reference is left out."""
    documentation = inspect.cleandoc(piece.__doc__ or "")
    summary, _, rest = documentation.partition("\n")
    rest = re.sub(r"\n*References:\s+None\.?$", "", rest.strip())
    return f"{summary}\n" + (f"\n```text\n{rest}\n```\n" if rest else "")


def _options(piece: type[BaseModel]) -> list[str]:
    return [_option(name, field) for name, field in piece.model_fields.items()]


def _option(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    value = "required" if field.is_required() else f"`{_yaml(default)}`"
    return f"- `{name}` = {value}: {field.description or ''}"


def _list(options: list[str]) -> str:
    return "\n".join([*options, ""]) if options else ""


def _yaml(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.3g}" if value < 0.999 else str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    return str(value)


if __name__ == "__main__":
    (DOCS / "ingredients.md").write_text(ingredients(), encoding="utf-8")
