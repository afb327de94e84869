"""The ledger, on a real repository with real DVC experiments and a stage that writes its scores."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from gwangye import cli
from gwangye.errors import DataError, GwangyeError, ParameterError
from gwangye.experiments.ledger import (
    Row,
    Score,
    build,
    collect,
    parameter_changes,
    to_csv,
    to_html,
    to_markdown,
    to_table,
)
from gwangye.experiments.ledger.history import (
    PATHS,
    Commit,
    History,
    read_experiments,
    read_history,
    read_runs,
    read_tables,
)
from gwangye.experiments.repository import METRICS, PARAMS, SCORES
from tests.pipeline.conftest import Project

pytestmark = pytest.mark.pipeline

NOTE = "[bold] | <script>alert(1)</script>"
VALIDATION = ("validation", "micro_f1")

PIPELINE = """\
stages:
  evaluate:
    cmd: python stages/evaluate.py ${loss.gamma}
    deps: [stages/evaluate.py]
    params: [loss]
    metrics:
      - metrics/metrics.json: {cache: false}
    outs:
      - metrics/scores.csv: {cache: false}
"""
STAGE = """\
import json, pathlib, sys
gamma = float(sys.argv[1])
f1 = {
    "ensemble": {"validation": 40 + gamma, "test": 20 + gamma},
    "bilstm": {"validation": 50.0},
}
models = {
    model: {part: {"micro_f1": value, "auprc": 30.0} for part, value in parts.items()}
    for model, parts in f1.items()
}
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/metrics.json").write_text(json.dumps(models))
lines = ["model,column,pairs,metric,value,low,high,rows,effective_rows,note"]
for model, parts in f1.items():
    for part, value in parts.items():
        lines.append(f"{model},{part},all,micro_f1,{value},{value - 5},{value + 5},9,9,")
        lines.append(f"{model},{part},all,auprc,30.0,,,9,9,")
        lines.append(f"{model},{part},unseen,micro_f1,{value},1,99,5,5,")
pathlib.Path("metrics/scores.csv").write_text("\\n".join(lines) + "\\n")
"""
VALUES = "# comment\nloss:\n  name: focal\n  gamma: {gamma}\n"


def write(folder: Path, name: str | Path, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def branch(project: Project, name: str, files: dict[Path, str | None]) -> None:
    """Commit files (None: deleted) on a new branch, and go back to main."""
    project.run("git", "checkout", "--quiet", "-b", name, "main")
    for path, text in files.items():
        if text is None:
            (project.folder / path).unlink()
        else:
            write(project.folder, path, text)
    project.commit(name)
    project.run("git", "checkout", "--quiet", "main")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository with every kind of experiment.

    On main: the commits "start", "new code", "second" (a parameter renamed and one changed, run
    anew), one that changes a comment of params.yaml, "page" and "page 2". From "start" the
    experiment gamma2, which is a branch too, from "page" a queued one. Other branches: old and
    older (metrics.json as it once was, with intervals and without), apart (scores.csv is of another
    run), broken, missing (no metrics.json), unrun (a parameter changed, nothing run), code,
    unreadable (dvc.yaml). The workspace has another gamma.
    """
    folder = tmp_path_factory.mktemp("ledger")
    project = Project(folder)
    write(folder, ".dvc/config", "[core]\n    analytics = false\n    check_update = false\n")
    write(folder, ".dvc/.gitignore", "/tmp\n/cache\n")
    write(folder, "dvc.yaml", PIPELINE)
    write(folder, "stages/evaluate.py", STAGE)
    write(folder, "params.yaml", VALUES.format(gamma=1.0))
    project.start_git()
    project.run("dvc", "repro")
    project.commit("start")
    project.run("dvc", "exp", "run", "-S", "loss.gamma=2.0", "-n", "gamma2", "-m", NOTE)
    (ref,) = project.run(
        "git", "for-each-ref", "--format=%(refname)", "refs/exps/*/*/*"
    ).stdout.split()
    project.run("git", "branch", "loss-gamma-2", ref)  # what `dvc exp branch` does
    project.run("git", "checkout", "--quiet", "--force", "main")

    write(folder, "stages/evaluate.py", f"{STAGE}# new\n")
    project.commit("new code")
    write(folder, "params.yaml", VALUES.format(gamma=1.5).replace("name", "kind"))
    project.run("dvc", "repro")
    project.commit("second")
    project.append("params.yaml", "# another comment\n")
    project.commit("comment")
    write(folder, "page.md", "text\n")
    project.commit("page")
    project.run("dvc", "exp", "run", "--queue", "-S", "loss.gamma=4.0", "-n", "waiting")
    write(folder, "page.md", "other text\n")
    project.commit("page 2")

    parts = {"validation": {"micro_f1": 41.25, "auprc": None}, "test": {"micro_f1": 21}}
    branch(project, "older", {METRICS: json.dumps({"ensemble": parts}), SCORES: None})
    parts = {"validation": {"micro_f1": 43.5, "micro_f1_low": 39.5, "micro_f1_high": 48}}
    branch(project, "old", {METRICS: json.dumps({"ensemble": parts}), SCORES: None})
    parts = {"validation": {"micro_f1": 47.0}}
    branch(project, "apart", {METRICS: json.dumps({"ensemble": parts})})
    branch(project, "broken", {METRICS: "{"})
    branch(project, "missing", {METRICS: None, SCORES: None})
    branch(project, "unrun", {PARAMS: VALUES.format(gamma=3.0).replace("name", "kind")})
    branch(project, "code", {Path("stages/other.py"): ""})
    branch(project, "unreadable", {Path("dvc.yaml"): "stages: 1\n", METRICS: "{}"})
    write(folder, "params.yaml", VALUES.format(gamma=0.5).replace("name", "kind"))
    return project


