"""Entities are recovered whatever the tokenizer: WordPiece and SentencePiece Unigram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gwangye.errors import DataError, ParameterError
from gwangye.examples import Entity, Example
from gwangye.inputs.features.table import FeatureTable, read_features, write_features
from gwangye.inputs.markers import MARKINGS, QUERIES
from gwangye.inputs.markers.input_form import InputForm
from gwangye.inputs.tokens.tokenising import prepare_tokenizer, tokenise
from tests.tiny import tiny_tokenizer

TYPES = ["PER", "ORG", "LOC", "DAT", "POH", "NOH"]


def unigram_tokenizer() -> Any:
    """A SentencePiece-like tokenizer: a bare ▁ before words that have no piece with it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁@", "▁#", "@", "#", "*", "^", "▁*", "▁^"]
    pieces += [
        *"새소년의황윤이곡을썼다단체사람대표는한서연관계무엇인가?.칸",
        "▁새소년",
        "▁단체",
        "▁사람",
    ]
    vocabulary = [(piece, -1.0 * len(pieces) + i * 0.01) for i, piece in enumerate(pieces)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>",
        unk_token="<unk>", model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


TOKENIZERS = {"wordpiece": tiny_tokenizer, "unigram": unigram_tokenizer}


def example(sentence: str, subject: str, object_: str, guid: str = "g") -> Example:
    def entity(word: str, type_: str) -> Entity:
        start = sentence.index(word)
        return Entity(word, start, start + len(word), type_)

    return Example(guid, sentence, entity(subject, "ORG"), entity(object_, "PER"))


EXAMPLES = [
    example("새소년의 황소윤이 곡을 썼다.", "새소년", "황소윤"),
    example("대표는 한서연", "한서연", "대표"),  # object first, subject at the end
    example("서 칸 대표는 한서연", "서 칸", "한서연"),  # a space, and a bare ▁ before 칸
]


def tokens_of(table: FeatureTable, tokenizer: Any, row: int, span: tuple[int, int]) -> str:
    ids = table.row(row)["input_ids"][slice(*span)].tolist()
    return "".join(
        t.removeprefix("##").replace("▁", "") for t in tokenizer.convert_ids_to_tokens(ids)
    )


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("form", sorted(set(MARKINGS) - {"none", "entity_mask"}))
@pytest.mark.parametrize("query", sorted(QUERIES))
@pytest.mark.parametrize("position", ["front", "behind"])
def test_entities_are_recovered(name: str, form: str, query: str, position: str) -> None:
    tokenizer = TOKENIZERS[name]()
    section = {"name": form, "query": {"name": query, "position": position}}
    input_form = InputForm.from_params(section, "inputs.x")
    prepare_tokenizer(tokenizer, input_form, TYPES)

    table = tokenise(EXAMPLES, tokenizer, input_form)

    for row, e in enumerate(EXAMPLES):
        for role, entity in enumerate((e.subject_entity, e.object_entity)):
            opening, first, past, closing = table.entity_positions[row, role].tolist()
            found = tokens_of(table, tokenizer, row, (first, past))
            assert found == entity.word.replace(" ", "")
            wrapped = input_form.marking.wrap(("subject", "object")[role], entity)
            assert tokens_of(table, tokenizer, row, (opening, opening + 1)) == wrapped.opening
            assert tokens_of(table, tokenizer, row, (closing, closing + 1)) == wrapped.closing


def test_ids_and_positions_literally() -> None:
    tokenizer = tiny_tokenizer()
    form = InputForm.from_params({"name": "entity_marker_punct"}, "x")
    table = tokenise([EXAMPLES[1]], tokenizer, form)
    # "# 대표 #는 @ 한서연 @"
    expected = ["[CLS]", "#", "대", "##표", "#", "는", "@", "한", "##서", "##연", "@", "[SEP]"]
    assert tokenizer.convert_ids_to_tokens(table.input_ids.tolist()) == expected
    assert table.entity_positions.tolist() == [[[6, 7, 10, 10], [1, 2, 4, 4]]]
    assert table.offsets.tolist() == [0, 12]
    assert table.lengths.tolist() == [12]
    assert table.token_type_ids is not None
    assert table.token_type_ids.tolist() == [0] * 12


def test_query_is_a_segment_of_its_own_in_front_or_behind() -> None:
    tokenizer = tiny_tokenizer()
    for position, sentence_segment in (("behind", 0), ("front", 1)):
        section = {"name": "none", "query": {"name": "relation", "position": position}}
        table = tokenise([EXAMPLES[1]], tokenizer, InputForm.from_params(section, "x"))
        assert table.token_type_ids is not None
        first = table.entity_positions[0, 0, 1]
        assert table.token_type_ids[first] == sentence_segment
        # "한서연과 대표의 관계": 9 pieces with their [SEP]; the sentence has 6, [CLS] and [SEP]
        assert len(table.token_type_ids) == 8 + 10
        assert (table.token_type_ids == 1 - sentence_segment).sum() in (10, 11)


def test_pair_query_uses_the_tokenizers_own_separator() -> None:
    tokenizer = unigram_tokenizer()
    section = {"name": "none", "query": {"name": "pair"}}
    table = tokenise([EXAMPLES[1]], tokenizer, InputForm.from_params(section, "x"))
    assert (
        table.input_ids.tolist().count(2) == 4
    )  # </s> of the template three times, and the query's


@pytest.mark.parametrize("name", ["entity_mask", "entity_marker", "typed_entity_marker"])
def test_markers_are_single_tokens(name: str) -> None:
    tokenizer = tiny_tokenizer()
    form = InputForm.from_params({"name": name}, "x")
    before = len(tokenizer)
    markers = form.marking.special_tokens(TYPES)
    assert prepare_tokenizer(tokenizer, form, TYPES) == len(markers)
    assert len(tokenizer) == before + len(markers)
    for marker in markers:
        assert len(tokenizer.tokenize(marker)) == 1


def test_mask_stands_for_the_whole_entity() -> None:
    tokenizer = tiny_tokenizer()
    form = InputForm.from_params({"name": "entity_mask"}, "x")
    prepare_tokenizer(tokenizer, form, TYPES)
    table = tokenise([EXAMPLES[0]], tokenizer, form)
    assert table.entity_positions[0].tolist() == [[1, 1, 2, 1], [3, 3, 4, 3]]


def test_markers_in_the_text_do_not_mislead() -> None:
    e = Example("g", "@누리 # @하늘", Entity("하늘", 7, 9, "PER"), Entity("누리", 1, 3, "ORG"))
    tokenizer = tiny_tokenizer()
    table = tokenise([e], tokenizer, InputForm.from_params({"name": "entity_marker_punct"}, "x"))
    # [CLS] @ # 누 ##리 # # @ @ 하 ##늘 @ [SEP]
    assert table.entity_positions[0].tolist() == [[8, 9, 11, 11], [2, 3, 5, 5]]


def test_long_sentence_is_cut_around_its_entities() -> None:
    filler = "가나다라 " * 30
    e = example(f"{filler}한서연은 {filler}대표 {filler}", "한서연", "대표")
    form = InputForm.from_params({"name": "entity_marker_punct", "max_length": 24}, "x")
    tokenizer = tiny_tokenizer()
    table = tokenise([e, EXAMPLES[1]], tokenizer, form)
    assert table.lengths.tolist() == [24, 12]
    assert table.truncated.tolist() == [True, False]
    for role, word in ((0, "한서연"), (1, "대표")):
        opening, first, past, closing = table.entity_positions[0, role].tolist()
        assert tokens_of(table, tokenizer, 0, (first, past)) == word
        assert tokens_of(table, tokenizer, 0, (opening, opening + 1)) == "@#"[role]
        assert tokens_of(table, tokenizer, 0, (closing, closing + 1)) == "@#"[role]
    ids = table.row(0)["input_ids"]
    assert (ids[0], ids[-1]) == (2, 3)  # [CLS] and [SEP]


def test_entities_that_do_not_fit_are_an_error() -> None:
    form = InputForm.from_params({"name": "entity_marker_punct", "max_length": 10}, "x")
    message = r"guid g: the entities and the query take 11 tokens, max_length is 10"
    with pytest.raises(DataError, match=message):
        tokenise([EXAMPLES[1]], tiny_tokenizer(), form)


def test_entity_without_a_token_is_an_error() -> None:
    e = Example("g7", "가 \u200b 나", Entity("\u200b", 2, 3, "PER"), Entity("나", 4, 5, "PER"))
    with pytest.raises(DataError, match="guid g7: the subject has no token"):
        tokenise([e], tiny_tokenizer(), InputForm.from_params({"name": "none"}, "x"))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"name": "none", "lenght": 3}, "x.lenght is unknown"),
        ({"name": "none", "max_length": 7}, "x.max_length: 7 is not a number of tokens, 8 or more"),
        ({"name": "non"}, "x.name: input form 'non' is unknown. Did you mean 'none'"),
        ({"name": "none", "query": {"name": "que"}}, "x.query.name: query 'que' is unknown"),
        ({"name": "none", "query": {"name": "pair", "position": "left"}}, "x.query.position"),
    ],
)
def test_faults_of_an_input_form(section: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        InputForm.from_params(section, "x")


@pytest.mark.parametrize("name", sorted(MARKINGS))
def test_input_form_round_trip(name: str) -> None:
    section = {"name": name, "query": {"name": "question", "position": "front"}, "max_length": 99}
    form = InputForm.from_params(section, "x")
    assert InputForm.from_dict(form.to_dict()) == form
    assert form.to_dict()["max_length"] == 99


def full_table(with_segments: bool) -> FeatureTable:
    tokenizer = tiny_tokenizer() if with_segments else unigram_tokenizer()
    table = tokenise(EXAMPLES, tokenizer, InputForm.from_params({"name": "none"}, "x"))
    return table.with_columns(
        parts=["train", "train", "test"], folds=[1, 0, -1], label_ids=[4, 2, -1]
    )


@pytest.mark.parametrize("with_segments", [True, False])
def test_written_in_chunks_and_read_back(tmp_path: Path, with_segments: bool) -> None:
    table = full_table(with_segments)
    chunks = [table.select(np.array(mask)) for mask in ([True, True, False], [False, False, True])]
    assert write_features(chunks, tmp_path / "deep" / "features.parquet") == 3
    again = read_features(tmp_path / "deep" / "features.parquet")
    for name in ("parts", "folds", "label_ids", "truncated", "offsets", "input_ids"):
        assert getattr(again, name).tolist() == getattr(table, name).tolist()
    assert again.guids.tolist() == ["g", "g", "g"]
    assert again.entity_positions.tolist() == table.entity_positions.tolist()
    assert (again.token_type_ids is not None) == with_segments


def test_selected_rows_keep_their_tokens() -> None:
    table = full_table(with_segments=True)
    chosen = table.select(np.array([False, True, True]))
    assert len(chosen) == 2
    for old, new in ((1, 0), (2, 1)):
        assert chosen.row(new)["input_ids"].tolist() == table.row(old)["input_ids"].tolist()
        assert chosen.row(new)["label_id"] == table.row(old)["label_id"]


def test_missing_features_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not exist. Run `dvc repro preprocess`"):
        read_features(tmp_path / "features.parquet")
