from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gwangye.errors import ParameterError
from gwangye.examples import Entity, Example
from gwangye.training.augmentation import AUGMENTATIONS, Augmentation, augment, build_augmentations
from gwangye.training.augmentation.pieces import MARKS
from tests.inputs.markers.conftest import EXAMPLES, example
from tests.training.augmentation.conftest import BEATLES, NESTED, REPEATED, ROWS, SPACED, Draws


def build(name: str, **options: Any) -> Augmentation:
    return AUGMENTATIONS.build({"name": name, **options}, f"augment.{name}")


def apply(name: str, row: Example, rng: Any = None, **options: Any) -> Example:
    return build(name, **options).apply(row, rng or np.random.default_rng(0))


def shown(name: str) -> list[str]:
    """Return the lines of a docstring's example."""
    documentation = inspect.cleandoc(AUGMENTATIONS[name].__doc__ or "")
    return documentation.split("Example:\n")[1].split("\n\n")[0].split("\n")


def assert_spans_hold(row: Example) -> None:
    for entity in (row.subject_entity, row.object_entity):
        assert row.sentence[entity.start : entity.end] == entity.word != ""


def overlap(row: Example) -> bool:
    subject, object_ = row.subject_entity, row.object_entity
    return not (subject.end <= object_.start or object_.end <= subject.start)


# --- all pieces


def test_order_is_swap_mask_deletion_marks() -> None:
    assert list(AUGMENTATIONS) == ["entity_swap", "entity_mask", "random_deletion", "aeda"]


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
@pytest.mark.parametrize("row", list(ROWS.values()), ids=list(ROWS))
def test_probability_0_changes_nothing(name: str, row: Example) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert apply(name, replace(row, label="per:spouse"), rng, probability=0) == replace(
            row, label="per:spouse"
        )


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_probability_out_of_range_is_named(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=rf"^augment\.{name}\.probability: .*found: {value}"):
        build(name, probability=value)


@pytest.mark.parametrize(
    ("name", "probability"),
    [("entity_swap", 0.5), ("entity_mask", 0.5), ("random_deletion", 0.1), ("aeda", 0.5)],
)
def test_default_probability(name: str, probability: float) -> None:
    assert build(name).probability == probability


@pytest.mark.parametrize("name", ["entity_mask", "random_deletion", "aeda"])
def test_only_sentence_and_entities_change(name: str) -> None:
    row = replace(BEATLES, source="이야기")
    changed = apply(name, row, probability=1)
    assert changed.sentence != row.sentence
    assert (changed.guid, changed.label, changed.source) == ("a", row.label, "이야기")
    types = (changed.subject_entity.type, changed.object_entity.type)
    assert types == ("ORG", "PER")


@pytest.mark.parametrize("probability", [0.5, 1])
@pytest.mark.parametrize("row", list(ROWS.values()), ids=list(ROWS))
def test_spans_hold_after_all_pieces(row: Example, probability: float) -> None:
    section = {name: {"probability": probability} for name in AUGMENTATIONS}
    pieces = list(build_augmentations(section, "augment").values())
    for seed in range(40):
        changed = augment(replace(row, label="per:spouse"), pieces, np.random.default_rng(seed))
        assert_spans_hold(changed)
        assert overlap(changed) == overlap(row)


def test_same_seed_gives_the_same_row_and_others_differ() -> None:
    pieces = list(build_augmentations(dict.fromkeys(AUGMENTATIONS), "augment").values())

    def rows(seed: int) -> list[Example]:
        rng = np.random.default_rng(seed)
        return [augment(BEATLES, pieces, rng) for _ in range(10)]

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)


# --- entity_swap


def test_swap_turns_roles_and_relation_as_documented() -> None:
    changed = apply("entity_swap", BEATLES, probability=1)
    assert changed == Example(
        "a",
        "비틀즈의 조지 해리슨이 곡을 썼다.",
        Entity("조지 해리슨", 5, 11, "PER"),
        Entity("비틀즈", 0, 3, "ORG"),
        "per:employee_of",
    )
    assert shown("entity_swap") == [
        f"    {row.subject_entity.word} (subject), {row.object_entity.word} (object): {row.label}"
        for row in (BEATLES, changed)
    ]


INVERSES = [
    ("no_relation", "no_relation"),
    ("org:alternate_names", "org:alternate_names"),
    ("per:alternate_names", "per:alternate_names"),
    ("per:other_family", "per:other_family"),
    ("per:colleagues", "per:colleagues"),
    ("per:siblings", "per:siblings"),
    ("per:spouse", "per:spouse"),
    ("org:members", "org:member_of"),
    ("org:member_of", "org:members"),
    ("per:children", "per:parents"),
    ("per:parents", "per:children"),
]


