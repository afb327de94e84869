from __future__ import annotations

import numpy as np
import pytest

from gwangye.encoders.q4 import dequantise_q4, parse
from gwangye.errors import DataError
from tests.encoders.blob import PIECES, write_blob


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
