from __future__ import annotations

import numpy as np
import pytest

from gwangye.encoders.e5 import build_model, build_tokenizer, dequantise_q4, nmt_nfkc_map, parse
from gwangye.errors import DataError
from tests.encoders.blob import PIECES, write_blob


def test_model_has_the_files_weights() -> None:
    model = build_model(parse(write_blob()))
    embeddings = model.get_input_embeddings().weight
    # row i is block i: nibble i, scale 0.5
    assert embeddings[:, 0].tolist() == [(i % 16 - 8) * 0.5 for i in range(len(PIECES) + 4)]
    types = model.state_dict()["embeddings.token_type_embeddings.weight"]
    assert types[:, 0].tolist() == [0.25, 0.0]
    query = model.state_dict()["encoder.layer.1.attention.self.query.weight"]
    assert query.shape == (32, 32)
    assert query[3, 0] == -2.5


def test_tokenizer_ids_and_templates() -> None:
    tokenizer = build_tokenizer(parse(write_blob()))
    assert tokenizer("가나 x")["input_ids"] == [0, 7, 4, 10, 2]
    assert tokenizer("가", "나")["input_ids"] == [0, 4, 5, 2, 2, 4, 6, 2]
    assert "token_type_ids" not in tokenizer("가")
    # nmt_nfkc: full width to plain, zero width space to space
    assert tokenizer.tokenize("ｘ\u200b가") == ["▁", "x", "▁", "가"]


def test_normalisation_map_is_sentencepieces() -> None:
    from tokenizers import normalizers

    normalizer = normalizers.Precompiled(nmt_nfkc_map())
    assert normalizer.normalize_str("㈜한빛 ½") == "(주)한빛 1⁄2"


def test_model_has_the_files_sizes() -> None:
    config = build_model(parse(write_blob(layers=1, eps=1e-5))).config
    assert (config.hidden_size, config.num_hidden_layers, config.intermediate_size) == (32, 1, 64)
    assert (config.num_attention_heads, config.max_position_embeddings) == (4, 16)
    assert config.layer_norm_eps == 1e-5
    assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == (1, 0, 2)


def test_normaliser_collapses_spaces() -> None:
    normaliser = build_tokenizer(parse(write_blob())).backend_tokenizer.normalizer
    # an ideographic space and a plain one become two plain ones first
    assert normaliser.normalize_str("가  나   x\u3000 x") == "가 나 x x"


def test_q4_block_by_hand() -> None:
    # scale 0.5; byte 0 holds 9 (low) and 15 (high), the others 8 and 8, which stands for 0
    raw = np.float16(0.5).tobytes() + bytes([9 | 15 << 4] + [8 | 8 << 4] * 15)
    weights = dequantise_q4(raw)
    expected = np.zeros(32, np.float32)
    expected[0], expected[16] = 0.5, 3.5
    assert weights.tolist() == expected.tolist()


def test_header_and_pieces() -> None:
    file = parse(write_blob())
    assert file.sizes == {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "vocab_size": 16,
        "max_position_embeddings": 16,
        "layer_norm_eps": 1e-12,
    }
    assert [piece for piece, _ in file.pieces] == PIECES
    assert file.pieces[5] == ("가", -5.0)
    assert file.special_ids == {"<s>": 0, "</s>": 2, "<pad>": 1, "<unk>": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GGUF" + write_blob()[4:], r"begins with b'GGUF', not with b'E5S1'"),
        (write_blob().replace(b"\x20\x00\x00\x00\x0c", b"\x10\x00\x00\x00\x0c", 1), "blocks of 16"),
    ],
)
def test_other_layouts_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse(content)


def test_missing_tensor_is_named() -> None:
    with pytest.raises(DataError, match=r"no tensor 'l9.q.w'"):
        parse(write_blob()).tensor("l9.q.w")
