"""What every section of params.yaml has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from gwangye.errors import did_you_mean


class Section(BaseModel):
    """A part of params.yaml: immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _name_the_nearest_key(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            unknown = [key for key in values if key not in cls.model_fields]
            if unknown:
                hint = did_you_mean(str(unknown[0]), cls.model_fields)
                raise ValueError(f"key '{unknown[0]}' is unknown. {hint}")
        return values
