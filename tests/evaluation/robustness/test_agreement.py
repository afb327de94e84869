from __future__ import annotations

import pytest

from gwangye.evaluation.robustness.agreement import particle_after, rename
from gwangye.examples import Entity, Example
from tests.evaluation.robustness.conftest import assert_spans_hold
from tests.training.augmentation.conftest import BEATLES, NESTED


def after(text: str, word: str = "윤슬", object_: Entity | None = None) -> str | None:
    """The particle after the subject, which starts the text or follows an opening quote."""
    start = text.index(word)
    subject = Entity(word, start, start + len(word), "PER")
    found = particle_after(Example("a", text, subject, object_ or subject), subject)
    return None if found is None else text[slice(*found)]


@pytest.mark.parametrize(
    ("text", "particle"),
    [
        ("윤슬은 왔다.", "은"),
        ("윤슬을", "을"),
        ("윤슬의, 그리고", "의"),
        ("윤슬이라는 사람", "이라는"),
        # more may follow these
        ("윤슬과의 만남", "과"),
        ("윤슬로부터의 편지", "로"),
        # behind quotes and a gloss
        ("《윤슬》은 책이다.", "은"),
        ("윤슬(배우, 1969년 ~)은 왔다.", "은"),
        ("‘윤슬’(允瑟)이 왔다.", "이"),
        # a part of a word, another particle, none
        ("윤슬은행에 갔다.", None),
        ("윤슬에게 주었다.", None),
        ("윤슬 은 왔다.", None),
        ("윤슬이다.", None),
        # goes with what stands before the parentheses
        ("가온(단장 윤슬)은 왔다.", None),
    ],
)
def test_particle_after_a_name(text: str, particle: str | None) -> None:
    assert after(text) == particle


def test_what_belongs_to_an_entity_is_no_particle() -> None:
    assert after("윤슬의 집", object_=Entity("의 집", 2, 5, "LOC")) is None
    assert particle_after(NESTED, NESTED.subject_entity) is None


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"subject": "온소리단"}, "온소리단의 조지 해리슨이 곡을 썼다."),
        ({"object": "윤새미"}, "비틀즈의 윤새미가 곡을 썼다."),
        ({"subject": "단체", "object": "사람"}, "단체의 사람이 곡을 썼다."),
    ],
)
def test_renamed(words: dict, text: str) -> None:
    changed = rename(BEATLES, words)
    assert changed.sentence == text
    assert changed.subject_entity.word == words.get("subject", "비틀즈")
    assert changed.object_entity.word == words.get("object", "조지 해리슨")
    assert_spans_hold(changed)


# text with the subject 누리 and the object 가온, another subject, the text with it
REPAIRED = [
    ("누리는 가온에 산다.", "윤슬", "윤슬은 가온에 산다."),
    ("가온에서 누리로 갔다.", "서울", "가온에서 서울로 갔다."),
    ("가온에서 누리로서 갔다.", "부산", "가온에서 부산으로서 갔다."),
    ("가온, 누리와의 거리", "부산", "가온, 부산과의 거리"),
    ("가온의 누리라고 한다.", "윤슬", "가온의 윤슬이라고 한다."),
    ("누리(가온)는 새 팀이다.", "윤슬", "윤슬(가온)은 새 팀이다."),
    ("가온(누리)은 새 팀이다.", "부산", "가온(부산)은 새 팀이다."),
    # the other name's particle stays, fitting or not
    ("누리는 가온가 좋다.", "윤슬", "윤슬은 가온가 좋다."),
    # does not change with the name
    ("누리의 가온", "윤슬", "윤슬의 가온"),
]


@pytest.mark.parametrize(("text", "name", "expected"), REPAIRED)
def test_particle_goes_with_the_new_name(text: str, name: str, expected: str) -> None:
    subject, object_ = (
        Entity(word, text.index(word), text.index(word) + 2, "ORG") for word in ("누리", "가온")
    )
    changed = rename(Example("a", text, subject, object_), {"subject": name})
    assert changed.sentence == expected
    assert (changed.subject_entity.word, changed.object_entity.word) == (name, "가온")
    assert_spans_hold(changed)