@pytest.fixture(scope="module")
def read(project: Project) -> tuple[History, list[Any], dict[str, Commit], dict[str, str]]:
    history = read_history(project.folder)
    shown = read_experiments(project.folder, history.to_read(), workspace=True)
    runs = read_runs(project.folder, shown)
    tables = read_tables(project.folder, [*history.commits.values(), *runs.values()])
    return history, shown, runs, tables


@pytest.fixture(scope="module")
def rows(read: Any) -> list[Row]:
    return build(*read, model="ensemble")


def named(rows: list[Row], name: str) -> Row:
    (found,) = [row for row in rows if name in row.names]
    return found


def test_rows_are_the_experiments_and_nothing_else(rows: list[Row]) -> None:
    names = sorted(" ".join(row.names) or row.note for row in rows)
    branches = ["old", "older", "apart", "broken", "missing", "unrun", "code", "unreadable"]
    experiments = ["workspace", "waiting", "loss-gamma-2 gamma2"]
    assert names == sorted([*experiments, "start", "main", *branches])
    assert rows[0].names == ("workspace",)


def test_first_commit_has_no_parent(rows: list[Row]) -> None:
    (start,) = [row for row in rows if row.note == "start"]
    assert (start.parent, start.changes, start.code_changed) == ("", (), None)
    assert start.scores[VALIDATION] == Score(41.0, 36.0, 46.0)
    assert start.author == "tester"
    assert start.when is not None


def test_commit_has_renamed_parameter_changed_code_and_the_branch_that_it_ends(
    rows: list[Row],
) -> None:
    """Code that was changed since "start" counts; main's tip changes a page and does not."""
    (start,) = [row for row in rows if row.note == "start"]
    second = named(rows, "main")
    assert second.note == "second"
    assert second.parent == start.revision
    assert second.changes == ("loss.gamma: 1.0 → 1.5", "loss.name: renamed loss.kind")
    assert second.code_changed is True
    assert second.scores == {
        VALIDATION: Score(41.5, 36.5, 46.5),
        ("validation", "auprc"): Score(30.0),
        ("test", "micro_f1"): Score(21.5, 16.5, 26.5),
        ("test", "auprc"): Score(30.0),
    }


def test_experiment_is_compared_with_the_commit_that_it_starts_from(rows: list[Row]) -> None:
    (start,) = [row for row in rows if row.note == "start"]
    gamma2 = named(rows, "gamma2")
    assert (gamma2.parent, gamma2.changes) == (start.revision, ("loss.gamma: 1.0 → 2.0",))
    assert gamma2.code_changed is False
    assert gamma2.scores[VALIDATION].value == 42.0
    assert (gamma2.note, gamma2.author, gamma2.state) == (NOTE, "tester", "")


