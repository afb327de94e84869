"""Write the pages of docs/ that are made from the code: ``make docs``.

``ingredients.md`` lists every registered piece with its options; a test fails when it is out of
date.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gwangye.data.splitting import STRATEGIES
from gwangye.evaluation.robustness import PERTURBATIONS, RobustnessOptions
from gwangye.evaluation.targets import TargetOptions
from gwangye.inputs.markers import QUERIES, REPRESENTATIONS
from gwangye.model.heads import HEADS
from gwangye.options import Piece, Registry
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
    ("Input forms", "inputs.<name>.name", REPRESENTATIONS),
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

Every piece, with the parameter that chooses it and its options beside that parameter. What stands
under `loss`, `train` or `augment` holds for all variants; a variant overrides it in
`variants.<name>`. This page is made from the code: `make docs`.
"""


def ingredients() -> str:
    """Return the text of docs/ingredients.md."""
    parts = [INTRODUCTION]
    for title, parameter, room in ROOMS:
        if isinstance(room, Registry):
            parts.append(f"## {title}\n\nChosen by `{parameter}`.\n")
            parts.extend(_piece(name, room[name]) for name in room)
        else:
            parts.append(f"## {title}\n\nSet by `{parameter}`.\n\n{_documentation(room)}")
    return "\n".join(parts)


def _piece(name: str, piece: type[Piece]) -> str:
    return f"### `{name}`\n\n{_documentation(piece)}"


def _documentation(piece: type[BaseModel]) -> str:
    documentation = inspect.cleandoc(piece.__doc__ or "")
    summary, _, rest = documentation.partition("\n")
    lines = [f"{summary}\n"]
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
    if isinstance(value, float):
        return f"{value:.3g}" if value < 0.999 else str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    return str(value)


if __name__ == "__main__":
    (DOCS / "ingredients.md").write_text(ingredients(), encoding="utf-8")
