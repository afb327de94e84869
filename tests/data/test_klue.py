from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gwangye.data.klue import fetch_klue
from gwangye.errors import DataError

Row = Callable[..., dict[str, Any]]

TRAIN = "klue-re-v1.1_train.json"
DEV = "klue-re-v1.1_dev.json"
UNLABELLED = "klue-re-v1.1_test_unlabelled.json"


class HubSplit(list[dict[str, Any]]):
    """What `datasets` gives for a split: rows, and features that know the label names."""

    features = {"label": SimpleNamespace(names=["no_relation", "per:title"])}  # noqa: RUF012


def save(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(rows), encoding="utf-8")


@pytest.mark.parametrize("test_name", [DEV, UNLABELLED])
def test_fetch_klue_copies_from_a_folder(tmp_path: Path, klue_row: Row, test_name: str) -> None:
    source, target = tmp_path / "source", tmp_path / "raw" / "klue-re"
    save(source, TRAIN, [klue_row()])
    save(source, test_name, [klue_row(guid="b")])
    assert fetch_klue(target, source) == [target / TRAIN, target / test_name]
    assert (target / TRAIN).read_bytes() == (source / TRAIN).read_bytes()
    assert (target / test_name).read_bytes() == (source / test_name).read_bytes()


def test_fetch_klue_prefers_labelled_dev_and_may_stay_in_place(
    tmp_path: Path, klue_row: Row
) -> None:
    for name in (TRAIN, DEV, UNLABELLED):
        save(tmp_path, name, [klue_row()])
    assert fetch_klue(tmp_path, tmp_path) == [tmp_path / TRAIN, tmp_path / DEV]


def test_fetch_klue_of_incomplete_folder_raises(tmp_path: Path, klue_row: Row) -> None:
    save(tmp_path, TRAIN, [klue_row()])
    with pytest.raises(DataError, match=f"this folder must hold {TRAIN} and {DEV} or"):
        fetch_klue(tmp_path / "target", tmp_path)


def test_fetch_klue_of_faulty_file_raises_and_does_not_copy(tmp_path: Path, klue_row: Row) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    save(source, TRAIN, [klue_row(subject_start_idx=1)])
    save(source, DEV, [klue_row()])
    with pytest.raises(DataError, match="1 of 1 rows are faulty"):
        fetch_klue(target, source)
    assert not (target / TRAIN).exists()


def test_fetch_klue_from_hub_writes_official_rows(
    tmp_path: Path, klue_row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def load_dataset(*names: str) -> dict[str, HubSplit]:
        asked.append(names)
        return {
            "train": HubSplit([klue_row(label=1)]),
            "validation": HubSplit([klue_row(guid="b", label=0)]),
        }

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    assert fetch_klue(tmp_path) == [tmp_path / TRAIN, tmp_path / DEV]
    assert asked == [("klue/klue", "re")]
    assert json.loads((tmp_path / TRAIN).read_text(encoding="utf-8")) == [klue_row()]
    dev = json.loads((tmp_path / DEV).read_text(encoding="utf-8"))
    assert dev == [klue_row(guid="b", label="no_relation")]


def test_fetch_klue_without_datasets_package_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r'not installed: pip install "gwangye\[hub\]".*by hand'):
        fetch_klue(tmp_path)


def test_fetch_klue_without_network_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*names: str) -> None:
        raise ConnectionError("no route")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(
        DataError, match=r"klue/klue/re cannot be loaded .*: ConnectionError: no ro"
    ):
        fetch_klue(tmp_path)
