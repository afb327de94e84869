"""Stages side by side, on real DVC in temporary Git repositories."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple

import psutil
import pytest
import torch
from typer.testing import CliRunner

from gwangye import cli
from gwangye.errors import DataError, GwangyeError, ParameterError
from gwangye.experiments import parallel, workers
from gwangye.experiments.parallel import Reproduction, StageResult, reproduce
from gwangye.experiments.processes import StoppedError, final_text
from gwangye.experiments.workers import Share, usable_cores, visible_gpus, worker_shares

pytestmark = [
    pytest.mark.pipeline,
    # DVC is warned by a library of its own
    pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning"),
]

# Four stages that with MEET in the environment can only finish side by side; then `mid@a` is last.
MEETING = f"""
stages:
  root:
    cmd: head -n 1 raw > root.txt; printf '10%%\\r100%%\\nlast words'; echo trouble >&2
    deps: [raw]
    outs: [root.txt]
  mid:
    foreach: [a, b, c, d]
    do:
      cmd: {sys.executable} mid.py ${{item}}
      deps: [mid.py, root.txt]
      outs: ['${{item}}.txt']
  last:
    cmd: cat a.txt b.txt c.txt d.txt > last.txt
    deps: [a.txt, b.txt, c.txt, d.txt]
    outs: [last.txt]
"""
MID = """
import os, sys, time
from pathlib import Path

def wait(done):
    end = time.monotonic() + 60
    while not done():
        if time.monotonic() > end:
            sys.exit("nobody came")
        time.sleep(0.02)

name = sys.argv[1]
cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
Path(name + ".seen").write_text(f"{os.environ.get('CUDA_VISIBLE_DEVICES')} {cores}")
if "MEET" in os.environ:
    wait(lambda: all(Path(other + ".seen").exists() for other in "abcd"))
    if name == "a":
        wait(lambda: "mid@b" in Path("dvc.lock").read_text())
