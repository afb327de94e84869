from __future__ import annotations

import inspect
from typing import Any

import pytest

from gwangye.errors import ParameterError
from gwangye.inputs.markers import MARKINGS, EntitySpans, Marking
from tests.inputs.markers.conftest import BEATLES, EXAMPLES, example

EXPECTED = {
    "none": {
        "particle": "한빛서점은 도예린이 세웠다.",
        "object_first": "2019년 봄에 가온극단이 생겼다.",
        "both_ends": "백하람, 고향은 너울섬",
        "own_marks": "@누리 #1 [E1] 팀의 누리와 윤슬은 동갑이다.",
        "quoted": "《다온》은 30쪽짜리 책이다.",
        "adjacent": "나래시장 재선",
    },
    "entity_mask": {
        "particle": "[SUBJ-ORG]은 [OBJ-PER]이 세웠다.",
        "object_first": "[OBJ-DAT] 봄에 [SUBJ-ORG]이 생겼다.",
        "both_ends": "[SUBJ-PER], 고향은 [OBJ-LOC]",
        "own_marks": "@누리 #1 [E1] 팀의 [SUBJ-PER]와 [OBJ-PER]은 동갑이다.",
        "quoted": "《[SUBJ-POH]》은 [OBJ-NOH]짜리 책이다.",
        "adjacent": "[SUBJ-LOC][OBJ-PER] 재선",
    },
    "entity_marker": {
        "particle": "[E1]한빛서점[/E1]은 [E2]도예린[/E2]이 세웠다.",
        "object_first": "[E2]2019년[/E2] 봄에 [E1]가온극단[/E1]이 생겼다.",
        "both_ends": "[E1]백하람[/E1], 고향은 [E2]너울섬[/E2]",
        "own_marks": "@누리 #1 [E1] 팀의 [E1]누리[/E1]와 [E2]윤슬[/E2]은 동갑이다.",
        "quoted": "《[E1]다온[/E1]》은 [E2]30쪽[/E2]짜리 책이다.",
        "adjacent": "[E1]나래[/E1][E2]시장[/E2] 재선",
    },
    "entity_marker_punct": {
        "particle": "@ 한빛서점 @은 # 도예린 #이 세웠다.",
        "object_first": "# 2019년 # 봄에 @ 가온극단 @이 생겼다.",
        "both_ends": "@ 백하람 @, 고향은 # 너울섬 #",
        "own_marks": "@누리 #1 [E1] 팀의 @ 누리 @와 # 윤슬 #은 동갑이다.",
        "quoted": "《@ 다온 @》은 # 30쪽 #짜리 책이다.",
        "adjacent": "@ 나래 @# 시장 # 재선",
    },
    "typed_entity_marker": {
        "particle": "[SUBJ-ORG] 한빛서점 [/SUBJ-ORG]은 [OBJ-PER] 도예린 [/OBJ-PER]이 세웠다.",
        "object_first": "[OBJ-DAT] 2019년 [/OBJ-DAT] 봄에 "
        "[SUBJ-ORG] 가온극단 [/SUBJ-ORG]이 생겼다.",
        "both_ends": "[SUBJ-PER] 백하람 [/SUBJ-PER], 고향은 [OBJ-LOC] 너울섬 [/OBJ-LOC]",
        "own_marks": "@누리 #1 [E1] 팀의 [SUBJ-PER] 누리 [/SUBJ-PER]와 "
        "[OBJ-PER] 윤슬 [/OBJ-PER]은 동갑이다.",
        "quoted": "《[SUBJ-POH] 다온 [/SUBJ-POH]》은 [OBJ-NOH] 30쪽 [/OBJ-NOH]짜리 책이다.",
        "adjacent": "[SUBJ-LOC] 나래 [/SUBJ-LOC][OBJ-PER] 시장 [/OBJ-PER] 재선",
    },
    "typed_entity_marker_punct": {
        "particle": "@ * 단체 * 한빛서점 @은 # ^ 사람 ^ 도예린 #이 세웠다.",
        "object_first": "# ^ 날짜 ^ 2019년 # 봄에 @ * 단체 * 가온극단 @이 생겼다.",
        "both_ends": "@ * 사람 * 백하람 @, 고향은 # ^ 장소 ^ 너울섬 #",
        "own_marks": "@누리 #1 [E1] 팀의 @ * 사람 * 누리 @와 # ^ 사람 ^ 윤슬 #은 동갑이다.",
        "quoted": "《@ * 기타 * 다온 @》은 # ^ 수량 ^ 30쪽 #짜리 책이다.",
        "adjacent": "@ * 장소 * 나래 @# ^ 사람 ^ 시장 # 재선",
    },
}

ROWS = [(name, sentence) for name, row in EXPECTED.items() for sentence in row]


def build(name: str, **options: Any) -> Marking:
    return MARKINGS.build({"name": name, **options}, "inputs.own")


@pytest.mark.parametrize(("name", "sentence"), ROWS)
def test_sentence_in_every_form(name: str, sentence: str) -> None:
    assert build(name).mark(EXAMPLES[sentence]).text == EXPECTED[name][sentence]


