"""Two small tokenizers, one of each family, whose tokens can be counted by hand.

- ``wordpiece``: as BERT's. ``한빛서점은`` is ``한빛 ##서점 ##은``; it tells segments apart.
- ``unigram``: as XLM-R's and e5's. ``도예린이`` is ``▁ 도예 린 이``: a bare ``▁`` stands before the
  name, and before ``윤`` too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from gwangye.inputs.markers.input_form import InputForm
from gwangye.inputs.tokens.tokenising import prepare_tokenizer
from tests.inputs.markers.conftest import example

PARTICLE = example("한빛서점은 도예린이 세웠다.", ("한빛서점", 0, "ORG"), ("도예린", 6, "PER"))
OBJECT_FIRST = example("도예린이 한빛서점", ("한빛서점", 5, "ORG"), ("도예린", 0, "PER"))
# both entities are the same word, and the text has marks of its own
OWN_MARKS = example("# @ [E1] 윤과 윤이", ("윤", 9, "PER"), ("윤", 12, "PER"))
TYPES = ["ORG", "PER"]

WORDPIECES = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("한빛", "##서점", "은", "##은", "도", "##예린", "이", "##이", "세웠다", "."),
    *("@", "#", "*", "^", "[", "]", "E", "##1", "단체", "사람"),
    *("##과", "##의", "관계", "윤", "a", "b", "c", "d", "e", "f", "g", "h"),
)
UNIGRAMS = (
    *("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    *("▁", "▁한빛", "서점", "은", "▁은", "도예", "린", "이", "▁이", "▁세웠다", "."),
    *("▁@", "@", "▁#", "#", "▁*", "▁^", "[", "]", "E", "1", "▁단체", "▁사람"),
    *("과", "의", "▁관계", "윤"),
)


def _wordpiece() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    backend = Tokenizer(
        models.WordPiece({piece: i for i, piece in enumerate(WORDPIECES)}, unk_token="[UNK]")
    )
    backend.normalizer = normalizers.BertNormalizer(lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return _wrap(
        backend,
        {"cls": "[CLS]", "sep": "[SEP]", "pad": "[PAD]", "unk": "[UNK]", "mask": "[MASK]"},
        ["input_ids", "token_type_ids", "attention_mask"],
    )


def _unigram(pre_tokenizer: Any) -> Any:
    from tokenizers import Tokenizer, models, processors

    # longer pieces cost less than the shorter ones they are made of
    backend = Tokenizer(
        models.Unigram([(piece, -10.0 + len(piece)) for piece in UNIGRAMS], unk_id=3)
    )
    backend.pre_tokenizer = pre_tokenizer
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return _wrap(
        backend,
        {"cls": "<s>", "sep": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"},
        ["input_ids", "attention_mask"],
    )


def _wrap(backend: Any, special: dict[str, str], inputs: list[str]) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=512,
        model_input_names=inputs,
        **{f"{name}_token": token for name, token in special.items()},
    )


@pytest.fixture(scope="session")
def _tokenizers() -> dict[str, Any]:
    from tokenizers.pre_tokenizers import Metaspace, Sequence, WhitespaceSplit

    return {
        "wordpiece": _wordpiece(),
        "unigram": _unigram(Sequence([WhitespaceSplit(), Metaspace()])),
        "unigram_metaspace": _unigram(Metaspace()),
    }


@pytest.fixture
def tokenizer(_tokenizers: dict[str, Any]) -> Callable[[str], Any]:
    """Return a maker of a tokenizer by name; the test may change it."""
    return lambda name: copy.deepcopy(_tokenizers[name])


@pytest.fixture
def prepared(tokenizer: Callable[[str], Any]) -> Callable[..., tuple[Any, InputForm]]:
    """Return a maker of a tokenizer with the markers of a form, and the form."""

    def make(tokenizer_name: str, **section: Any) -> tuple[Any, InputForm]:
        form = InputForm.from_params(section, "inputs.own")
        made = tokenizer(tokenizer_name)
        prepare_tokenizer(made, form, TYPES)
        return made, form

    return make
