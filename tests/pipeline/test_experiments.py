"""DVC's experiments and Git's branches, as people use them, on real DVC and Git."""

from __future__ import annotations

import json
import re
import shlex

import pytest
import yaml

from tests.pipeline.conftest import ROOT, Project, predict

pytestmark = pytest.mark.pipeline


def parameters(project: Project) -> dict:
    return yaml.safe_load((project.folder / "params.yaml").read_text(encoding="utf-8"))


def ran_stages(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def test_experiment_reruns_what_it_changes_and_shows_up(git_project: Project) -> None:
    output = git_project.run("dvc", "exp", "run", "-S", "loss.gamma=2", "-n", "gamma2").stdout

    stages, variants = ("train", "predict", "robustness"), ("entity_start", "bilstm", "bigru")
    affected = {f"{stage}@{variant}" for stage in stages for variant in variants}
    assert ran_stages(output) == affected | {"ensemble", "target", "evaluate", "report"}

    difference = json.loads(git_project.run("dvc", "metrics", "diff", "main", "--json").stdout)
    change = difference["metrics/metrics.json"]["ensemble.validation.micro_f1"]
    assert change["old"] != change["new"]

    (start,) = json.loads(git_project.run("dvc", "exp", "show", "--json").stdout)[1:]
    assert [run["name"] for run in start["experiments"]] == ["gamma2"]

    git_project.run("dvc", "plots", "diff", "main", "--out", "plots_out")
    page = (git_project.folder / "plots_out" / "index.html").read_text(encoding="utf-8")
    assert "Confusion matrix (ensemble" in page
    assert "F1 of each relation with its interval" in page
    assert "Micro-F1 of each slice with its interval" in page
    table = git_project.folder / "metrics/tables/per_relation/ensemble_validation.csv"
    _, number = table.read_text(encoding="utf-8").splitlines()[1].split(",")
    assert number in page


ENDS = {"ensemble", "target", "evaluate", "report"}
BILSTM = {"train@bilstm", "predict@bilstm", "robustness@bilstm", *ENDS}
# what `dvc exp run -S` is given, and what must run: every kind of piece that a variant can have
SWITCHES = [
    (["variants.bilstm.head.name=attention"], BILSTM),
    (["+variants.bilstm.head.pooling=max"], BILSTM),
    (["variants.bilstm.loss.section=losses.weighted_focal"], BILSTM),
    (["+variants.bilstm.loss.name=ldam"], BILSTM),
    (["+variants.bilstm.loss.rdrop_alpha=1"], BILSTM),
    (["+variants.bilstm.train.layer_decay=0.9"], BILSTM),
    (["+variants.bilstm.train.adversarial.name=fgm"], BILSTM),
    (["+variants.bilstm.train.averaging={name: swa, start: 0.7}"], BILSTM),
    (["+variants.bilstm.augment.entity_mask.probability=0.3"], BILSTM),
    (["+variants.bilstm.seeds=[1,2]"], BILSTM),
    (
        ["+pretrain.tapt={mlm_probability: 0.2}", "variants.bilstm.encoder=tapt"],
        {"pretrain@tapt", *BILSTM},
    ),
    (
        ["+inputs.asked={name: none, query: {name: question}}", "variants.bilstm.input=asked",
         "variants.bilstm.head.name=cls"],
        {"preprocess@asked", *BILSTM},
    ),
    (["ensemble.name=hard"], ENDS),
]  # fmt: skip


@pytest.fixture(scope="module")
def switched(git_template: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return git_template.copy(tmp_path_factory.mktemp("switched"))


@pytest.mark.parametrize(("settings", "expected"), SWITCHES, ids=[s[0] for s, _ in SWITCHES])
def test_piece_is_switched_on_by_one_experiment(
    switched: Project, settings: list[str], expected: set[str]
) -> None:
    from gwangye.params import load_params

    options = [part for setting in settings for part in ("-S", setting)]
    output = switched.run("dvc", "exp", "run", *options).stdout
    load_params(switched.folder / "params.yaml")
    switched.run("git", "checkout", "--quiet", "--force", "main")
    switched.run("dvc", "checkout", "--force")
    assert ran_stages(output) == expected


def test_variant_is_compared_with_itself_on_another_revision(git_project: Project) -> None:
    for revision, right in (("before", 10), ("now", 40)):
        predict(git_project, "bilstm", right)
        git_project.commit(revision)
        git_project.run("git", "tag", revision)

    output = git_project.run("gwangye", "compare", "bilstm@before", "bilstm").stdout

    # before: 5 titles right, 15 missed, 15 false ones: 2·5 / (2·5 + 15 + 15) = 25 %
    assert "bilstm is 75.0 points of micro-F1 above bilstm@before" in output


def test_scores_of_an_earlier_run_are_shown_with_a_warning(git_project: Project) -> None:
    fields = "model,column,pairs,metric,value,low,high,rows,effective_rows,note"
    scores = git_project.folder / "metrics/scores.csv"
    scores.write_text(f"{fields}\nensemble,test,all,micro_f1,50,40,60,9,9,\n", "utf-8")

    git_project.run("dvc", "commit", "--force", "evaluate")
    git_project.append("gwangye/report/page.py", "# after the scores\n")
    now = git_project.run("gwangye", "scores")
    git_project.edit("params.yaml", lambda params: params["loss"].update(gamma=2))
    later = git_project.run("gwangye", "scores")

    assert now.stderr == ""
    assert "50.0 (40.0–60.0)" in now.stdout
    assert later.stderr == (
        "WARNING: these scores are of an earlier run. Changed since: params.yaml: loss (train). "
        "Run `dvc repro`.\n"
    )
    assert later.stdout == now.stdout


def recipes(heading: str) -> list[list[str]]:
    """The commands of docs/experiments.md below a heading, by block, but those for a remote."""
    page = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```bash\n(.*?)```", section, re.S)
    return [[line for line in block.splitlines() if " push" not in line] for block in blocks]


def test_experiment_becomes_a_branch_as_the_page_says(git_project: Project) -> None:
    now, earlier = recipes("A branch per experiment")
    git_project.run("dvc", "exp", "run", "-S", "loss.gamma=2", "-n", "gamma2")
    for command in now:
        git_project.run(*shlex.split(command))
    assert git_project.run("git", "status", "--porcelain").stdout == ""
    assert git_project.reproduce() == set()

    git_project.run("git", "checkout", "--quiet", "main")
    git_project.run("dvc", "exp", "run", "-S", "ensemble.name=hard")
    for command in earlier:
        git_project.run(*shlex.split(command))
    changed = git_project.run("git", "diff", "--stat", "loss-gamma-2").stdout
    assert changed == ""  # the same experiment
    assert parameters(git_project)["loss"]["gamma"] == 2
    assert git_project.reproduce() == set()


def test_number_set_by_exp_run_stays_a_number(git_project: Project) -> None:
    """`-S x=1e-5` writes `1e-05`, which YAML 1.1 reads as text."""
    from gwangye.params import load_params

    git_project.run("dvc", "exp", "run", "-S", "train.learning_rate=1e-5")

    text = (git_project.folder / "params.yaml").read_text(encoding="utf-8")
    assert "learning_rate: 1e-05" in text
    params = load_params(git_project.folder / "params.yaml")
    assert params.train["learning_rate"] == 0.00001


def change_gamma(project: Project, variant: str, gamma: float) -> str:
    """Run the pipeline with another gamma for one variant; return what it printed."""
    return project.run("dvc", "exp", "run", "-S", f"+variants.{variant}.loss.gamma={gamma}").stdout


def test_branches_that_change_different_variants_merge_without_retraining(
    git_project: Project,
) -> None:
    git_project.run("git", "checkout", "--quiet", "-b", "first")
    change_gamma(git_project, "bilstm", 2.5)
    git_project.commit("bilstm: gamma 2.5")
    git_project.run("git", "checkout", "--quiet", "main")
    git_project.run("dvc", "checkout", "--force")
    git_project.run("git", "checkout", "--quiet", "-b", "second")
    change_gamma(git_project, "bigru", 0.5)
    git_project.commit("bigru: gamma 0.5")

    output = git_project.run("gwangye", "merge", "first").stdout

    # new are only the stages that see both changes; the two trained variants are taken from cache
    assert ran_stages(output) == {"ensemble", "target", "evaluate", "report"}
    losses = {name: v["loss"] for name, v in parameters(git_project)["variants"].items()}
    assert losses["bilstm"]["gamma"] == 2.5
    assert losses["bigru"]["gamma"] == 0.5
    assert git_project.run("git", "status", "--porcelain").stdout == ""
    assert git_project.reproduce() == set()
    assert git_project.run("gwangye", "merge", "first").stdout == "first is merged already.\n"


def test_merge_leaves_conflicts_of_people_to_people(git_project: Project) -> None:
    git_project.run("git", "checkout", "--quiet", "-b", "first")
    change_gamma(git_project, "bilstm", 2.5)
    git_project.commit("bilstm: gamma 2.5")
    git_project.run("git", "checkout", "--quiet", "main")
    change_gamma(git_project, "bilstm", 0.5)
    git_project.commit("bilstm: gamma 0.5")

    result = git_project.run("gwangye", "merge", "first", check=False)

    assert result.returncode == 1
    assert "Merge conflicts in params.yaml: edit them" in result.stderr


def test_merge_refuses_a_changed_working_tree(git_project: Project) -> None:
    change_gamma(git_project, "bilstm", 2.5)

    result = git_project.run("gwangye", "merge", "main", check=False)

    assert result.returncode == 1
    assert "The working tree has changes. Commit or stash them" in result.stderr
