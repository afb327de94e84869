from __future__ import annotations

import pytest

from gwangye.errors import ParameterError
from gwangye.examples import Entity, Example
from gwangye.representations import QUERIES, REPRESENTATIONS
from gwangye.representations.particles import has_final_consonant, with_particle


def example(sentence: str, subject: tuple[str, int, str], object_: tuple[str, int, str]) -> Example:
    entities = [Entity(word, start, start + len(word), t) for word, start, t in (subject, object_)]
    return Example("g", sentence, *entities)


# particle right behind both entities, the subject first
BAND = example("새소년의 황소윤이 곡을 썼다.", ("새소년", 0, "ORG"), ("황소윤", 5, "PER"))
# object first; the subject ends the sentence
OBJECT_FIRST = example("대표는 한서연", ("한서연", 4, "PER"), ("대표", 0, "POH"))
# the subject's word occurs twice; the second is meant
REPEATED = example("한빛과 한빛의 김", ("한빛", 4, "ORG"), ("김", 8, "PER"))
# the text holds the markers themselves
MARKERS = example("@누리 [E1] #하늘", ("누리", 1, "ORG"), ("하늘", 10, "PER"))

FORMS = {
    "none": [
        "새소년의 황소윤이 곡을 썼다.",
        "대표는 한서연",
        "한빛과 한빛의 김",
        "@누리 [E1] #하늘",
    ],
    "entity_mask": [
        "[SUBJ-ORG]의 [OBJ-PER]이 곡을 썼다.",
        "[OBJ-POH]는 [SUBJ-PER]",
        "한빛과 [SUBJ-ORG]의 [OBJ-PER]",
        "@[SUBJ-ORG] [E1] #[OBJ-PER]",
    ],
    "entity_marker": [
        "[E1]새소년[/E1]의 [E2]황소윤[/E2]이 곡을 썼다.",
        "[E2]대표[/E2]는 [E1]한서연[/E1]",
        "한빛과 [E1]한빛[/E1]의 [E2]김[/E2]",
        "@[E1]누리[/E1] [E1] #[E2]하늘[/E2]",
    ],
    "entity_marker_punct": [
        "@ 새소년 @의 # 황소윤 #이 곡을 썼다.",
        "# 대표 #는 @ 한서연 @",
        "한빛과 @ 한빛 @의 # 김 #",
        "@@ 누리 @ [E1] ## 하늘 #",
    ],
    "typed_entity_marker": [
        "[SUBJ-ORG] 새소년 [/SUBJ-ORG]의 [OBJ-PER] 황소윤 [/OBJ-PER]이 곡을 썼다.",
        "[OBJ-POH] 대표 [/OBJ-POH]는 [SUBJ-PER] 한서연 [/SUBJ-PER]",
        "한빛과 [SUBJ-ORG] 한빛 [/SUBJ-ORG]의 [OBJ-PER] 김 [/OBJ-PER]",
        "@[SUBJ-ORG] 누리 [/SUBJ-ORG] [E1] #[OBJ-PER] 하늘 [/OBJ-PER]",
    ],
    "typed_entity_marker_punct": [
        "@ * 단체 * 새소년 @의 # ^ 사람 ^ 황소윤 #이 곡을 썼다.",
        "# ^ 기타 ^ 대표 #는 @ * 사람 * 한서연 @",
        "한빛과 @ * 단체 * 한빛 @의 # ^ 사람 ^ 김 #",
        "@@ * 단체 * 누리 @ [E1] ## ^ 사람 ^ 하늘 #",
    ],
}


def test_every_form_is_in_the_table() -> None:
    assert set(FORMS) == set(REPRESENTATIONS)


@pytest.mark.parametrize("name", FORMS)
def test_sentence_in_its_form(name: str) -> None:
    form = REPRESENTATIONS[name]()
    texts = [form.mark(e).text for e in (BAND, OBJECT_FIRST, REPEATED, MARKERS)]
    assert texts == FORMS[name]


@pytest.mark.parametrize("name", sorted(set(FORMS) - {"entity_mask"}))
@pytest.mark.parametrize("e", [BAND, OBJECT_FIRST, REPEATED, MARKERS])
def test_spans_hold_the_words(name: str, e: Example) -> None:
    marked = REPRESENTATIONS[name]().mark(e)
    for spans, entity in ((marked.subject, e.subject_entity), (marked.object, e.object_entity)):
        assert marked.text[slice(*spans.word)] == entity.word