Path(name + ".txt").write_text(Path("root.txt").read_text() + name)
"""


def make_repository(folder: Path, pipeline: str, **files: str) -> Path:
    """Make a Git and DVC repository with a pipeline."""
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (folder / ".gitignore").write_text("/.dvc/cache\n/.dvc/tmp\n*.txt\n")
    (folder / "dvc.yaml").write_text(pipeline)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


@contextmanager
def inside(folder: Path, **environment: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def states(reproduction: Reproduction) -> dict[str, str]:
    return {result.stage: result.state for result in reproduction.results}


class Twins(NamedTuple):
    """The same pipeline, run serially and with four workers."""

    serial: Path
    parallel: Path
    reproduction: Reproduction
    lines: list[str]


SHARES = [
    Share({"CUDA_VISIBLE_DEVICES": "4"}, usable_cores()[:1]),
    Share({"CUDA_VISIBLE_DEVICES": "5"}, usable_cores()[-1:]),
    Share({"CUDA_VISIBLE_DEVICES": "6"}),
    Share({"CUDA_VISIBLE_DEVICES": "7"}),
]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    folder = tmp_path_factory.mktemp("twins")
    one, other = (
        make_repository(folder / name, MEETING, raw="1\n", mid_py=MID) for name in ("one", "other")
    )
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=one, check=True)
    lines: list[str] = []
    with inside(other, MEET="1"):
        reproduction = reproduce([], SHARES, lines.append)
    return Twins(one, other, reproduction, lines)


def test_stages_run_at_once_and_in_order(twins: Twins) -> None:
    """Each of the four in the middle waits for the others: serially they would fail."""
    assert states(twins.reproduction) == {
        "root": "ran", "mid@a": "ran", "mid@b": "ran", "mid@c": "ran", "mid@d": "ran",
        "last": "ran",
    }  # fmt: skip
    assert (twins.parallel / "last.txt").read_text() == "1\na1\nb1\nc1\nd"
    assert not twins.reproduction.interrupted
    assert all(result.seconds > 0 for result in twins.reproduction.results)


def test_lock_and_outputs_are_those_of_a_serial_run(twins: Twins) -> None:
    """`mid@a` finished after `mid@b`, and b, c and d at the same moment."""
    for name in ("dvc.lock", "a.txt", "b.txt", "c.txt", "d.txt", "last.txt"):
        assert (twins.parallel / name).read_bytes() == (twins.serial / name).read_bytes(), name


def test_each_worker_has_its_share(twins: Twins) -> None:
    seen = [(twins.parallel / f"{name}.seen").read_text() for name in "abcd"]
    everything = usable_cores() if hasattr(os, "sched_getaffinity") else None
    first, last = (everything and everything[k : k + 1 or None] for k in (0, -1))
    assert seen == [f"4 {first}", f"5 {last}", f"6 {everything}", f"7 {everything}"]


def test_output_has_the_stage_before_each_line(twins: Twins) -> None:
    root = [line for line in twins.lines if line.startswith("root ")]
    assert "root  | Running stage 'root':" in root
    assert "root  | 100%" in root
    assert any("last words" in line for line in root)
    assert any("trouble" in line for line in root)
    assert not any("10%\r" in line for line in twins.lines)
    assert "mid@c | Running stage 'mid@c':" in twins.lines
    assert all(line[:7] in ("root  |", "last  |") or line[:4] == "mid@" for line in twins.lines)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([], ["root", "mid@a", "mid@b", "mid@c", "mid@d", "last"]),
        (["mid"], ["root", "mid@a", "mid@b", "mid@c", "mid@d"]),
        (["mid@c", "root"], ["root", "mid@c"]),
    ],
)
def test_targets_come_with_what_they_depend_on_and_nothing_runs_twice(
    twins: Twins, targets: list[str], expected: list[str]
) -> None:
    lines: list[str] = []
    with inside(twins.parallel):
        reproduction = reproduce(targets, SHARES, lines.append)
    assert reproduction.results == [StageResult(name, "up to date", 0.0) for name in expected]
    assert lines == []


@pytest.mark.parametrize("target", ["mdi", "mid@e"])
def test_unknown_target_is_told(twins: Twins, target: str) -> None:
    allowed = "Allowed: last, mid, mid@a, mid@b, mid@c, mid@d, root."
    with inside(twins.parallel), pytest.raises(ParameterError) as error:
        reproduce([target], SHARES, print)
    assert str(error.value).startswith(f"No stage '{target}'. Did you mean 'mid")
    assert str(error.value).endswith(allowed)


def test_missing_repository_is_told(tmp_path: Path) -> None:
    with (
        inside(tmp_path),
        pytest.raises(GwangyeError, match="not inside of a DVC repository .*Mend it; then"),
    ):
        reproduce([], SHARES, print)


CHAIN = """
stages:
  first:
    cmd: head -n 1 raw > first.txt
    deps: [raw]
    outs: [first.txt]
  second:
    cmd: cp first.txt second.txt
    deps: [first.txt]
    outs: [second.txt]
"""


def test_only_what_changed_runs(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "chain", CHAIN, raw="1\n")
    frozen = CHAIN.replace("second:\n", "second:\n    frozen: true\n")
    with inside(folder):
        assert states(reproduce([], SHARES, str)) == {"first": "ran", "second": "ran"}
        # the first stage writes the same as before: the second one has nothing to do
        Path("raw").write_text("1\n2\n")
        assert states(reproduce([], SHARES, str)) == {"first": "ran", "second": "up to date"}
        Path("raw").write_text("3\n")
        Path("dvc.yaml").write_text(frozen)
        assert states(reproduce([], SHARES, str)) == {"first": "ran", "second": "up to date"}
        Path("raw").write_text("1\n")
        assert states(reproduce([], SHARES, str)) == {"first": "from cache", "second": "up to date"}


INNER = """
stages:
  third:
    cmd: cp ../second.txt third.txt
    deps: [../second.txt]
    outs: [third.txt]