@pytest.mark.parametrize(("label", "inverse"), INVERSES)
def test_swap_knows_klues_inverses(label: str, inverse: str) -> None:
    changed = apply("entity_swap", replace(BEATLES, label=label), probability=1)
    assert (changed.label, changed.subject_entity) == (inverse, BEATLES.object_entity)


@pytest.mark.parametrize("label", ["per:employee_of", "per:title", "org:founded_by", None])
def test_swap_leaves_a_row_without_an_inverse(label: str | None) -> None:
    row = replace(BEATLES, label=label)
    assert apply("entity_swap", row, probability=1) == row


def test_swap_takes_a_given_map_alone() -> None:
    owns = replace(BEATLES, label="owns")
    given = {"owns": "owned_by"}
    assert apply("entity_swap", owns, probability=1, labels=given).label == "owned_by"
    spouse = replace(BEATLES, label="per:spouse")
    assert apply("entity_swap", spouse, probability=1, labels=given) == spouse


@pytest.mark.parametrize(("drawn", "swapped"), [(0.29, True), (0.3, False)])
def test_swap_happens_below_the_probability(drawn: float, swapped: bool) -> None:
    changed = apply("entity_swap", BEATLES, Draws([drawn]), probability=0.3)
    assert (changed != BEATLES) == swapped


# --- entity_mask

MASKED = {
    "particle": ("단체은 사람이 세웠다.", (0, 2), (4, 6)),
    "object_first": ("날짜 봄에 단체이 생겼다.", (6, 8), (0, 2)),
    "both_ends": ("사람, 고향은 장소", (0, 2), (8, 10)),
    "own_marks": ("@누리 #1 [E1] 팀의 사람와 사람은 동갑이다.", (15, 17), (19, 21)),
    "quoted": ("《기타》은 수량짜리 책이다.", (1, 3), (6, 8)),
    "adjacent": ("장소사람 재선", (0, 2), (2, 4)),
}


@pytest.mark.parametrize("sentence", MASKED)
def test_mask_of_both_entities(sentence: str) -> None:
    text, subject, object_ = MASKED[sentence]
    changed = apply("entity_mask", EXAMPLES[sentence], probability=1)
    assert changed.sentence == text
    assert (changed.subject_entity.start, changed.subject_entity.end) == subject
    assert (changed.object_entity.start, changed.object_entity.end) == object_
    assert_spans_hold(changed)


def test_mask_is_as_documented() -> None:
    changed = apply("entity_mask", BEATLES, probability=1)
    assert shown("entity_mask") == [f"    {changed.sentence}"]
    assert changed.subject_entity == Entity("단체", 0, 2, "ORG")
    assert changed.object_entity == Entity("사람", 4, 6, "PER")


@pytest.mark.parametrize(
    ("draws", "text", "subject", "object_"),
    [
        ([0.29, 0.3], "단체의 조지 해리슨이 곡을 썼다.", ("단체", 0), ("조지 해리슨", 4)),
        ([0.3, 0.29], "비틀즈의 사람이 곡을 썼다.", ("비틀즈", 0), ("사람", 5)),
        ([0.3, 0.3], "비틀즈의 조지 해리슨이 곡을 썼다.", ("비틀즈", 0), ("조지 해리슨", 5)),
    ],
)
def test_mask_draws_for_each_entity(
    draws: list[float], text: str, subject: tuple[str, int], object_: tuple[str, int]
) -> None:
    changed = apply("entity_mask", BEATLES, Draws(draws), probability=0.3)
    assert changed.sentence == text
    assert (changed.subject_entity.word, changed.subject_entity.start) == subject
    assert (changed.object_entity.word, changed.object_entity.start) == object_
    assert_spans_hold(changed)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("english", "organization의 person이 곡을 썼다."),
        ("tag", "ORG의 PER이 곡을 썼다."),
    ],
)
def test_mask_in_other_words(words: str, text: str) -> None:
    changed = apply("entity_mask", BEATLES, probability=1, type_words=words)
    assert changed.sentence == text
    assert_spans_hold(changed)


def test_mask_leaves_entities_that_overlap() -> None:
    assert apply("entity_mask", NESTED, probability=1) == NESTED
    turned = replace(
        NESTED, subject_entity=NESTED.object_entity, object_entity=NESTED.subject_entity
    )
    assert apply("entity_mask", turned, probability=1) == turned


