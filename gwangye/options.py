"""Registries: the rooms with interchangeable pieces, and how a piece is chosen by a parameter.

A *piece* (an input form, a head, a loss, a split strategy, an ensemble) is a small class whose
fields are its options. A parameter chooses it by name and sets its options beside the name::

    loss: {name: focal, gamma: 2.0}

Defining the class under :meth:`Registry.register` is all it takes: parameter checking and the
generated documentation read the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gwangye.errors import ParameterError, did_you_mean


class Piece(BaseModel):
    """An interchangeable piece; its fields are its options, checked when it is built."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Piece)
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Registry(dict[str, type[P]]):
    """The pieces of one room by name.

    Args:
        kind: What a piece is called in messages: "loss", "head", ...
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def register(self, name: str) -> Callable[[type[P]], type[P]]:
        """Return a class decorator that makes a piece available under ``name``."""

        def add(piece: type[P]) -> type[P]:
            if name in self:
                raise ParameterError(f"{self.kind} '{name}' is registered twice.")
            self[name] = piece
            return piece

        return add

    def __missing__(self, name: str) -> type[P]:
        raise ParameterError(f"{self.kind} '{name}' is unknown. {did_you_mean(name, self)}")

    def option_names(self) -> set[str]:
        """Return the names of the options of all pieces together."""
        return {option for piece in self.values() for option in piece.model_fields}

    def build(self, choice: Mapping[str, Any], where: str) -> P:
        """Build the piece that a parameter section names.

        Options that belong to another piece of the room are left aside, so that switching
        ``name`` alone is enough to try another piece; an option that no piece has is an error.

        Args:
            choice: ``{"name": ..., option: value, ...}``.
            where: The section's path in the parameters, for messages ("loss", "inputs.punct").

        Raises:
            ParameterError: ``name`` is missing or unknown, an option is unknown, or a value is
                not allowed.
        """
        if "name" not in choice:
            raise ParameterError(f"{where}.name is missing. Allowed: {', '.join(sorted(self))}.")
        name = choice["name"]
        # YAML may hold a list here, which no dictionary can look up
        if not isinstance(name, str) or name not in self:
            raise ParameterError(
                f"{where}.name: {self.kind} '{name}' is unknown. {did_you_mean(str(name), self)}"
            )
        known = self.option_names()
        for option in choice:
            if option != "name" and option not in known:
                raise ParameterError(
                    f"{where}.{option} is unknown. {did_you_mean(str(option), known | {'name'})}"
                )
        piece = self[name]
        options = {key: choice[key] for key in piece.model_fields if key in choice}
        try:
            return piece(**options)
        except ValidationError as error:
            raise ParameterError(explain(error, where)) from error


def explain(error: ValidationError, where: str) -> str:
    """Turn a pydantic error into one line per fault: path, what is wrong, the value found."""
    lines = []
    for fault in error.errors():
        path = ".".join(filter(None, [where, *map(str, fault["loc"])]))
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{path}: {message} (found: {fault['input']!r})")
    return "\n".join(lines)


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
