"""The sample corpus as it is committed, and the script that composes it."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

SAMPLE = Path(__file__).parents[1] / "data" / "raw" / "sample"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def train() -> Rows:
    return json.loads((SAMPLE / "train.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def test_rows() -> Rows:
    return json.loads((SAMPLE / "test.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=["train", "test"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return json.loads((SAMPLE / f"{request.param}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def composer() -> Iterator[SimpleNamespace]:
    """The composer's modules, imported as a script does: from their own folder."""
    folder = SAMPLE / "compose"
    names = ("particles", "frame", "dates", "world", "compose")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for name in names:
            patch.delitem(sys.modules, name, raising=False)
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def entity_lists() -> dict[str, Any]:
    return yaml.safe_load((SAMPLE / "compose" / "entities.yaml").read_text("utf-8"))


def word_pair(row: dict[str, Any]) -> tuple[str, str]:
    return row["subject_entity"]["word"], row["object_entity"]["word"]


def triple(row: dict[str, Any]) -> tuple[Any, ...]:
    spans = [(row[e]["start_idx"], row[e]["end_idx"]) for e in ("subject_entity", "object_entity")]
    return row["sentence"], *spans


# --- the files ------------------------------------------------------------------------------


def test_sizes_and_guids(train: Rows, test_rows: Rows) -> None:
    assert len(train) == 1800
    assert len(test_rows) == 600
    assert train[0]["guid"] == "gwangye-sample-v1_train_00000"
    assert test_rows[-1]["guid"] == "gwangye-sample-v1_test_00599"
    assert len({row["guid"] for row in train + test_rows}) == 2400


def test_keys_are_those_of_klue(rows: Rows) -> None:
    entity = {"word", "start_idx", "end_idx", "type"}
    for row in rows:
        assert list(row) == [
            "guid", "sentence", "subject_entity", "object_entity", "label", "source",
        ]  # fmt: skip
        assert set(row["subject_entity"]) == set(row["object_entity"]) == entity
        assert row["subject_entity"]["type"] in {"PER", "ORG"}
        assert row["object_entity"]["type"] in {"PER", "ORG", "LOC", "DAT", "POH", "NOH"}
        assert row["source"] in {"wikipedia", "wikitree", "policy_briefing"}


@pytest.mark.parametrize(
    ("part", "minimum", "no_relation"), [("train", 12, (0.29, 0.31)), ("test", 5, (0.59, 0.61))]
)
def test_every_relation_has_rows(part: str, minimum: int, no_relation: tuple[float, float]) -> None:
    rows = json.loads((SAMPLE / f"{part}.json").read_text("utf-8"))
    counts = Counter(row["label"] for row in rows)
    assert len(counts) == 30
    assert min(counts.values()) >= minimum
    assert no_relation[0] <= counts["no_relation"] / len(rows) <= no_relation[1]


def test_train_has_a_long_tail(train: Rows) -> None:
    counts = Counter(row["label"] for row in train)
    common = [label for label, _ in counts.most_common(4)]
    assert common[0] == "no_relation"
    assert set(common[1:]) == {"org:top_members/employees", "per:employee_of", "per:title"}
    assert counts["per:title"] >= 6 * counts["per:place_of_death"]


def test_spans_hold_the_words_and_do_not_overlap(rows: Rows) -> None:
    for row in rows:
        for entity in (row["subject_entity"], row["object_entity"]):
            found = row["sentence"][entity["start_idx"] : entity["end_idx"] + 1]
            assert found == entity["word"], row["guid"]
            assert found == found.strip()
        subject, object_ = row["subject_entity"], row["object_entity"]
        assert (
            subject["end_idx"] < object_["start_idx"] or object_["end_idx"] < subject["start_idx"]
        ), row["guid"]


def test_subject_type_fits_the_relation(rows: Rows) -> None:
    for row in rows:
        if row["label"] != "no_relation":
            prefix = row["label"].split(":")[0].upper()
            assert row["subject_entity"]["type"] == prefix, row["guid"]


def test_train_and_test_share_nothing_that_could_be_learnt_by_heart(
    train: Rows, test_rows: Rows
) -> None:
    assert not {r["sentence"] for r in train} & {r["sentence"] for r in test_rows}
    assert not {frozenset(word_pair(r)) for r in train} & {
        frozenset(word_pair(r)) for r in test_rows
    }


def test_object_comes_first_in_some(rows: Rows) -> None:
    first = sum(r["object_entity"]["start_idx"] < r["subject_entity"]["start_idx"] for r in rows)
    assert 0.35 <= first / len(rows) <= 0.40


def test_rows_share_sentences(rows: Rows) -> None:
    counts = Counter(row["sentence"] for row in rows)
    shared = sum(count for count in counts.values() if count > 1)
    assert 0.20 <= shared / len(rows) <= 0.30


