"""An input form as a parameter section names it: marking, query, length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwangye.errors import ParameterError, did_you_mean
from gwangye.inputs.markers import MARKINGS, QUERIES, Marking, Query

OWN_KEYS = {"query", "max_length"}


@dataclass(frozen=True)
class InputForm:
    """How an example is shown to the encoder.

    ``max_length`` counts all tokens, special ones and the query included.
    """

    name: str
    marking: Marking
    query_name: str
    query: Query
    max_length: int

    @classmethod
    def from_params(cls, section: Mapping[str, Any], where: str) -> InputForm:
        """Build from ``{name, its options, query: {name, position}, max_length}``.

        Raises:
            ParameterError: A name or key is unknown, or a value is not allowed.
        """
        allowed = MARKINGS.option_names() | OWN_KEYS | {"name"}
        for key in section:
            if key not in allowed:
                raise ParameterError(f"{where}.{key} is unknown. {did_you_mean(key, allowed)}")
        choice = {key: value for key, value in section.items() if key not in OWN_KEYS}
        query = section.get("query", {"name": "none"})
        if not isinstance(query, Mapping):
            raise ParameterError(
                f"{where}.query is {query!r}, not a section. Write query: {{name: question}}."
            )
        max_length = section.get("max_length", 256)
        if not isinstance(max_length, int) or max_length < 8:
            raise ParameterError(
                f"{where}.max_length: {max_length!r} is not a number of tokens, 8 or more."
            )
        marking = MARKINGS.build(choice, where)
        built_query = QUERIES.build(query, f"{where}.query")
        return cls(choice["name"], marking, query["name"], built_query, max_length)

    def to_dict(self) -> dict[str, Any]:
        """Return the section that :meth:`from_params` builds this form from."""
        return {
            "name": self.name,
            **self.marking.model_dump(),
            "query": {"name": self.query_name, **self.query.model_dump()},
            "max_length": self.max_length,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> InputForm:
        """Return the form that :meth:`to_dict` described."""
        return cls.from_params(values, "input_form")

    @property
    def marks_entities(self) -> bool:
        """Whether the encoder is shown where the entities are."""
        return self.marking.marks_entities

    @property
    def tells_roles(self) -> bool:
        """Whether the encoder is shown which entity is the subject."""
        return self.marks_entities or self.query_name != "none"