"""


@pytest.mark.parametrize(
    ("folder", "targets", "expected"),
    [
        ("a", [], {"../dvc.yaml:first": "ran", "../dvc.yaml:second": "ran", "third": "ran"}),
        (
            "b",
            ["../dvc.yaml:second"],
            {"../dvc.yaml:first": "ran", "../dvc.yaml:second": "ran"},
        ),
    ],
)
def test_subfolder_is_as_for_dvc(
    tmp_path: Path, folder: str, targets: list[str], expected: dict[str, str]
) -> None:
    root = make_repository(tmp_path / "chain", CHAIN, raw="1\n")
    (root / "a").mkdir()
    (root / "b").mkdir()
    (root / "a" / "dvc.yaml").write_text(INNER)
    with inside(root / folder):
        assert states(reproduce(targets, SHARES, str)) == expected
        assert set(states(reproduce(targets, SHARES, str)).values()) == {"up to date"}


def test_subfolder_without_a_pipeline_is_told(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "chain", CHAIN, raw="1\n")
    (root / "b").mkdir()
    with inside(root / "b"), pytest.raises(DataError, match="chain/b has no dvc.yaml. Run this in"):
        reproduce([], SHARES, str)


# `bad` fails only after `good` has begun
FAILING = """
stages:
  bad:
    cmd: until [ -e begun ]; do sleep 0.05; done; echo broken; exit 3
    outs: [bad.txt]
  after_bad:
    cmd: cp bad.txt after_bad.txt
    deps: [bad.txt]
    outs: [after_bad.txt]
  after_both:
    cmd: cat after_bad.txt good.txt > after_both.txt
    deps: [after_bad.txt, good.txt]
    outs: [after_both.txt]
  good:
    cmd: touch begun; echo 1 > good.txt
    outs: [good.txt]
  after_good:
    cmd: cp good.txt after_good.txt
    deps: [good.txt]
    outs: [after_good.txt]
"""


def test_failure_spares_what_does_not_depend_on_it(tmp_path: Path) -> None:
    folder = make_repository(tmp_path / "failing", FAILING)
    with inside(folder, COLUMNS="80"):
        result = CliRunner().invoke(cli.typer_app, ["repro", "--jobs", "2"])
    assert str(result.exception) == (
        "Failed: bad. Mend what their lines above name and repeat the command: finished stages "
        "are kept."
    )
    assert isinstance(result.exception, GwangyeError)
    assert "bad        | broken\n" in result.output
    rows = [line.strip("│ ").split("│") for line in result.output.splitlines() if line[0] == "│"]
    table = [(cells[0].strip(), cells[1].strip()) for cells in rows]
    assert table == [
        ("bad", "failed"), ("after_bad", "not started"), ("after_both", "not started"),
        ("good", "ran"), ("after_good", "ran"), ("total", ""),
    ]  # fmt: skip
    assert (folder / "after_good.txt").read_text() == "1\n"


# With FAST in the environment they end at once. The second one ignores all that can be ignored.
LONG = """
stages:
  polite:
    cmd: '[ -n "$FAST" ] || { echo $$ > polite.pid; sleep 600; }; echo 1 > polite.txt'
    outs: [polite.txt]
  stubborn:
    cmd: >-
      [ -n "$FAST" ] || { trap "" INT TERM; echo $$ > stubborn.pid; sleep 600; };
      echo 2 > stubborn.txt
    outs: [stubborn.txt]