def test_pairs_recur_in_train_under_several_relations(train: Rows) -> None:
    sentences, labels = defaultdict(set), defaultdict(set)
    for row in train:
        sentences[word_pair(row)].add(row["sentence"])
        labels[word_pair(row)].add(row["label"])
    recurring = sum(len(sentences[word_pair(row)]) > 1 for row in train)
    several = sum(len(labels[word_pair(row)]) > 1 for row in train)
    assert 0.50 <= recurring / len(train) <= 0.70
    assert several / len(train) >= 0.10


def test_contradicting_duplicates_are_in_train_only(train: Rows, test_rows: Rows) -> None:
    labels = defaultdict(list)
    for row in train:
        labels[triple(row)].append(row["label"])
    repeated = [found for found in labels.values() if len(found) > 1]
    assert len(repeated) == 7
    assert all(len(set(found)) == 2 for found in repeated)
    assert len({triple(row) for row in test_rows}) == 600


def test_texts_hold_what_trips_programs(rows: Rows) -> None:
    sentences = [row["sentence"] for row in rows]
    words = [row[e]["word"] for row in rows for e in ("subject_entity", "object_entity")]
    assert any("一" <= c <= "鿿" for s in sentences for c in s)
    assert any(c.isascii() and c.isalpha() for s in sentences for c in s)
    assert any("@" in s for s in sentences)
    assert any("#" in s for s in sentences)
    assert any("," in w for w in words)
    assert any(":" in w for w in words)
    assert any('"' in w or "'" in w for w in words)


def test_lengths_vary(rows: Rows) -> None:
    lengths = [len(s) for s in {row["sentence"] for row in rows}]
    assert sum(length < 45 for length in lengths) / len(lengths) >= 0.25
    assert sum(length > 100 for length in lengths) / len(lengths) >= 0.10


# --- the composer ---------------------------------------------------------------------------


def test_composing_again_gives_the_committed_bytes(composer: SimpleNamespace) -> None:
    for part, text in composer.compose.compose().items():
        assert text.encode() == (SAMPLE / f"{part}.json").read_bytes(), (
            f"{part}.json is not what compose.py writes: run it and commit its files"
        )


@pytest.mark.parametrize(
    ("word", "form", "expected"),
    [
        ("한빛전자", "은", "는"),
        ("부산", "은", "은"),
        ("서울", "으로", "로"),
        ("부산", "으로", "으로"),
        ("제주", "으로", "로"),
        ("윤태한(尹泰翰)", "이", "이"),
        ("정소희(鄭素姬)", "이", "가"),
        ("KMR", "을", "을"),
        ("KMR", "으로", "로"),
        ("NWA", "은", "는"),
        ("2016", "이", "이"),
        ("K7", "으로", "로"),
        ("K2", "과", "와"),
        ("30", "이다", "이다"),
        ("3.0", "은", "은"),
        ("12%", "이", "가"),
        ("Project 'Hana' 2", "을", "를"),
        ("봄, 여름: 두 개의 노래", "이었", "였"),
        ('"괜찮아"', "과", "와"),
        ("Lumo", "이라는", "라는"),
        ("㈜새론정공", "이자", "이자"),
    ],
)
def test_particle_follows_the_sound(
    composer: SimpleNamespace, word: str, form: str, expected: str
) -> None:
    assert composer.particles.particle(word, form) == expected


def test_particle_reads_by_the_given_reading(composer: SimpleNamespace) -> None:
    assert composer.particles.particle("Blue Club", "은", {"Blue Club": "블루 클럽"}) == "은"


def test_particles_around_brackets_agree_with_the_slot_meant(composer: SimpleNamespace) -> None:
    frame = composer.frame.Frame(
        id="f0",
        part="train",
        source="wikipedia",
        text="{a}({d} ~ ){>a|은} ‘{w}’{|을} 썼다.",
        slots={"a": "person", "d": "year", "w": "work"},
    )
    words = {"a": "고은나", "d": "1950년", "w": "긴 밤"}
    assert composer.frame.fill(frame, words, {}) == (
        "고은나(1950년 ~ )는 ‘긴 밤’을 썼다.",
        {"a": 0, "d": 4, "w": 16},
    )


TYPES = {"person": "PER", "company": "ORG", "city": "LOC"}
RELATIONS = ["per:employee_of", "org:members"]


def test_entity_lists_of_the_parts_are_disjoint(
    composer: SimpleNamespace, entity_lists: dict[str, Any]
) -> None:
    train, test = (composer.world.Entities(entity_lists, part, 1) for part in ("train", "test"))
    for kind in train.types:
        if train.types[kind] == "DAT" or kind == "person_foreign":
            continue
        lists = [
            {w for group in e.groups(kind) or [None] for w in e.words(kind, group)}
            for e in (train, test)
        ]
        assert lists[0], kind
        assert lists[1], kind
        assert not lists[0] & lists[1], kind