def test_mask_moves_the_entity_that_is_meant_and_not_its_double() -> None:
    changed = apply("entity_mask", REPEATED, Draws([0.0, 0.9]), probability=0.5, type_words="tag")
    assert changed.sentence == "윤슬 옆 PER는 윤슬이 아니다."
    assert changed.object_entity == Entity("윤슬", 10, 12, "PER")


# --- random_deletion


def test_deletion_is_as_documented() -> None:
    # words: 비틀즈의, 조지, 해리슨이, 곡을, 썼다.
    draws = Draws([0.0, 0.0, 0.0, 0.0, 0.1])
    changed = apply("random_deletion", BEATLES, draws, probability=0.1)
    assert shown("random_deletion") == [f"    {changed.sentence}"]
    assert changed.subject_entity == BEATLES.subject_entity
    assert changed.object_entity == BEATLES.object_entity


# row, its words' draws at probability 0.5, sentence, where the subject and the object start
DELETED = [
    (EXAMPLES["object_first"], [0, 0, 0, 0], "2019년 가온극단이", 6, 0),
    (EXAMPLES["object_first"], [0, 0.5, 0, 0], "2019년 봄에 가온극단이", 9, 0),
    # every word beside the entities' words, the object's double as well
    (REPEATED, [0, 0, 0, 0, 0.9], "누리는 윤슬이 아니다.", 0, 4),
    # one of two words in front
    (REPEATED, [0, 0.9, 0, 0, 0], "옆 누리는 윤슬이", 2, 6),
    # a word between two others leaves one space, two neighbours together as well
    (REPEATED, [0.9, 0, 0.9, 0.9, 0.9], "윤슬 누리는 윤슬이 아니다.", 3, 7),
    (
        example("너울섬 앞 큰 나루 옆 가온", ("너울섬", 0, "LOC"), ("가온", 13, "ORG")),
        [0, 0, 0, 0.9, 0, 0],
        "너울섬 나루 가온",
        0,
        7,
    ),
    # nothing but the entities' words is left
    (EXAMPLES["own_marks"], [0] * 7, "누리와 윤슬은", 0, 4),
]


@pytest.mark.parametrize(("row", "draws", "text", "subject", "object_"), DELETED)
def test_deletion(row: Example, draws: list[float], text: str, subject: int, object_: int) -> None:
    changed = apply("random_deletion", row, Draws(draws), probability=0.5)
    assert changed.sentence == text
    assert (changed.subject_entity.start, changed.object_entity.start) == (subject, object_)
    assert changed.subject_entity.word == row.subject_entity.word
    assert changed.object_entity.word == row.object_entity.word
    assert_spans_hold(changed)


def test_deletion_keeps_other_white_space_and_that_of_an_entity() -> None:
    # " 다온은  그 봄에 \t책 셋을 썼다. ": 썼다. follows the entity's own space, and stays
    draws = Draws([0.9, 0, 0.9, 0.9, 0, 0])
    changed = apply("random_deletion", SPACED, draws, probability=0.5)
    assert changed.sentence == " 다온은 봄에 \t책 셋을 썼다. "
    assert changed.subject_entity == Entity("다온", 1, 3, "PER")
    assert changed.object_entity == Entity("셋을 ", 11, 14, "NOH")


def test_deletion_beside_white_space_that_leads_an_entity() -> None:
    row = example("다온은 그 셋을", ("다온", 0, "PER"), (" 셋", 5, "NOH"))
    assert apply("random_deletion", row, probability=1) == row


def test_deletion_only_removes_words() -> None:
    row = EXAMPLES["own_marks"]
    seen = set()
    for seed in range(60):
        changed = apply("random_deletion", row, np.random.default_rng(seed), probability=0.5)
        words = row.sentence.split(" ")
        rest = iter(words)
        kept = changed.sentence.split(" ")
        assert all(word in rest for word in kept)  # in their order
        assert {"누리와", "윤슬은"} <= set(kept)
        assert changed.subject_entity.word == "누리"
        assert changed.object_entity.word == "윤슬"
        assert_spans_hold(changed)
        seen.add(len(words) - len(kept))
    assert seen >= {1, 2, 3, 4}


# --- aeda


def test_marks_are_as_documented() -> None:
    draws = Draws([0.49], first=[13], marks=";")
    changed = apply("aeda", BEATLES, draws, probability=0.5)
    assert shown("aeda") == [f"    {changed.sentence}"]
    assert changed.subject_entity == BEATLES.subject_entity
    assert changed.object_entity == BEATLES.object_entity


