from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from gwangye.errors import ParameterError
from gwangye.examples import Entity
from gwangye.training.augmentation import (
    AUGMENTATIONS,
    Aeda,
    EntityMask,
    EntitySwap,
    RandomDeletion,
    augment,
    build_augmentations,
    for_task,
)
from tests.training.augmentation.conftest import BEATLES, Draws

WHERE = "variants.bilstm.augment"


def build(section: Any) -> dict[str, Any]:
    return build_augmentations(section, WHERE)


@pytest.mark.parametrize("section", [None, {}])
def test_no_section_is_no_augmentation(section: Any) -> None:
    assert build(section) == {}
    assert augment(BEATLES, [], np.random.default_rng(0)) is BEATLES


def test_pieces_come_in_the_registrys_order() -> None:
    section = {
        "aeda": {"share": 0.5},
        "random_deletion": {},
        "entity_mask": None,
        "entity_swap": {"probability": 0.2},
    }
    pieces = build(section)
    assert list(pieces.items()) == [
        ("entity_swap", EntitySwap(probability=0.2)),
        ("entity_mask", EntityMask()),
        ("random_deletion", RandomDeletion()),
        ("aeda", Aeda(share=0.5)),
    ]


def test_pieces_are_applied_one_after_the_other() -> None:
    section = {
        "aeda": {"probability": 1},
        "entity_swap": {"probability": 1},
        "random_deletion": {"probability": 0.5},
        "entity_mask": {"probability": 1},
    }
    # swap; the subject's mask, the object's mask; 단체의 사람이 곡을 썼다.; one mark
    draws: Any = Draws([0, 0, 0, 0.9, 0.9, 0.9, 0, 0], first=[4], marks=":")
    changed = augment(BEATLES, build(section).values(), draws)
    assert changed.sentence == "단체의 : 사람이 곡을"
    assert changed.subject_entity == Entity("사람", 6, 8, "PER")
    assert changed.object_entity == Entity("단체", 0, 2, "ORG")
    assert changed.label == "per:employee_of"


FAULTS = [
    (
        {"entity_masks": {}},
        "variants.bilstm.augment.entity_masks: there is no such augmentation. "
        r"Did you mean 'entity_mask'\? Allowed: aeda, entity_mask, entity_swap, random_deletion.",
    ),
    ({True: {}}, "variants.bilstm.augment.True: there is no such augmentation. Allowed: aeda"),
    (["aeda"], r"variants.bilstm.augment is \['aeda'\]. Write a map: {name: {option: value}}."),
    ({"aeda": 0.3}, "variants.bilstm.augment.aeda is 0.3. Write its options: {probability: 0.5}."),
    (
        {"aeda": {"probabilty": 1}},
        "variants.bilstm.augment.aeda.probabilty is unknown. Did you mean 'probability'?",
    ),
    (
        {"aeda": {"name": "entity_mask"}},
        "variants.bilstm.augment.aeda.name is unknown: the piece is named by its key, 'aeda'.",
    ),
    (
        {"entity_mask": {"type_words": "hanja"}},
        r"variants.bilstm.augment.entity_mask.type_words: .*\(found: 'hanja'\)",
    ),
    (
        {"entity_swap": {"labels": ["per:spouse"]}},
        r"variants.bilstm.augment.entity_swap.labels: .*valid dictionary \(found: \['per:spouse'\]",
    ),
]


@pytest.mark.parametrize(("section", "message"), FAULTS)
def test_faults_are_named_with_their_path(section: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=f"^{message}"):
        build(section)


def test_option_of_another_piece_is_left_aside() -> None:
    assert build({"aeda": {"type_words": "tag"}}) == {"aeda": Aeda()}


def swap(relations: list[str], **options: Any) -> Any:
    (piece,) = for_task(build({"entity_swap": options}), relations, WHERE)
    return piece


def test_klues_map_keeps_what_the_task_has() -> None:
    labels = ["no_relation", "per:spouse", "per:children", "org:members", "org:member_of", "owns"]
    # per:children has no per:parents here
    assert swap(labels, probability=0.3) == EntitySwap(
        probability=0.3,
        labels={
            "no_relation": "no_relation",
            "per:spouse": "per:spouse",
            "org:members": "org:member_of",
            "org:member_of": "org:members",
        },
    )


def test_klues_map_goes_from_members_to_employees_alone() -> None:
    labels = ["org:top_members/employees", "per:employee_of"]
    assert swap(labels).labels == {"org:top_members/employees": "per:employee_of"}


def test_klues_map_of_no_use_is_an_error() -> None:
    message = (
        "variants.bilstm.augment.entity_swap.labels is null, but none of the 2 relations has an "
        "inverse in KLUE's map. Give a map, or remove entity_swap."
    )
    with pytest.raises(ParameterError, match=f"^{message}"):
        swap(["owns", "owned_by"])


def test_given_map_is_used_as_it_is() -> None:
    given = {"owns": "owned_by"}
    assert swap(["owns", "owned_by", "no_relation"], labels=given) == EntitySwap(labels=given)


@pytest.mark.parametrize("given", [{"own": "owned_by"}, {"owned_by": "own"}])
def test_given_map_must_name_relations(given: dict[str, str]) -> None:
    message = (
        "variants.bilstm.augment.entity_swap.labels: there is no relation 'own'. Did you mean "
        r"'owns'\? Allowed: owned_by, owns. Correct the name, or remove its entry."
    )
    with pytest.raises(ParameterError, match=f"^{message}"):
        swap(["owns", "owned_by"], labels=given)


def test_other_pieces_are_the_same_for_every_task() -> None:
    pieces = build({name: {} for name in AUGMENTATIONS if name != "entity_swap"})
    assert for_task(pieces, ["owns"], WHERE) == [EntityMask(), RandomDeletion(), Aeda()]


def test_augmentation_needs_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, gwangye.training.augmentation; "
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "[]\n", result.stderr