def test_queued_experiment_has_a_state_and_no_scores(rows: list[Row]) -> None:
    waiting = named(rows, "waiting")
    assert (waiting.state, waiting.scores, waiting.note) == ("queued", {}, "")
    assert waiting.changes == ("loss.gamma: 1.5 → 4.0",)


@pytest.mark.parametrize(
    ("name", "changes", "code", "reason"),
    [
        ("workspace", ("loss.gamma: 1.5 → 0.5",), False, f"not run: {METRICS} is its parent's"),
        ("unrun", ("loss.gamma: 1.5 → 3.0",), False, f"not run: {METRICS} is its parent's"),
        ("code", (), True, f"not run: {METRICS} is its parent's"),
        ("missing", (), False, f"no {METRICS}"),
        ("broken", (), False, f"{METRICS} cannot be read: JSONFileCorruptedError"),
        (
            "unreadable",
            None,
            False,
            "DVC cannot read this revision: './dvc.yaml' validation failed",
        ),
    ],
)
def test_row_without_scores_says_why(
    rows: list[Row], name: str, changes: tuple[str, ...] | None, code: bool, reason: str
) -> None:
    row = named(rows, name)
    assert (row.changes, row.code_changed, row.scores, row.model) == (changes, code, {}, "")
    assert row.reason.startswith(reason)


def test_old_metrics_had_intervals_and_older_ones_none(rows: list[Row]) -> None:
    assert named(rows, "old").scores == {VALIDATION: Score(43.5, 39.5, 48.0)}
    older = named(rows, "older")
    assert older.scores == {VALIDATION: Score(41.25), ("test", "micro_f1"): Score(21.0)}
    assert older.reason == ""


def test_interval_of_another_score_is_left_aside(rows: list[Row]) -> None:
    """On branch apart, scores.csv says 41.5 (36.5–46.5)."""
    assert named(rows, "apart").scores == {VALIDATION: Score(47.0)}


def test_tables_of_scores_are_read_once_each(read: Any) -> None:
    *_, tables = read
    # of "start", of gamma2, and of all since "second"
    assert sorted(text.splitlines()[1] for text in tables.values()) == [
        "ensemble,validation,all,micro_f1,41.0,36.0,46.0,9,9,",
        "ensemble,validation,all,micro_f1,41.5,36.5,46.5,9,9,",
        "ensemble,validation,all,micro_f1,42.0,37.0,47.0,9,9,",
    ]


@pytest.mark.parametrize("text", [None, "no table\n"], ids=["missing", "broken"])
def test_scores_of_the_workspace(project: Project, read: Any, text: str | None) -> None:
    """The file is not Git's; without it, or where it is broken, there are no intervals."""
    history, shown, runs, tables = read
    files = {**history.workspace.files, SCORES: "workspace", METRICS: "workspace"}
    changed = replace(history, workspace=replace(history.workspace, files=files))
    (here,) = read_tables(project.folder, [changed.workspace]).values()
    assert here.splitlines()[1] == "ensemble,validation,all,micro_f1,41.5,36.5,46.5,9,9,"

    found = {} if text is None else {"workspace": text}
    plain = build(changed, shown, runs, {**tables, **found}, model="ensemble")
    whole = build(changed, shown, runs, {**tables, "workspace": here}, model="ensemble")

    assert plain[0].scores[VALIDATION] == Score(41.5)
    assert whole[0].scores[VALIDATION] == Score(41.5, 36.5, 46.5)


def test_scores_of_another_model(read: Any) -> None:
    rows = build(*read, model="bilstm")
    assert named(rows, "main").scores[VALIDATION].value == 50.0
    assert named(rows, "old").reason == f"no model 'bilstm' in {METRICS}, only ensemble"


def test_best_model_is_chosen_by_validation(read: Any) -> None:
    rows = build(*read, model="best")
    assert (named(rows, "main").model, named(rows, "old").model) == ("bilstm", "ensemble")