"""


@pytest.mark.parametrize(
    ("number", "names"),
    [(signal.SIGINT, ["polite"]), (signal.SIGTERM, ["polite", "stubborn"])],
    ids=["SIGINT", "SIGTERM"],
)
def test_signal_ends_everything_and_blocks_nothing(
    tmp_path: Path, number: signal.Signals, names: list[str]
) -> None:
    folder = make_repository(tmp_path / "long", LONG)
    command = [sys.executable, "-c", "from gwangye.cli import app; app()", "repro", "-j", "2"]
    process = subprocess.Popen(
        [*command, *names],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    files = [folder / f"{name}.pid" for name in names]
    try:
        end = time.monotonic() + 60
        while not all(file.is_file() and file.read_text() for file in files):
            assert time.monotonic() < end
            time.sleep(0.05)
        sleepers = [psutil.Process(int(file.read_text())) for file in files]
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    _, alive = psutil.wait_procs([*sleepers, *children], timeout=5)
    assert alive == []
    assert process.returncode == 130
    assert "Interrupted. Finished stages are kept" in output
    assert output.count("stopped") == len(names)
    with inside(folder, FAST="1"):
        assert states(reproduce(names, SHARES, str)) == dict.fromkeys(names, "ran")


def test_a_signal_is_heard_while_another_process_has_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    folder = make_repository(tmp_path / "chain", CHAIN)
    monkeypatch.setattr("dvc.lock.DEFAULT_TIMEOUT", 0.06)
    interrupted = Event()
    with inside(folder), Repo() as holder, holder.lock, Repo() as repo:
        threading.Timer(0.5, interrupted.set).start()
        with pytest.raises(StoppedError), parallel._locked(repo, interrupted):
            pass


@pytest.mark.parametrize(
    ("jobs", "gpus", "cores", "expected"),
    [
        (2, [], [0, 1, 2, 3], [("2", [0, 1]), ("2", [2, 3])]),
        (2, [], [1, 3, 5, 7, 9], [("2", [1, 3]), ("2", [5, 7, 9])]),
        (3, [], [0, 1], [("1", [0]), ("1", [0]), ("1", [1])]),
    ],
)
def test_cores_are_divided_where_there_is_no_gpu(
    monkeypatch: pytest.MonkeyPatch,
    jobs: int,
    gpus: list[str],
    cores: list[int],
    expected: list[tuple[str, list[int]]],
) -> None:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    shares = worker_shares(jobs, gpus=gpus, cores=cores)
    assert shares == [
        Share({"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": threads}, group)
        for threads, group in expected
    ]


def test_the_number_of_threads_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    shares = worker_shares(2, gpus=[], cores=[0, 1, 2, 3])
    assert shares == [Share({"OMP_WAIT_POLICY": "ACTIVE"})] * 2


def test_gpus_are_dealt_in_turn() -> None:
    shares = worker_shares(3, gpus=["2", "5"], cores=[0, 1])
    assert shares == [Share({"CUDA_VISIBLE_DEVICES": number}) for number in ("2", "5", "2")]


def test_less_than_one_worker_is_refused() -> None:
    result = CliRunner().invoke(cli.typer_app, ["repro", "-j", "0"])
    assert isinstance(result.exception, ParameterError)
    assert str(result.exception) == (
        "--jobs 0: allowed is 1 or more. Leave it out for one worker per GPU."
    )


@pytest.mark.parametrize(
    ("driver", "count", "variable", "expected"),
    [
        (True, 2, None, ["0", "1"]),
        (True, 2, "3, GPU-5ac", ["3", "GPU-5ac"]),
        (True, 1, "2,-1,3", ["2"]),
        (True, 0, "", []),
        (False, 2, "0,1", []),
    ],
)
def test_visible_gpus(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    driver: bool,
    count: int,
    variable: str | None,
    expected: list[str],
) -> None:
    monkeypatch.setattr(workers, "_DRIVER_FILES", [str(tmp_path if driver else tmp_path / "no")])
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert visible_gpus() == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("epoch 1\n", "epoch 1"),
        ("\n", ""),
        ("windows\r\n", "windows"),
        (" 10%\r 50%\r100%\n", "100%"),
        (" 50%\r      \rsaved\n", "saved"),
        (" 50%\r      \r", " 50%"),
        ("\r    \r\n", None),
    ],
)
def test_progress_is_told_by_its_end(line: str, expected: str | None) -> None:
    assert final_text(line) == expected


class ExecutedError(Exception):
    """Stands for the end of this process."""


@pytest.mark.parametrize(
    ("options", "gpus"), [(["-j", "1"], ["0", "1"]), ([], []), ([], ["0"])], ids=str
)
def test_one_worker_is_dvc_itself(
    monkeypatch: pytest.MonkeyPatch, options: list[str], gpus: list[str]
) -> None:
    def execv(program: str, command: list[str]) -> None:
        assert program == sys.executable
        raise ExecutedError(*command[1:])

    monkeypatch.setattr(workers, "visible_gpus", lambda: gpus)
    monkeypatch.setattr(os, "execv", execv)
    result = CliRunner().invoke(cli.typer_app, ["repro", *options, "train", "ensemble"])
    assert isinstance(result.exception, ExecutedError)
    assert result.exception.args == ("-m", "dvc", "repro", "--keep-going", "train", "ensemble")


def test_there_is_one_worker_per_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple] = []

    def record(targets: list[str], shares: list[Share], write: object) -> Reproduction:
        given.append((targets, [share.environment for share in shares]))
        return Reproduction([], interrupted=False)

    monkeypatch.setattr(workers, "visible_gpus", lambda: ["4", "6"])
    monkeypatch.setattr(parallel, "reproduce", record)
    assert CliRunner().invoke(cli.typer_app, ["repro", "train"]).exit_code == 0
    assert given == [(["train"], [{"CUDA_VISIBLE_DEVICES": "4"}, {"CUDA_VISIBLE_DEVICES": "6"}])]
