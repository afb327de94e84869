"""A weight file in the layout E5S1, written by hand: hidden 32, one or two layers, ten pieces."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from pathlib import Path

import numpy as np

from gwangye.encoders.e5 import tensor_names
from gwangye.encoders.fetch import WheelSource

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "가", "나", "▁가나", "學", "▁Uni", "x", "<mask>"]
HIDDEN, FEED_FORWARD, POSITIONS = 32, 64, 16
SHAPES = {
    "emb.word": (len(PIECES) + 4, HIDDEN),  # the table is longer than the list of pieces
    "emb.pos": (POSITIONS, HIDDEN),
    "emb.type": (1, HIDDEN),
    "fi.w": (FEED_FORWARD, HIDDEN),
    "fi.b": (FEED_FORWARD,),
    "fo.w": (HIDDEN, FEED_FORWARD),
}


def quantised(rows: int) -> bytes:
    """Q4_0 blocks: block i has scale 0.5 and the nibble i % 16 throughout."""
    blocks = []
    for i in range(rows):
        nibble = i % 16
        blocks.append(np.float16(0.5).tobytes() + bytes([nibble | nibble << 4] * 16))
    return b"".join(blocks)


def tensor(name: str) -> tuple[int, int, bytes]:
    """dtype, number of weights, bytes: matrices in 4 bits, the rest in float32."""
    short = name.partition(".")[2] if name.startswith("l") and name[1].isdigit() else name
    default = (HIDDEN, HIDDEN) if short.endswith(".w") and "ln" not in short else (HIDDEN,)
    shape = SHAPES.get(short, default)
    count = int(np.prod(shape))
    is_matrix = short == "emb.word" or (short.endswith(".w") and "ln" not in short)
    if is_matrix:
        return 1, count, quantised(count // 32)
    return 0, count, np.full(count, 0.25, "<f4").tobytes()


def write_blob(layers: int = 2, eps: float = 1e-12) -> bytes:
    """The file's bytes."""
    encoded = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, encoded)]).astype("<u4")
    scores = -np.arange(len(PIECES), dtype="<f4")
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7i", HIDDEN, layers, 4, FEED_FORWARD, len(PIECES) + 4, POSITIONS, 1)
    head += struct.pack("<fi", eps, 32)
    blob = b"".join(encoded)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
    head += offsets.tobytes() + scores.tobytes() + blob
    head += struct.pack("<iI", 0, 3) + b"map"  # the normalisation map, which is skipped
    names = list(tensor_names(layers).values())
    table_bytes = 4 + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in names)
    position = len(head) + table_bytes
    table, data = struct.pack("<i", len(names)), b""
    for name in names:
        dtype, count, content = tensor(name)
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", dtype, count, position + len(data), len(content))
        data += content
    return head + table + data


def write_wheel(path: Path, content: bytes) -> WheelSource:
    """Write a wheel that holds the file; return the source that pins it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny/e5.bin", content)
    return WheelSource(
        package="tiny",
        version="1.0",
        wheel_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member="tiny/e5.bin",
        member_sha256=hashlib.sha256(content).hexdigest(),
    )