def test_model_that_nothing_has_is_refused(read: Any) -> None:
    message = "--model bilst: no revision has scores of it. Did you mean 'bilstm'? Allowed: best, "
    with pytest.raises(ParameterError, match=re.escape(message)):
        build(*read, model="bilst")


def test_range_selects_its_commits_only(project: Project) -> None:
    history = read_history(project.folder, ["main..unrun"])
    assert [history.commits[sha].subject for sha in history.selected] == ["unrun"]
    assert history.workspace is None
    (row,) = collect(project.folder, ["main..unrun"])
    assert row.changes == ("loss.gamma: 1.5 → 3.0",)


@pytest.mark.parametrize("revision", ["unrum", "--all", "page.md"])
def test_unknown_revision_is_refused(project: Project, revision: str) -> None:
    with pytest.raises(ParameterError, match=f"--rev {revision}: no such branch, commit or range"):
        read_history(project.folder, [revision])


def test_detached_head_is_named(project: Project) -> None:
    project.run("git", "checkout", "--quiet", "--detach")
    try:
        history = read_history(project.folder)
    finally:
        project.run("git", "checkout", "--quiet", "main")
    assert history.names[history.head] == ("main", "HEAD (detached)")
    assert history.workspace is not None


def test_folders_without_what_it_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no dvc.yaml. Run this in the project's folder"):
        read_history(tmp_path)
    write(tmp_path, "dvc.yaml", "stages: {}\n")
    with pytest.raises(DataError, match="no Git repository. Run `git init`"):
        read_history(tmp_path)
    project = Project(tmp_path)
    project.run("git", "init", "--quiet")
    with pytest.raises(DataError, match="no commit yet"):
        read_history(tmp_path)
    project.run("git", "config", "user.name", "tester")
    project.run("git", "config", "user.email", "tester@example.org")
    project.commit("start")
    with pytest.raises(GwangyeError, match="`dvc exp show --sha .*` failed: .*not inside of a DVC"):
        collect(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.typer_app, ["ledger", *arguments])


def test_repository_without_experiments_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    write(tmp_path, "dvc.yaml", "stages: {}\n")
    write(tmp_path, ".dvc/config", "[core]\n    analytics = false\n")
    project.run("git", "init", "--quiet")
    project.run("git", "config", "user.name", "tester")
    project.run("git", "config", "user.email", "tester@example.org")
    project.commit("start")
    monkeypatch.chdir(tmp_path)

    result = run("-o", "ledger.csv")

    assert result.exit_code == 0
    assert result.output.startswith("No experiments: no commit there changes params.yaml or met")
    assert not (tmp_path / "ledger.csv").exists()


def test_command_writes_the_newest_rows(
    project: Project, rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    result = run("-n", "2", "-o", str(tmp_path / "ledger.csv"))
    assert result.output.replace("\n", "").startswith("2 experiments: ")
    written = list(csv.DictReader(io.StringIO((tmp_path / "ledger.csv").read_text("utf-8"))))
    newest, next_newest = written
    assert newest["name"] == "workspace"
    # commits of the same second may stand in either order
    dates = (row.when for row in rows if row.when)
    assert next_newest["date"] == max(dates).isoformat()


@pytest.mark.parametrize(
    ("output", "error", "message"),
    [
        ("ledger.txt", ParameterError, "ledger.txt: the name's ending must be one of .md, .csv, "),
        ("nowhere/ledger.md", DataError, "nowhere/ledger.md: the folder does not exist"),
    ],
)
def test_output_that_cannot_be_written_is_refused(
    output: str, error: type[Exception], message: str
) -> None:
    result = run("-o", output)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {"b": 1.0}}, {"a": {"b": 2.0}}, ["a.b: 1.0 → 2.0"]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["a: 1 → true"]),
        ({"a": None}, {"a": "x"}, ["a: null → x"]),
        ({"a": [0]}, {"a": [0, 10]}, ["a: [0] → [0, 10]"]),
        ({"a": 1e-5}, {"a": ""}, ['a: 1e-05 → ""']),
        ({"a": {}}, {"a": {"b": {"c": 0.3}}}, ["a.b.c: added 0.3"]),
        ({"a": {"b": {"c": 0.3}}}, {}, ["a.b.c: removed (0.3)"]),
        ({"v": {}}, {"v": {"x": {"p": 1, "q": 2}}}, ["v.x: added {p: 1, q: 2}"]),
        ({"loss": {"g": 2.0}}, {"loss": {"gamma": 2.0}}, ["loss.g: renamed loss.gamma"]),
        ({"a": {"g": 2.0}}, {"b": {"g": 2.0}}, ["a.g: renamed b.g"]),
        # another value, a value that says nothing, two candidates, other section and other name
        ({"g": 2.0}, {"h": 3.0}, ["h: added 3.0", "g: removed (2.0)"]),
        ({"g": True}, {"h": True}, ["h: added true", "g: removed (true)"]),
        ({"g": 2}, {"h": 2, "i": 2}, ["h: added 2", "i: added 2", "g: removed (2)"]),
        ({"a": {"g": 2}}, {"b": {"h": 2}}, ["b.h: added 2", "a.g: removed (2)"]),
    ],
)
def test_parameter_changes(old: dict, new: dict, expected: list[str]) -> None:
    assert parameter_changes(old, new) == tuple(expected)


