"""What was trained, in the parameters' own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gwangye.params import Params


def describe(params: Params) -> dict[str, Any]:
    """Return what a reader must know of the run.

    Args:
        params: Of which ``encoder``, ``split``, ``ensemble`` and ``variants`` are read.

    Returns:
        ``facts``: pairs of a name and a text; ``columns`` and ``variants``: a table, a row per
        variant; a column in which nothing stands is left out.
    """
    split, encoder, ensemble = params.split, params.encoder, params.ensemble
    layers = encoder.num_hidden_layers
    total = split.num_folds * split.num_repeats
    variants = [
        {
            "variant": name,
            "encoder": variant.encoder,
            "input": variant.input,
            "head": _words(variant.head),
            "loss section": _words({"name": variant.loss["section"], **variant.loss}, "section"),
            "train": _words(variant.train),
            "augment": ", ".join(variant.augment),
            "seeds": ", ".join(map(str, variant.seeds or [])),
        }
        for name, variant in params.variants.items()
    ]
    columns = [name for name in variants[0] if any(row[name] for row in variants)]
    return {
        "facts": [
            ("encoder", f"{encoder.model_name_or_path}, {layers or 'all'} layers"),
            ("split", _words(split.strategy)),
            ("validation", f"fold {', '.join(map(str, split.folds))} of {total}"),
            ("ensemble", f"{ensemble['name']} of {', '.join(params.members())}"),
        ],
        "columns": columns,
        "variants": [[row[name] for name in columns] for row in variants],
    }


def _words(options: Mapping[str, Any], leave: str = "") -> str:
    """Return ``name, option value, …``."""
    own = {key: value for key, value in options.items() if key not in ("name", leave)}
    name = [str(options["name"])] if "name" in options else []
    return ", ".join([*name, *(f"{key} {value}" for key, value in own.items())])
