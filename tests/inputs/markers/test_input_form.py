from __future__ import annotations

import re
from typing import Any

import pytest

from gwangye.errors import ParameterError
from gwangye.inputs.markers.input_form import InputForm

FULL = {
    "name": "typed_entity_marker_punct",
    "type_words": "english",
    "query": {"name": "question", "position": "front"},
    "max_length": 128,
}


def test_all_keys() -> None:
    form = InputForm.from_params(FULL, "inputs.punct")
    assert form.name == "typed_entity_marker_punct"
    assert form.marking.model_dump() == {"type_words": "english"}
    assert form.query_name == "question"
    assert form.query.position == "front"
    assert form.max_length == 128
    assert form.marks_entities


def test_defaults_are_written_out() -> None:
    form = InputForm.from_params({"name": "none"}, "inputs.plain")
    assert form.to_dict() == {
        "name": "none",
        "query": {"name": "none", "position": "behind"},
        "max_length": 256,
    }
    assert not form.marks_entities


@pytest.mark.parametrize("section", [FULL, {"name": "entity_marker", "max_length": 8}])
def test_dictionary_round_trip(section: dict[str, Any]) -> None:
    form = InputForm.from_params(section, "inputs.own")
    again = InputForm.from_dict(form.to_dict())
    assert again == form
    assert again.to_dict().items() >= section.items()


def test_option_of_another_form_is_left_aside() -> None:
    form = InputForm.from_params({"name": "entity_marker", "type_words": "tag"}, "inputs.own")
    assert "type_words" not in form.to_dict()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "typed_punct"}, "inputs.own.name: input form 'typed_punct' is unknown."),
        ({"max_lenght": 64}, "inputs.own.max_lenght is unknown. Did you mean 'max_length'?"),
        ({"max_length": 7}, "inputs.own.max_length: 7 is not a number of tokens, 8 or more."),
        ({"max_length": "64"}, "inputs.own.max_length: '64' is not a number of tokens"),
        ({"max_length": True}, "inputs.own.max_length: True is not a number of tokens"),
        ({"type_words": "korea"}, "inputs.own.type_words: "),
        ({"query": "question"}, "inputs.own.query is 'question', not a section."),
        ({"query": None}, "inputs.own.query is None, not a section."),
        ({"query": {"position": "front"}}, "inputs.own.query.name is missing."),
        ({"query": {"name": "pairs"}}, "inputs.own.query.name: query 'pairs' is unknown."),
        ({"query": {"name": "pair", "place": "front"}}, "inputs.own.query.place is unknown."),
    ],
)
def test_fault_is_named_with_its_path(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        InputForm.from_params({**FULL, **changes}, "inputs.own")


def test_name_is_missing() -> None:
    message = re.escape("inputs.own.name is missing. Allowed: entity_marker, entity_marker_punct,")
    with pytest.raises(ParameterError, match=message):
        InputForm.from_params({"max_length": 64}, "inputs.own")
