"""The ``data`` and ``split`` sections of the parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gwangye.options import Section


class Data(Section):
    """``data``: which files, and how they are read."""

    train: str
    test: str
    columns: dict[str, str] | None = None
    labels: str | None = None
    negative_label: str | None = "no_relation"
    entity_types: Annotated[list[str], Field(min_length=1)]
    on_invalid: Literal["error", "drop"] = "error"
    duplicates: Literal["keep", "drop"] = "keep"
    contradictions: Literal["keep", "drop"] = "keep"
    max_train_examples: Annotated[int, Field(ge=1)] | None = None


class Split(Section):
    """``split``: how validation rows are chosen."""

    strategy: dict[str, Any]
    num_folds: Annotated[int, Field(ge=2)]
    num_repeats: Annotated[int, Field(ge=1)] = 1
    folds: Annotated[list[int], Field(min_length=1)]

    @model_validator(mode="after")
    def _folds_exist(self) -> Split:
        total = self.num_folds * self.num_repeats
        for fold in self.folds:
            if not 0 <= fold < total:
                raise ValueError(
                    f"split.folds holds {fold}, but split.num_folds is {self.num_folds} and "
                    f"split.num_repeats {self.num_repeats}: allowed are 0 to {total - 1}"
                )
        if len(set(self.folds)) < len(self.folds):
            raise ValueError(f"split.folds names a fold twice: {self.folds}")
        return self
