from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.inputs.features.table import FeatureTable
from gwangye.inputs.markers.input_form import InputForm
from gwangye.inputs.tokens import tokenising
from gwangye.inputs.tokens.tokenising import prepare_tokenizer, tokenise
from tests.inputs.conftest import OBJECT_FIRST, OWN_MARKS, PARTICLE
from tests.inputs.features.test_table import assert_same
from tests.inputs.markers.conftest import example

Prepared = Callable[..., tuple[Any, InputForm]]


def tokens_of(table: FeatureTable, tokenizer: Any, index: int = 0) -> str:
    ids = table.row(index)["input_ids"].tolist()
    return " ".join(tokenizer.convert_ids_to_tokens(ids))


# positions: subject, object; each opening, first, one past the last, closing
WORDPIECE_ROWS = [
    (
        {"name": "none"},
        PARTICLE,
        "[CLS] 한빛 ##서점 ##은 도 ##예린 ##이 세웠다 . [SEP]",
        [[1, 1, 3, 2], [4, 4, 6, 5]],
    ),
    (
        {"name": "entity_mask"},
        PARTICLE,
        "[CLS] [SUBJ-ORG] 은 [OBJ-PER] 이 세웠다 . [SEP]",
        [[1, 1, 2, 1], [3, 3, 4, 3]],
    ),
    (
        {"name": "entity_marker"},
        PARTICLE,
        "[CLS] [E1] 한빛 ##서점 [/E1] 은 [E2] 도 ##예린 [/E2] 이 세웠다 . [SEP]",
        [[1, 2, 4, 4], [6, 7, 9, 9]],
    ),
    (
        {"name": "entity_marker"},
        OWN_MARKS,
        "[CLS] # @ [E1] [E1] 윤 [/E1] [UNK] [E2] 윤 [/E2] 이 [SEP]",
        [[4, 5, 6, 6], [8, 9, 10, 10]],
    ),
    (
        {"name": "entity_marker_punct"},
        OWN_MARKS,
        "[CLS] # @ [ E ##1 ] @ 윤 @ [UNK] # 윤 # 이 [SEP]",
        [[7, 8, 9, 9], [11, 12, 13, 13]],
    ),
    (
        {"name": "typed_entity_marker"},
        OBJECT_FIRST,
        "[CLS] [OBJ-PER] 도 ##예린 [/OBJ-PER] 이 [SUBJ-ORG] 한빛 ##서점 [/SUBJ-ORG] [SEP]",
        [[6, 7, 9, 9], [1, 2, 4, 4]],
    ),
    (
        {"name": "typed_entity_marker_punct"},
        PARTICLE,
        "[CLS] @ * 단체 * 한빛 ##서점 @ 은 # ^ 사람 ^ 도 ##예린 # 이 세웠다 . [SEP]",
        [[1, 5, 7, 7], [9, 13, 15, 15]],
    ),
]


@pytest.mark.parametrize(("section", "row", "tokens", "positions"), WORDPIECE_ROWS)
def test_wordpiece(
    prepared: Prepared, section: dict[str, Any], row: Any, tokens: str, positions: list[list[int]]
) -> None:
    tokenizer, form = prepared("wordpiece", **section)
    table = tokenise([row], tokenizer, form)
    assert tokens_of(table, tokenizer) == tokens
    assert table.entity_positions.tolist() == [positions]


# A bare ▁ before a name belongs to it where the tokenizer says that it covers its first
# character (e5), and not where it covers the space before (Metaspace alone).
UNIGRAM_ROWS = [
    (
        {"name": "none"},
        PARTICLE,
        "<s> ▁한빛 서점 은 ▁ 도예 린 이 ▁세웠다 . </s>",
        [[1, 1, 3, 2], [4, 4, 7, 6]],
        [[1, 1, 3, 2], [5, 5, 7, 6]],
    ),
    (
        {"name": "none"},
        OWN_MARKS,
        "<s> ▁# ▁@ ▁ [ E 1 ] ▁ 윤 과 ▁ 윤 이 </s>",
        [[8, 8, 10, 9], [11, 11, 13, 12]],
        [[9, 9, 10, 9], [12, 12, 13, 12]],
    ),
    (
        {"name": "entity_marker_punct"},
        OWN_MARKS,
        "<s> ▁# ▁@ ▁ [ E 1 ] ▁@ ▁ 윤 ▁@ 과 ▁# ▁ 윤 ▁# 이 </s>",
        [[8, 9, 11, 11], [13, 14, 16, 16]],
        [[8, 10, 11, 11], [13, 15, 16, 16]],
    ),
    (
        {"name": "typed_entity_marker_punct"},
        PARTICLE,
        "<s> ▁@ ▁* ▁단체 ▁* ▁한빛 서점 ▁@ 은 ▁# ▁^ ▁사람 ▁^ ▁ 도예 린 ▁# 이 ▁세웠다 . </s>",
        [[1, 5, 7, 7], [9, 13, 16, 16]],
        [[1, 5, 7, 7], [9, 14, 16, 16]],
    ),
]