def test_marks_are_set_below_the_probability() -> None:
    assert apply("aeda", BEATLES, Draws([0.5]), probability=0.5) == BEATLES


# row, where a mark may stand: the starts of words that are not within an entity
PLACES = [
    (BEATLES, [0, 5, 13, 16]),
    (EXAMPLES["adjacent"], [0, 5]),
    (EXAMPLES["quoted"], [0, 6, 12]),
    (NESTED, [0, 8, 13]),
    (SPACED, [1, 6, 8, 12, 14, 17]),
]


@pytest.mark.parametrize(("row", "places"), PLACES)
def test_marks_may_stand_before_every_word_outside_of_entities(
    row: Example, places: list[int]
) -> None:
    draws = Draws([0.0])
    apply("aeda", row, draws)
    assert draws.offered == places


# words, share, the most marks
MOST = [(5, None, 1), (6, None, 2), (9, None, 3), (2, None, 1), (7, 0.5, 3), (4, 1, 4)]


@pytest.mark.parametrize(("words", "share", "most"), MOST)
def test_a_row_gets_1_to_a_share_of_its_words(words: int, share: float | None, most: int) -> None:
    sentence = " ".join(["온", "새", *"가나다라마바사"][:words])
    row = example(sentence, ("온", 0, "PER"), ("새", 2, "PER"))
    draws = Draws([0.0])
    changed = apply("aeda", row, draws, **({} if share is None else {"share": share}))
    assert draws.range == (1, most)
    assert len(changed.sentence.split(" ")) == words + most


# row, share, draws, sentence, spans of subject and object
SET = [
    # one before every word that may have one
    (
        BEATLES,
        1,
        Draws([0.0]),
        ". 비틀즈의 ; 조지 해리슨이 ? 곡을 : 썼다.",
        (2, 5),
        (9, 15),
    ),
    # chosen late first: the marks stand from left to right
    (
        BEATLES,
        1,
        Draws([0.0], count=2, first=[16, 5], marks="!,"),
        "비틀즈의 ! 조지 해리슨이 곡을 , 썼다.",
        (0, 3),
        (7, 13),
    ),
    # an entity within a word
    (EXAMPLES["quoted"], 1, Draws([0.0], 1, [0]), ". 《다온》은 30쪽짜리 책이다.", (3, 5), (8, 11)),
    # after an entity's own white space
    (SPACED, 1, Draws([0.0], 1, [17]), " 다온은  그 봄에 \t책 셋을 . 썼다. ", (1, 3), (14, 17)),
    # entities one in the other
    (NESTED, 1, Draws([0.0], 1, [0]), ". 온새미대학교는 온새미에 있다.", (2, 5), (2, 8)),
]


@pytest.mark.parametrize(("row", "share", "draws", "text", "subject", "object_"), SET)
def test_marks(
    row: Example,
    share: float,
    draws: Draws,
    text: str,
    subject: tuple[int, int],
    object_: tuple[int, int],
) -> None:
    changed = apply("aeda", row, draws, share=share)
    assert changed.sentence == text
    assert (changed.subject_entity.start, changed.subject_entity.end) == subject
    assert (changed.object_entity.start, changed.object_entity.end) == object_
    assert changed.subject_entity.word == row.subject_entity.word
    assert changed.object_entity.word == row.object_entity.word
    assert_spans_hold(changed)


def test_row_without_a_place_for_a_mark_stays() -> None:
    row = Example("s", " 나래", Entity(" 나래", 0, 3, "LOC"), Entity("나래", 1, 3, "LOC"))
    assert apply("aeda", row, probability=1) == row


def test_marks_are_only_added_and_all_of_them_are_used() -> None:
    row = EXAMPLES["own_marks"]
    words = row.sentence.split(" ")
    counts, used = set(), set()
    for seed in range(100):
        changed = apply("aeda", row, np.random.default_rng(seed), probability=1, share=0.5)
        marked = changed.sentence.split(" ")
        assert [word for word in marked if word not in MARKS] == words
        assert changed.subject_entity.word == "누리"
        assert changed.object_entity.word == "윤슬"
        assert_spans_hold(changed)
        counts.add(len(marked) - len(words))
        used |= {word for word in marked if word in MARKS}
    assert counts == {1, 2, 3}
    assert used == {".", ";", "?", ":", "!", ","}


@pytest.mark.parametrize("share", [0, 1.1, float("nan")])
def test_share_out_of_range_is_named(share: float) -> None:
    with pytest.raises(ParameterError, match=rf"^augment\.aeda\.share: .*found: {share}"):
        build("aeda", share=share)
