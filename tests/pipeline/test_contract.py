"""dvc.yaml, params.yaml, the stages and the library keep their promises to each other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from gwangye.errors import DataError
from gwangye.experiments.pipeline import sync_dependencies
from gwangye.params import load_params

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

# Rooms every stage leans on without its output depending on more than what they check: a change
# in them must not retrain everything.
SHARED = {"gwangye/params.py", "gwangye/examples.py", "gwangye/model/folders.py"}


def definitions() -> dict[str, dict]:
    """The stages, those written with foreach by what they do."""
    return {name: stage.get("do", stage) for name, stage in STAGES.items()}


def lookup(path: str) -> object:
    value: object = PARAMS
    for key in path.split("."):
        assert isinstance(value, dict)
        assert key in value, f"params.yaml has no {path}"
        value = value[key]
    return value


def imported_modules(source: Path) -> set[str]:
    """Files or folders below gwangye/ that a module imports, the functions' imports too."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gwangye."):
            found.add("/".join(node.module.split(".")[:2]))
    return {f"{name}.py" if (ROOT / f"{name}.py").is_file() else name for name in found}


@pytest.mark.parametrize("name", definitions())
def test_stage_depends_on_its_own_module_and_the_rooms_it_imports(name: str) -> None:
    stage = definitions()[name]
    assert f"stages/{name}.py" in stage["deps"]
    missing = imported_modules(ROOT / "stages" / f"{name}.py") - set(stage["deps"]) - SHARED
    assert not missing, f"dvc.yaml: add {missing} to the deps of stage {name}"


@pytest.mark.parametrize("name", definitions())
def test_stage_runs_its_own_module(name: str) -> None:
    assert definitions()[name]["cmd"].startswith(f"python -m stages.{name} ")


@pytest.mark.parametrize("name", definitions())
def test_stage_is_described_and_short(name: str) -> None:
    assert len(definitions()[name]["desc"].split()) >= 8
    assert len((ROOT / "stages" / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.parametrize("name", definitions())
def test_parameters_of_a_stage_exist(name: str) -> None:
    for path in definitions()[name]["params"]:
        if path == "${item.loss.section}":
            for variant in PARAMS["variants"].values():
                lookup(variant["loss"]["section"])
        else:
            section = path.replace(".${key}", "")
            lookup(section)


def test_every_section_of_the_parameters_is_read_by_a_stage() -> None:
    read = {p.split(".")[0] for stage in definitions().values() for p in stage["params"]}
    # these two are read through ${item.loss.section}
    assert set(PARAMS) - read == {"loss", "losses"}


def test_code_dependencies_exist() -> None:
    for stage in definitions().values():
        for path in stage["deps"]:
            if path.startswith(("gwangye/", "stages/")):
                assert (ROOT / path).exists(), path


def test_files_of_all_variants_are_listed() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    synced = sync_dependencies(text, list(load_params(ROOT / "params.yaml").variants))
    assert text == synced, "dvc.yaml is out of step with params.yaml: run `gwangye sync`"


def test_outputs_of_one_stage_are_no_part_of_anothers() -> None:
    outputs = []
    for stage in definitions().values():
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            outputs.append(out if isinstance(out, str) else next(iter(out)))
    for one in outputs:
        for other in outputs:
            assert one == other or not other.startswith(f"{one}/")


def test_only_the_final_scores_are_kept_out_of_the_cache() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert re.findall(r"- (\S+):\n\s+cache: false", text) == ["metrics/metrics.json"]
    assert "persist" not in text


LISTING = """stages:
  ensemble:
    deps:
      - data/split
      - data/predictions/a.parquet
    outs:
      - data/predictions/ensemble.parquet
  evaluate:
    deps:
      - data/predictions/ensemble.parquet
      - data/predictions/a.parquet
    outs:
      - metrics/errors
  report:
    deps:
      - data/predictions/ensemble.parquet
      - data/predictions/a.parquet
      - metrics/train/a
      - metrics/robustness/a
      - metrics/metrics.json
    outs:
      - metrics/report.html
plots:
  - Loss:
      y:
        metrics/train/a/plots/loss.tsv: loss
  - F1:
      y:
        metrics/train/a/plots/f1.tsv: f1
"""


def test_sync_lists_new_variants_and_keeps_the_rest() -> None:
    expected = LISTING
    for path in ("data/predictions/a.parquet", "metrics/train/a", "metrics/robustness/a"):
        lines = [f"      - {path}\n".replace("/a", f"/{name}") for name in ("b", "c")]
        expected = expected.replace(f"      - {path}\n", "".join(lines))
    for curve in ("loss.tsv: loss", "f1.tsv: f1"):
        expected = expected.replace(
            f"        metrics/train/a/plots/{curve}\n",
            f"        metrics/train/b/plots/{curve}\n        metrics/train/c/plots/{curve}\n",
        )
    assert sync_dependencies(LISTING, ["b", "c"]) == expected
    assert sync_dependencies(LISTING, ["a"]) == LISTING


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "data/predictions/a.parquet",
            "'ensemble' lists no data/predictions/<variant>.parquet. Add the line "
            "`- data/predictions/b.parquet` to its deps",
        ),
        ("metrics/train/a", "'report' lists no metrics/train/<variant>. Add the line `- metrics"),
    ],
)
def test_sync_without_a_list_says_what_to_add(line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        sync_dependencies(LISTING.replace(f"      - {line}\n", ""), ["b"])


def test_sync_without_the_stages_says_so() -> None:
    with pytest.raises(DataError, match="below `stages:` there is no stage 'ensemble'"):
        sync_dependencies("stages:\n  split:\n    cmd: x\n", ["b"])