def test_spans_of_the_markers() -> None:
    marked = REPRESENTATIONS["typed_entity_marker_punct"]().mark(OBJECT_FIRST)
    # "# ^ 기타 ^ 대표 #는 @ * 사람 * 한서연 @"
    assert marked.object == ((0, 1), (9, 11), (12, 13))
    assert marked.subject == ((15, 16), (24, 27), (28, 29))


def test_without_markers_their_places_are_the_words_own() -> None:
    assert REPRESENTATIONS["none"]().mark(OBJECT_FIRST).subject == ((4, 7), (4, 7), (4, 7))
    assert REPRESENTATIONS["entity_mask"]().mark(OBJECT_FIRST).object == ((0, 9), (0, 9), (0, 9))


TYPE_WORDS = [
    ("korean", "@ * 단체 * 새소년 @의 # ^ 사람 ^ 황소윤 #이 곡을 썼다."),
    ("english", "@ * organization * 새소년 @의 # ^ person ^ 황소윤 #이 곡을 썼다."),
    ("tag", "@ * ORG * 새소년 @의 # ^ PER ^ 황소윤 #이 곡을 썼다."),
]


@pytest.mark.parametrize(("words", "text"), TYPE_WORDS)
def test_type_words(words: str, text: str) -> None:
    form = REPRESENTATIONS["typed_entity_marker_punct"](type_words=words)
    assert form.mark(BAND).text == text


def test_type_without_a_word_is_written_as_it_is() -> None:
    e = example("수달이 산다", ("수달", 0, "ANIMAL"), ("산", 4, "LOC"))
    text = REPRESENTATIONS["typed_entity_marker_punct"]().mark(e).text
    assert text == "@ * ANIMAL * 수달 @이 # ^ 장소 ^ 산 #다"


SPECIAL = {
    "none": [],
    "entity_mask": ["[SUBJ-PER]", "[SUBJ-ORG]", "[OBJ-PER]", "[OBJ-ORG]"],
    "entity_marker": ["[E1]", "[/E1]", "[E2]", "[/E2]"],
    "entity_marker_punct": [],
    "typed_entity_marker": [
        "[SUBJ-PER]", "[/SUBJ-PER]", "[SUBJ-ORG]", "[/SUBJ-ORG]",
        "[OBJ-PER]", "[/OBJ-PER]", "[OBJ-ORG]", "[/OBJ-ORG]",
    ],
    "typed_entity_marker_punct": [],
}  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
def test_markers_that_must_be_single_tokens(name: str) -> None:
    assert REPRESENTATIONS[name]().special_tokens(["PER", "ORG"]) == SPECIAL[name]


def test_only_the_plain_form_marks_nothing() -> None:
    unmarked = {name for name in REPRESENTATIONS if not REPRESENTATIONS[name].marks_entities}
    assert unmarked == {"none"}


QUERY_TEXTS = {
    "none": (None, None),
    "relation": ("새소년과 황소윤의 관계", "한서연과 대표의 관계"),
    "question": ("새소년과 황소윤의 관계는 무엇인가?", "한서연과 대표의 관계는 무엇인가?"),
    "description": (
        "이 문장에서 황소윤은 새소년의 사람이다.",
        "이 문장에서 대표는 한서연의 기타다.",
    ),
    "pair": ("새소년 [SEP] 황소윤", "한서연 [SEP] 대표"),
}


def test_every_query_is_in_the_table() -> None:
    assert set(QUERY_TEXTS) == set(QUERIES)


@pytest.mark.parametrize("name", QUERY_TEXTS)
def test_query(name: str) -> None:
    query = QUERIES[name]()
    assert (query.text(BAND), query.text(OBJECT_FIRST)) == QUERY_TEXTS[name]


def test_unknown_option_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match="x.type_word is unknown. Did you mean 'type_words'"):
        REPRESENTATIONS.build({"name": "none", "type_word": "tag"}, "x")


FINALS = [
    ("비틀즈", False), ("조지 해리슨", True), ("서울", True), ("『봄날』", True), ("'아'", False),
    ("2021", True), ("2022", False), ("KBL", True), ("IBK", False), ("윤태한(尹泰翰)", True),
    ("한빛전자(주)", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("word", "expected"), FINALS)
def test_final_consonant(word: str, expected: bool) -> None:
    assert has_final_consonant(word) is expected


def test_particle_follows_the_word() -> None:
    assert with_particle("비틀즈", "과", "와") == "비틀즈와"
    assert with_particle("해리슨", "과", "와") == "해리슨과"