@pytest.mark.parametrize(("section", "row", "tokens", "like_e5", "metaspace"), UNIGRAM_ROWS)
def test_unigram(
    prepared: Prepared,
    section: dict[str, Any],
    row: Any,
    tokens: str,
    like_e5: list[list[int]],
    metaspace: list[list[int]],
) -> None:
    for name, positions in (("unigram", like_e5), ("unigram_metaspace", metaspace)):
        tokenizer, form = prepared(name, **section)
        table = tokenise([row], tokenizer, form)
        assert tokens_of(table, tokenizer) == tokens
        assert table.entity_positions.tolist() == [positions]


def test_unigram_with_markers(prepared: Prepared) -> None:
    tokenizer, form = prepared("unigram", name="typed_entity_marker")
    table = tokenise([OBJECT_FIRST], tokenizer, form)
    assert tokens_of(table, tokenizer) == (
        "<s> [OBJ-PER] ▁ 도예 린 [/OBJ-PER] ▁이 [SUBJ-ORG] ▁한빛 서점 [/SUBJ-ORG] </s>"
    )
    assert table.entity_positions.tolist() == [[[7, 8, 10, 10], [1, 2, 5, 5]]]


def test_bytes_of_one_character_stay_together() -> None:
    """Byte-level BPE without merges: 윤 is three tokens, one per byte, and 🎻 four."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    form = InputForm.from_params({"name": "none"}, "inputs.own")
    table = tokenise([example("윤a🎻", ("윤", 0, "PER"), ("🎻", 2, "POH"))], tokenizer, form)
    assert table.entity_positions.tolist() == [[[0, 0, 3, 2], [4, 4, 8, 7]]]


QUERY_ROWS = [
    (
        {"name": "relation", "position": "behind"},
        "[CLS] 한빛 ##서점 ##은 도 ##예린 ##이 세웠다 . [SEP] "
        "한빛 ##서점 ##과 도 ##예린 ##의 관계 [SEP]",
        "000000000011111111",
        [[1, 1, 3, 2], [4, 4, 6, 5]],
    ),
    (
        {"name": "relation", "position": "front"},
        "[CLS] 한빛 ##서점 ##과 도 ##예린 ##의 관계 [SEP] "
        "한빛 ##서점 ##은 도 ##예린 ##이 세웠다 . [SEP]",
        "000000000111111111",
        [[9, 9, 11, 10], [12, 12, 14, 13]],
    ),
    (
        {"name": "pair", "position": "front"},
        "[CLS] 한빛 ##서점 [SEP] 도 ##예린 [SEP] 한빛 ##서점 ##은 도 ##예린 ##이 세웠다 . [SEP]",
        "0000000111111111",
        [[7, 7, 9, 8], [10, 10, 12, 11]],
    ),
]


@pytest.mark.parametrize(("query", "tokens", "segments", "positions"), QUERY_ROWS)
def test_query_is_a_segment(
    prepared: Prepared,
    query: dict[str, str],
    tokens: str,
    segments: str,
    positions: list[list[int]],
) -> None:
    tokenizer, form = prepared("wordpiece", name="none", query=query)
    table = tokenise([PARTICLE], tokenizer, form)
    assert tokens_of(table, tokenizer) == tokens
    assert "".join(map(str, table.row(0)["token_type_ids"])) == segments
    assert table.entity_positions.tolist() == [positions]


def test_front_without_a_query(prepared: Prepared) -> None:
    query = {"name": "none", "position": "front"}
    tokenizer, form = prepared("wordpiece", name="none", query=query)
    table = tokenise([PARTICLE], tokenizer, form)
    assert table.entity_positions.tolist() == [[[1, 1, 3, 2], [4, 4, 6, 5]]]


def test_pair_has_the_tokenizers_own_separator(prepared: Prepared) -> None:
    tokenizer, form = prepared("unigram", name="none", query={"name": "pair"})
    table = tokenise([OBJECT_FIRST], tokenizer, form)
    assert tokens_of(table, tokenizer) == (
        "<s> ▁ 도예 린 이 ▁한빛 서점 </s> </s> ▁한빛 서점 </s> ▁ 도예 린 </s>"
    )
    assert table.token_type_ids is None


# a b c 한빛 d e f 도 g h: 한빛 is token 4, 도 token 8
LETTERS = example("a b c 한빛 d e f 도 g h", ("한빛", 6, "ORG"), ("도", 15, "PER"))


@pytest.mark.parametrize(
    ("max_length", "tokens", "positions", "truncated"),
    [
        (
            12,
            "[CLS] a b c 한빛 d e f 도 g h [SEP]",
            [[4, 4, 5, 4], [8, 8, 9, 8]],
            False,
        ),
        (10, "[CLS] b c 한빛 d e f 도 g [SEP]", [[3, 3, 4, 3], [7, 7, 8, 7]], True),
        (8, "[CLS] c 한빛 d e f 도 [SEP]", [[2, 2, 3, 2], [6, 6, 7, 6]], True),
    ],
)
def test_long_row_is_cut_around_the_entities(
    prepared: Prepared,
    max_length: int,
    tokens: str,
    positions: list[list[int]],
    truncated: bool,
) -> None:
    tokenizer, form = prepared("wordpiece", name="none", max_length=max_length)
    table = tokenise([LETTERS], tokenizer, form)
    assert tokens_of(table, tokenizer) == tokens
    assert table.entity_positions.tolist() == [positions]
    assert table.truncated.tolist() == [truncated]


def test_cut_keeps_query_markers_and_segments(prepared: Prepared) -> None:
    tokenizer, form = prepared(
        "wordpiece",
        name="entity_marker",
        query={"name": "pair", "position": "front"},
        max_length=14,
    )
    table = tokenise([LETTERS], tokenizer, form)
    # 12 tokens must stay, which leaves two of the middle: the nearest to either entity
    assert tokens_of(table, tokenizer) == (
        "[CLS] 한빛 [SEP] 도 [SEP] [E1] 한빛 [/E1] d f [E2] 도 [/E2] [SEP]"
    )
    assert "".join(map(str, table.row(0)["token_type_ids"])) == "00000111111111"
    assert table.entity_positions.tolist() == [[[5, 6, 7, 7], [10, 11, 12, 12]]]


def test_cut_before_a_query_behind(prepared: Prepared) -> None:
    tokenizer, form = prepared("wordpiece", name="none", query={"name": "pair"}, max_length=11)
    table = tokenise([LETTERS], tokenizer, form)
    # 8 tokens must stay, which leaves the middle
    assert tokens_of(table, tokenizer) == "[CLS] 한빛 d e f 도 [SEP] 한빛 [SEP] 도 [SEP]"
    assert "".join(map(str, table.row(0)["token_type_ids"])) == "00000001111"
    assert table.entity_positions.tolist() == [[[1, 1, 2, 1], [5, 5, 6, 5]]]


def test_entities_and_query_that_do_not_fit(prepared: Prepared) -> None:
    tokenizer, form = prepared(
        "wordpiece", name="entity_marker", query={"name": "pair"}, max_length=11
    )
    message = "guid a: the entities and the query take 12 tokens, max_length is 11. Raise the"
    with pytest.raises(DataError, match=message):
        tokenise([LETTERS], tokenizer, form)


def test_batch_size_changes_nothing(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer, form = prepared("wordpiece", name="typed_entity_marker_punct", max_length=18)
    rows = [PARTICLE, OBJECT_FIRST, OWN_MARKS, LETTERS, PARTICLE]
    whole = tokenise(rows, tokenizer, form)
    assert whole.truncated.tolist() == [True, False, True, True, True]
    monkeypatch.setattr(tokenising, "BATCH_SIZE", 2)
    assert_same(tokenise(iter(rows), tokenizer, form), whole)


def test_cut_with_front_and_no_query(prepared: Prepared) -> None:
    query = {"name": "none", "position": "front"}
    tokenizer, form = prepared("wordpiece", name="none", query=query, max_length=8)
    table = tokenise([LETTERS], tokenizer, form)
    assert tokens_of(table, tokenizer) == "[CLS] c 한빛 d e f 도 [SEP]"


@pytest.mark.parametrize("name", ["wordpiece", "unigram"])
def test_no_examples(prepared: Prepared, name: str) -> None:
    tokenizer, form = prepared(name, name="none")
    table = tokenise([], tokenizer, form)
    assert len(table) == 0
    assert table.entity_positions.shape == (0, 2, 4)
    assert table.input_ids.dtype == np.int32


def test_guids_are_kept_and_the_rest_is_for_the_caller(prepared: Prepared) -> None:
    tokenizer, form = prepared("unigram", name="none")
    table = tokenise([PARTICLE], tokenizer, form)
    assert table.guids.tolist() == ["a"]
    assert table.label_ids.tolist() == [-1]
    assert table.folds.tolist() == [[-1]]


def test_prepare_adds_each_marker_once(tokenizer: Callable[[str], Any]) -> None:
    made = tokenizer("wordpiece")
    size = len(made)
    form = InputForm.from_params({"name": "typed_entity_marker"}, "inputs.own")
    assert prepare_tokenizer(made, form, ["ORG", "PER"]) == 8
    assert prepare_tokenizer(made, form, ["ORG", "PER"]) == 0
    assert len(made) == size + 8
    assert made.tokenize("a[SUBJ-ORG]b") == ["a", "[SUBJ-ORG]", "b"]


def test_prepare_keeps_the_encoders_own_special_tokens(tokenizer: Callable[[str], Any]) -> None:
    made = tokenizer("wordpiece")
    made.add_special_tokens({"extra_special_tokens": ["[OWN]"]})
    for name in ("entity_marker", "none"):
        prepare_tokenizer(made, InputForm.from_params({"name": name}, "inputs.own"), ["PER"])
    assert "[OWN]" in made.all_special_tokens
    assert "[E1]" in made.all_special_tokens


def test_punctuation_marks_need_no_new_token(tokenizer: Callable[[str], Any]) -> None:
    form = InputForm.from_params({"name": "typed_entity_marker_punct"}, "inputs.own")
    assert prepare_tokenizer(tokenizer("unigram"), form, ["ORG", "PER"]) == 0


def test_tokenizer_that_was_not_prepared(tokenizer: Callable[[str], Any]) -> None:
    form = InputForm.from_params({"name": "entity_marker"}, "inputs.own")
    message = re.escape("guid a: the tokenizer has no [/E1], [/E2], [E1], [E2]. It was prepared")
    with pytest.raises(DataError, match=message):
        tokenise([PARTICLE], tokenizer("wordpiece"), form)


def test_type_that_the_tokenizer_does_not_know(prepared: Prepared) -> None:
    tokenizer, form = prepared("wordpiece", name="entity_mask")
    place = example("윤은 도", ("윤", 0, "PER"), ("도", 3, "LOC"))
    message = re.escape("guid a: the tokenizer has no [OBJ-LOC], [SUBJ-LOC]. It was prepared")
    with pytest.raises(DataError, match=message):
        tokenise([PARTICLE, place], tokenizer, form)


def test_entity_that_the_tokenizer_drops(prepared: Prepared) -> None:
    tokenizer, form = prepared("wordpiece", name="none")
    # a zero-width space: BERT's normaliser removes it
    empty = example("윤 \u200b", ("윤", 0, "PER"), ("\u200b", 2, "POH"))
    with pytest.raises(DataError, match="guid a: the object has no token"):
        tokenise([empty], tokenizer, form)


def test_dropped_characters_around_an_entity_do_no_harm(prepared: Prepared) -> None:
    tokenizer, form = prepared("wordpiece", name="none")
    row = example("\u200b윤\u200b은 도", ("\u200b윤\u200b", 0, "PER"), ("도", 5, "PER"))
    table = tokenise([row], tokenizer, form)
    assert tokens_of(table, tokenizer) == "[CLS] 윤 ##은 도 [SEP]"
    assert table.entity_positions.tolist() == [[[1, 1, 2, 1], [3, 3, 4, 3]]]


def test_max_length_that_the_encoder_cannot_read(prepared: Prepared) -> None:
    tokenizer, form = prepared("wordpiece", name="none", max_length=513)
    message = "max_length is 513, but the encoder reads at most 512 tokens. Lower max_length."
    with pytest.raises(ParameterError, match=message):
        tokenise([PARTICLE], tokenizer, form)


def test_pair_without_a_separator(prepared: Prepared) -> None:
    tokenizer, form = prepared("wordpiece", name="none", query={"name": "pair"})
    tokenizer.sep_token = None
    with pytest.raises(ParameterError, match=r"The query has a separator, but .* has none"):
        tokenise([PARTICLE], tokenizer, form)


def test_slow_tokenizer() -> None:
    slow: Any = SimpleNamespace(is_fast=False)
    form = InputForm.from_params({"name": "none"}, "inputs.own")
    with pytest.raises(DataError, match="The encoder has no fast tokenizer"):
        tokenise([PARTICLE], slow, form)
