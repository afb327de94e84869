"""The ``encoder`` section of the parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gwangye.options import Section


class Encoder(Section):
    """``encoder``: the pretrained encoder and how much of it is kept."""

    model_name_or_path: str
    prune_vocabulary: bool = False
    num_hidden_layers: Annotated[int, Field(ge=1)] | None = None
