from __future__ import annotations

import inspect

import pytest

from gwangye.errors import ParameterError
from gwangye.inputs.markers import QUERIES
from tests.inputs.markers.conftest import BEATLES, EXAMPLES

EXPECTED: dict[str, dict[str, str | None]] = {
    "none": {"particle": None, "object_first": None, "both_ends": None, "quoted": None},
    "relation": {
        "particle": "한빛서점과 도예린의 관계",
        "object_first": "가온극단과 2019년의 관계",
        "both_ends": "백하람과 너울섬의 관계",
        "quoted": "다온과 30쪽의 관계",
        "own_marks": "누리와 윤슬의 관계",
    },
    "question": {
        "particle": "한빛서점과 도예린의 관계는 무엇인가?",
        "own_marks": "누리와 윤슬의 관계는 무엇인가?",
    },
    "description": {
        "particle": "이 문장에서 도예린은 한빛서점의 사람이다.",
        "object_first": "이 문장에서 2019년은 가온극단의 날짜다.",
        "both_ends": "이 문장에서 너울섬은 백하람의 장소다.",
        "quoted": "이 문장에서 30쪽은 다온의 수량이다.",
    },
    "pair": {"particle": "한빛서점 [SEP] 도예린", "object_first": "가온극단 [SEP] 2019년"},
}

ROWS = [(name, sentence) for name, row in EXPECTED.items() for sentence in row]


@pytest.mark.parametrize(("name", "sentence"), ROWS)
def test_query_of_a_pair(name: str, sentence: str) -> None:
    query = QUERIES.build({"name": name}, "query")
    assert query.text(EXAMPLES[sentence]) == EXPECTED[name][sentence]


def test_every_query_has_a_row() -> None:
    assert sorted(EXPECTED) == sorted(QUERIES)


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"none"}))
def test_docstring_shows_the_query(name: str) -> None:
    documentation = inspect.cleandoc(QUERIES[name].__doc__ or "")
    shown = documentation.split("Example:\n    ")[1].split("\n")[0]
    assert QUERIES.build({"name": name}, "query").text(BEATLES) == shown


@pytest.mark.parametrize(("choice", "position"), [({}, "behind"), ({"position": "front"}, "front")])
def test_position(choice: dict[str, str], position: str) -> None:
    assert QUERIES.build({"name": "pair", **choice}, "query").position == position


def test_unknown_position() -> None:
    message = r"inputs.own.query.position: .*'front' or 'behind' \(found: 'after'\)"
    with pytest.raises(ParameterError, match=message):
        QUERIES.build({"name": "pair", "position": "after"}, "inputs.own.query")


def test_unknown_query_names_the_nearest() -> None:
    message = "inputs.own.query.name: query 'questions' is unknown. Did you mean 'question'?"
    with pytest.raises(ParameterError, match=message):
        QUERIES.build({"name": "questions"}, "inputs.own.query")