def state(rev: str, gamma: float, **more: Any) -> dict[str, Any]:
    """A state as `dvc exp show --json` writes it."""
    data = {
        "params": {"params.yaml": {"data": {"gamma": gamma}}},
        "metrics": {str(METRICS): {"data": {"ensemble": {"validation": {"micro_f1": 40.0}}}}},
    }
    return {"rev": rev, "name": None, "data": data, "error": None, "experiments": None, **more}


def experiment(rev: str, name: str | None, executor: str) -> dict[str, Any]:
    return {"revs": [state(rev, 2)], "name": name, "executor": {"state": executor}}


def test_states_of_experiments() -> None:
    """Without a run there are no scores: they would be those of the commit it starts from."""
    when = datetime(2026, 11, 24, 12, tzinfo=UTC)
    files = dict.fromkeys(PATHS, "x")
    base = Commit("a" * 40, "", "tester", when, "start", files)
    history = History({base.sha: base}, {base.sha: ("main",)}, {base.sha}, base.sha, None, set())
    experiments = [
        experiment("workspace", None, "running"),
        experiment("b" * 40, "done", "success"),
        experiment("c" * 40, "bad", "failed"),
    ]
    # without -m; a failed experiment is a stash; one that runs has no commit yet
    subjects = {"b": "dvc: commit experiment 1f2e", "c": "dvc-exp:a:a:bad"}
    runs = {
        letter * 40: Commit(letter * 40, base.sha, "tester", when, text, {**files, METRICS: "y"})
        for letter, text in subjects.items()
    }

    shown = [state(base.sha, 1, experiments=experiments)]
    rows = build(history, shown, runs, {}, model="ensemble")

    running, done, bad, main = rows
    assert main.names == ("main",)
    assert (done.names, done.state, done.note) == (("done",), "", "")
    assert done.scores == {VALIDATION: Score(40.0)}
    assert (bad.state, bad.scores, bad.note) == ("failed", {}, "")
    assert bad.reason == "failed: `dvc queue logs bad` says why"
    assert (running.state, running.scores, running.revision) == ("running", {}, "")
    assert bad.changes == running.changes == ("gamma: 1 → 2",)


EXAMPLES = [
    Row(
        names=("gamma2",),
        revision="7738436",
        parent="36d92e5",
        changes=("loss.gamma: 1.0 → 2.0", "split.folds: [0] → [0, 10]"),
        code_changed=True,
        model="ensemble",
        scores={
            ("validation", "micro_f1"): Score(48.67, 40.0, 57.25),
            ("test", "auprc"): Score(31.15),
        },
        author="tester",
        when=datetime(2026, 11, 24, 14, 21, 9, tzinfo=UTC),
        note=NOTE,
    ),
    Row(
        names=("main", "next"),
        revision="36d92e5",
        parent="",
        changes=(),
        code_changed=None,
        author="tester",
        when=datetime(2026, 11, 24, 11, 8, 0, tzinfo=UTC),
        note="a_b _c_",
        reason=f"no {METRICS}",
    ),
]


