"""Making an encoder smaller: fewer vocabulary pieces, fewer layers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gwangye.errors import ParameterError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_ASCII = 3
"""Length in characters of the ASCII pieces that are kept."""


def keep_piece(piece: str) -> bool:
    """Tell whether Korean text needs a SentencePiece piece.

    Kept are pieces of Hangul syllables only, all pieces of one character, and ASCII pieces of up to
    three; the word-start sign ``▁`` does not count. A rule and no word list: it has seen no corpus.

    Example:
        >>> [keep_piece(piece) for piece in ("▁사람", "學", "▁202", "▁Universidad")]
        [True, True, True, False]
    """
    text = piece.removeprefix("▁")
    return (
        len(text) <= 1
        or all("가" <= char <= "힣" for char in text)
        or (text.isascii() and len(text) <= MAX_ASCII)
    )


def prune_vocabulary(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> PreTrainedTokenizerBase:
    """Drop the pieces that Korean text does not need, from the model in place and the tokenizer.

    On a CPU the optimizer walks every row of the embedding table in each step; most of a
    multilingual table belongs to other scripts. A word that is cut differently for it becomes
    shorter pieces, never ``<unk>``, since all single characters stay.

    Returns:
        The smaller tokenizer.

    Raises:
        ParameterError: The tokenizer is not a Unigram (SentencePiece) one.
    """
    import torch
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    if state["model"]["type"] != "Unigram":
        raise ParameterError(
            f"encoder.prune_vocabulary: the tokenizer is {state['model']['type']}, and only "
            "SentencePiece Unigram vocabularies can be pruned. Set it to false."
        )
    kept = kept_ids(state)
    smaller = Tokenizer.from_str(json.dumps(_with_ids(state, kept), ensure_ascii=False))
    embeddings = model.get_input_embeddings()
    rows = embeddings.weight.detach()[torch.tensor(kept)].clone()
    model.resize_token_embeddings(len(kept), mean_resizing=False)
    model.get_input_embeddings().weight.data.copy_(rows)
    for name in ("pad", "bos", "eos"):
        old = getattr(model.config, f"{name}_token_id", None)
        if old is not None:
            setattr(model.config, f"{name}_token_id", kept.index(old))
    return PreTrainedTokenizerFast(
        tokenizer_object=smaller,
        model_max_length=tokenizer.model_max_length,
        model_input_names=tokenizer.model_input_names,
        **tokenizer.special_tokens_map,
    )


def kept_ids(state: dict[str, Any]) -> list[int]:
    """Return the ids that stay, in order: special tokens and what :func:`keep_piece` keeps."""
    special = {token["content"] for token in state["added_tokens"]}
    return [
        i
        for i, (piece, _) in enumerate(state["model"]["vocab"])
        if piece in special or keep_piece(piece)
    ]


def _with_ids(state: dict[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """Return a tokenizer's state with the kept pieces only, numbered anew."""
    new = {old: i for i, old in enumerate(kept)}
    vocabulary = state["model"]["vocab"]
    model = {
        **state["model"],
        "vocab": [vocabulary[i] for i in kept],
        "unk_id": new[state["model"]["unk_id"]],
    }
    added = [{**token, "id": new[token["id"]]} for token in state["added_tokens"]]
    processor = dict(state["post_processor"] or {})
    if "special_tokens" in processor:
        processor["special_tokens"] = {
            name: {**token, "ids": [new[i] for i in token["ids"]]}
            for name, token in processor["special_tokens"].items()
        }
    return {**state, "model": model, "added_tokens": added, "post_processor": processor or None}


def cut_layers(model: PreTrainedModel, num_hidden_layers: int) -> PreTrainedModel:
    """Return the encoder with its first layers only.

    Dropping the top layers keeps most of what fine-tuning needs at a fraction of the cost
    (Sajjad et al. 2023, arXiv 2004.03844).

    Raises:
        ParameterError: The encoder has fewer layers.
    """
    from gwangye.backbone import encoder_from_config

    layers = model.config.num_hidden_layers
    if num_hidden_layers > layers:
        raise ParameterError(
            f"encoder.num_hidden_layers is {num_hidden_layers}, but the encoder has {layers} "
            "layers. Lower it, or set it to null for all."
        )
    config = type(model.config).from_dict(
        {**model.config.to_dict(), "num_hidden_layers": num_hidden_layers}
    )
    smaller = encoder_from_config(config)
    weights = model.state_dict()
    smaller.load_state_dict({name: weights[name] for name in smaller.state_dict()})
    return smaller
