"""params.yaml as `dvc exp run -S` leaves it: what was not asked for stays as it was."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from gwangye.params import load_params

FILE = Path(__file__).parents[1] / "params.yaml"
VARIANT = (
    "+variants.d={encoder: pretrained, input: typed_punct, head: {name: cls}, "
    "loss: {section: loss}, train: {}, augment: {}}"
)
MASK = (
    "+inputs.mask={name: entity_mask, type_words: korean, "
    "query: {name: none, position: behind}, max_length: 256}"
)
ADDED_VARIANT = """\
  d:
    encoder: pretrained
    input: typed_punct
    head:
      name: cls
    loss:
      section: loss
    train: {}
    augment: {}"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copy = tmp_path / "params.yaml"
    copy.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def changed(file: Path) -> tuple[list[str], list[str]]:
    """The lines that a file has lost and gained against params.yaml."""
    old, new = (path.read_text(encoding="utf-8").splitlines() for path in (FILE, file))
    lines = [line for line in difflib.ndiff(old, new) if line[0] in "-+"]
    return [line[2:] for line in lines if line[0] == "-"], [
        line[2:] for line in lines if line[0] == "+"
    ]


@pytest.mark.parametrize(
    ("overrides", "lost", "gained"),
    [
        (["loss.gamma=2"], ["  gamma: 1.0"], ["  gamma: 2"]),
        (["loss.gamma=2", "loss.gamma=3"], ["  gamma: 1.0"], ["  gamma: 3"]),
        (["train.learning_rate=1e-5"], ["  learning_rate: 0.0005"], ["  learning_rate: 1e-05"]),
        (["split.folds=[0,1]"], [], ["  - 1"]),
        (["target.match=[]"], ["  match:", "  - type_pair"], ["  match: []"]),
        (["data.columns={sentence: text}"], [], ["    sentence: text"]),
        (["encoder.num_hidden_layers=null"], ["  num_hidden_layers: 4"], ["  num_hidden_layers:"]),
        ([VARIANT], [], ADDED_VARIANT.splitlines()),
        (["~losses.cross_entropy"], ["  cross_entropy:", "    name: cross_entropy"], []),
    ],
    ids=[
        *("a number", "twice", "a small number", "a list", "an empty list", "a map", "empty"),
        *("a new variant", "a key less"),
    ],
)
def test_an_override_changes_its_own_lines_only(
    file: Path, overrides: list[str], lost: list[str], gained: list[str]
) -> None:
    for override in overrides:
        apply_overrides(file, [override])
    found = changed(file)
    assert (sorted(found[0]), sorted(found[1])) == (sorted(lost), sorted(gained))
    load_params(file)


@pytest.mark.parametrize(
    "override",
    [
        *(VARIANT, MASK, "+augment.aeda={probability: 0.5}", "+pretrain.tapt={}"),
        *("+target.known={no_relation: 0.6}", "~losses.weighted_focal", "split.folds=[0,1,2]"),
        *("data.entity_types=[PER,ORG]", "robustness.perturbations=[aeda]", "ensemble.members=[d]"),
    ],
)
def test_no_override_loses_a_comment(file: Path, override: str) -> None:
    def comments(path: Path) -> list[str]:
        return re.findall(r"#.*", path.read_text(encoding="utf-8"))

    apply_overrides(file, [override])
    assert comments(file) == comments(FILE)
