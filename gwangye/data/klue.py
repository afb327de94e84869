"""Fetching KLUE-RE v1.1 (Park et al. 2021, arXiv 2105.09680; CC BY-SA 4.0)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from gwangye.data.reading import read_examples
from gwangye.errors import DataError

TRAIN_FILE = "klue-re-v1.1_train.json"
TEST_FILES = ("klue-re-v1.1_dev.json", "klue-re-v1.1_test_unlabelled.json")
"""The official dev file, which is the competition's test set, and the same without labels."""

HUB_NAME = ("klue/klue", "re")
HUB_SPLITS = {"train": TRAIN_FILE, "validation": TEST_FILES[0]}

BY_HAND = (
    "Or download the KLUE benchmark by hand and pass the folder that holds "
    f"{TRAIN_FILE} and {TEST_FILES[0]} as the source."
)


def fetch_klue(out: Path, source: Path | None = None) -> list[Path]:
    """Put the official KLUE-RE files into a folder, every row checked.

    They come from the Hugging Face hub, or from a folder ``source`` that holds
    ``klue-re-v1.1_train.json`` and ``klue-re-v1.1_dev.json`` (or
    ``klue-re-v1.1_test_unlabelled.json``).

    Returns:
        The paths written: the training file, then the dev or unlabelled test file.

    Raises:
        DataError: A file is not in ``source`` or not sound, the ``datasets`` package is not
            installed, or the hub cannot be reached.
    """
    out.mkdir(parents=True, exist_ok=True)
    return _from_hub(out) if source is None else _from_folder(out, source)


def _from_folder(out: Path, source: Path) -> list[Path]:
    tests = [name for name in TEST_FILES if (source / name).is_file()]
    if not (source / TRAIN_FILE).is_file() or not tests:
        raise DataError(
            f"{source}: this folder must hold {TRAIN_FILE} and {' or '.join(TEST_FILES)}."
        )
    written = []
    for name in (TRAIN_FILE, tests[0]):
        read_examples(source / name)
        if not ((out / name).exists() and (out / name).samefile(source / name)):
            shutil.copyfile(source / name, out / name)
        written.append(out / name)
    return written


def _from_hub(out: Path) -> list[Path]:
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            "KLUE-RE is loaded from the Hugging Face hub with the 'datasets' package, which is "
            f'not installed: pip install "gwangye[hub]". {BY_HAND}'
        ) from error
    try:
        loaded = datasets.load_dataset(*HUB_NAME)
    except Exception as error:  # the client has a dozen kinds, from several packages
        raise DataError(
            f"{'/'.join(HUB_NAME)} cannot be loaded from the Hugging Face hub: "
            f"{type(error).__name__}: {error}. Check the network. {BY_HAND}"
        ) from error
    written = []
    for split, name in HUB_SPLITS.items():
        relations = loaded[split].features["label"].names
        # in the hub's rows a label is a number
        rows = [{**row, "label": relations[row["label"]]} for row in loaded[split]]
        text = json.dumps(rows, ensure_ascii=False, indent=4)
        (out / name).write_text(text, encoding="utf-8")
        read_examples(out / name, labels=relations)
        written.append(out / name)
    return written