def test_csv() -> None:
    header, first, second, end = to_csv(EXAMPLES).split("\n")
    assert header == (
        "name,revision,parent,state,changes,code_changed,model,"
        "validation_micro_f1,validation_micro_f1_low,validation_micro_f1_high,"
        "validation_auprc,validation_auprc_low,validation_auprc_high,"
        "validation_reweighted_micro_f1,validation_reweighted_micro_f1_low,"
        "validation_reweighted_micro_f1_high,validation_reweighted_auprc,"
        "validation_reweighted_auprc_low,validation_reweighted_auprc_high,"
        "test_micro_f1,test_micro_f1_low,test_micro_f1_high,"
        "test_auprc,test_auprc_low,test_auprc_high,author,date,note,reason"
    )
    assert first == (
        'gamma2,7738436,36d92e5,,"loss.gamma: 1.0 → 2.0; split.folds: [0] → [0, 10]",true,ensemble,'
        "48.67,40.0,57.25,,,,,,,,,,,,,31.15,,,tester,2026-11-24T14:21:09+00:00,"
        "[bold] | <script>alert(1)</script>,"
    )
    assert second == (
        '"main, next",36d92e5,,,,,,,,,,,,,,,,,,,,,,,,tester,2026-11-24T11:08:00+00:00,'
        "a_b _c_,no metrics/metrics.json"
    )
    assert end == ""


def test_markdown() -> None:
    table, under = to_markdown(EXAMPLES).split("\n\n")
    lines = (re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines())
    cells = [[cell.strip() for cell in line] for line in lines]
    assert [cells[0], *cells[2:]] == [
        ["experiment", "changed", "validation", "test", "who, when", "note"],
        [
            "gamma2<br>7738436<br>from 36d92e5",
            r"loss.gamma: 1.0 → 2.0<br>split.folds: \[0\] → \[0, 10\]<br>code changed",
            "micro-F1 48.7 (40.0–57.2)",
            "AUPRC 31.1",
            "tester<br>2026-11-24 14:21",
            r"\[bold\] \| &lt;script>alert(1)&lt;/script>",
        ],
        [
            "main<br>next<br>36d92e5", "(first)", "", "", "tester<br>2026-11-24 11:08",
            r"a_b \_c\_ (no metrics/metrics.json)",
        ],
    ]  # fmt: skip
    assert under == "Scores of ensemble in percent, with 95 % intervals where they were recorded.\n"


def test_html_escapes_text_and_needs_no_other_file() -> None:
    page = to_html(EXAMPLES)
    assert "[bold] | &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<script>") == 1  # the page's own, and no other may run
    assert 'Content-Security-Policy" content="default-src &#39;none&#39;; script-src' in page
    assert not any(word in page for word in ("http:", "https:", "src=", "href=", "@import", "url("))
    assert '<td data-title="test AUPRC" class="number" data-key="31.15">31.1</td>' in page
    assert '<td data-title="changed">(first)</td>' in page
    assert page.count("<th scope=") == page.count("<td ") / 2 == 10


def test_terminal_shows_text_as_it_is_and_fits() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(to_table(EXAMPLES, console.width))
    text = console.export_text()
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "gamma2 7738436 from 36d92e5" in text
    assert "[bold] | <script>alert(1)</script>" in text
    # the interval stands below its score where there is little room
    assert any("micro-F1 48.7" in line and "AUPRC 31.1" in line for line in lines)
    assert any("(40.0–57.2)" in line for line in lines)


def test_long_lists_of_changes_are_cut_in_tables_and_whole_in_files() -> None:
    changes = tuple(f"p{i}: 0 → {'1' * 80}" for i in range(10))
    row = Row(("x",), "7738436", "36d92e5", changes, code_changed=False)
    table = to_markdown([row])
    assert "p6: 0 → 1" in table
    assert "p7: 0 → 1" not in table
    assert "1…<br>and 3 more " in table
    assert "; ".join(changes) in to_csv([row])
    assert changes[9] in to_html([row])