def test_every_form_has_a_row() -> None:
    assert sorted(EXPECTED) == sorted(MARKINGS)


@pytest.mark.parametrize("name", EXPECTED)
def test_docstring_shows_the_form(name: str) -> None:
    documentation = inspect.cleandoc(MARKINGS[name].__doc__ or "")
    shown = documentation.split("Example:\n    ")[1].split("\n")[0]
    assert build(name).mark(BEATLES).text == shown


# opening, word, closing; counted in the texts above
@pytest.mark.parametrize(
    ("name", "sentence", "subject", "object_"),
    [
        ("none", "particle", [(0, 4)] * 3, [(6, 9)] * 3),
        ("none", "both_ends", [(0, 3)] * 3, [(9, 12)] * 3),
        ("none", "own_marks", [(15, 17)] * 3, [(19, 21)] * 3),
        ("entity_mask", "particle", [(0, 10)] * 3, [(12, 21)] * 3),
        (
            "entity_marker",
            "object_first",
            [(18, 22), (22, 26), (26, 31)],
            [(0, 4), (4, 9), (9, 14)],
        ),
        (
            "entity_marker",
            "own_marks",
            [(15, 19), (19, 21), (21, 26)],
            [(28, 32), (32, 34), (34, 39)],
        ),
        (
            "entity_marker_punct",
            "own_marks",
            [(15, 16), (17, 19), (20, 21)],
            [(23, 24), (25, 27), (28, 29)],
        ),
        (
            "typed_entity_marker",
            "adjacent",
            [(0, 10), (11, 13), (14, 25)],
            [(25, 34), (35, 37), (38, 48)],
        ),
        (
            "typed_entity_marker_punct",
            "particle",
            [(0, 1), (9, 13), (14, 15)],
            [(17, 18), (26, 29), (30, 31)],
        ),
    ],
)
def test_spans_are_where_the_pieces_were_written(
    name: str,
    sentence: str,
    subject: list[tuple[int, int]],
    object_: list[tuple[int, int]],
) -> None:
    marked = build(name).mark(EXAMPLES[sentence])
    assert marked.subject == EntitySpans(*subject)
    assert marked.object == EntitySpans(*object_)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("none", []),
        ("entity_mask", ["[SUBJ-PER]", "[SUBJ-LOC]", "[OBJ-PER]", "[OBJ-LOC]"]),
        ("entity_marker", ["[E1]", "[/E1]", "[E2]", "[/E2]"]),
        ("entity_marker_punct", []),
        (
            "typed_entity_marker",
            [
                *("[SUBJ-PER]", "[/SUBJ-PER]", "[SUBJ-LOC]", "[/SUBJ-LOC]"),
                *("[OBJ-PER]", "[/OBJ-PER]", "[OBJ-LOC]", "[/OBJ-LOC]"),
            ],
        ),
        ("typed_entity_marker_punct", []),
    ],
)
def test_special_tokens(name: str, tokens: list[str]) -> None:
    assert build(name).special_tokens(["PER", "LOC"]) == tokens


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("korean", "@ * 단체 * 한빛서점 @은 # ^ 사람 ^ 도예린 #이 세웠다."),
        ("english", "@ * organization * 한빛서점 @은 # ^ person ^ 도예린 #이 세웠다."),
        ("tag", "@ * ORG * 한빛서점 @은 # ^ PER ^ 도예린 #이 세웠다."),
    ],
)
def test_type_words(words: str, text: str) -> None:
    form = build("typed_entity_marker_punct", type_words=words)
    assert form.mark(EXAMPLES["particle"]).text == text


@pytest.mark.parametrize("words", ["korean", "english", "tag"])
def test_type_without_a_word_is_written_as_it_is(words: str) -> None:
    form = build("typed_entity_marker_punct", type_words=words)
    festival = example("노을제는 6월에", ("노을제", 0, "EVT"), ("6월", 5, "EVT"))
    assert form.mark(festival).text == "@ * EVT * 노을제 @는 # ^ EVT ^ 6월 #에"


def test_only_the_plain_form_does_not_mark_entities() -> None:
    unmarked = [name for name in MARKINGS if not MARKINGS[name].marks_entities]
    assert unmarked == ["none"]


def test_unknown_form_names_the_nearest() -> None:
    message = (
        "inputs.own.name: input form 'entity_markers' is unknown. Did you mean 'entity_marker'?"
    )
    with pytest.raises(ParameterError, match=message):
        build("entity_markers")


def test_unknown_option_names_the_nearest() -> None:
    message = "inputs.own.type_word is unknown. Did you mean 'type_words'?"
    with pytest.raises(ParameterError, match=message):
        build("typed_entity_marker_punct", type_word="tag")


def test_unknown_type_words_name_the_allowed() -> None:
    message = r"inputs.own.type_words: .*'korean', 'english' or 'tag' \(found: 'hanja'\)"
    with pytest.raises(ParameterError, match=message):
        build("typed_entity_marker_punct", type_words="hanja")
