"""``dvc repro`` with nothing to do: this project's pipeline against bare DVC on the same graph.

All are temporary Git and DVC repositories with the same stages, joined by the same outputs, all up
to date, all outputs tiny. (`dvc commit` records them, so no stage is run.)

- **this project**: its tracked files as they are: templates, ``foreach``, plots.
- **bare DVC**: the stages written out with ``cmd: true``, and the same dependencies, parameters and
  outputs; no templates, no plots.
- **bare DVC, edges only**: besides, no parameters, and one small file of code a stage instead of
  folders. What this saves is DVC's own: it parses params.yaml once a stage, with a slow parser.

``--project`` adds a finished pipeline with its real outputs, which must be up to date.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.timing import ROOT, Prepare, Report, emit, interleave, parser, ratio, run_command
from benchmarks.timing import spread as seconds_range

OURS, BARE, EDGES, FINISHED = (
    "this project",
    "bare DVC",
    "bare DVC, edges only",
    "a finished pipeline",
)
Stages = dict[str, dict[str, Any]]

LIST_STAGES = """
import json
from dvc.repo import Repo
from dvc.dependency import ParamsDependency

repo = Repo()
stages = {
    stage.addressing: {
        "deps": [dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency)],
        "params": [
            name
            for dep in stage.deps
            if isinstance(dep, ParamsDependency)
            for name in dep.params
        ],
        "outs": [out.def_path for out in stage.outs],
    }
    for stage in repo.index.stages
}
print(json.dumps(stages))
"""


def copy_tracked(source: Path, target: Path) -> None:
    """Copy what a clone would hold, changes that are not committed included."""
    listed = run_command(["git", "ls-files", "--cached", "--others", "--exclude-standard"], source)
    for name in listed.splitlines():
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def commit_all(folder: Path) -> None:
    """Commit everything that Git does not ignore, in a new repository if there is none."""
    run_command(["git", "init", "--quiet"], folder)
    run_command(["git", "add", "--all"], folder)
    author = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
    run_command(["git", *author, "commit", "--quiet", "--message", "start"], folder)


def write_output(path: Path) -> None:
    """Write a tiny output: a file where the path has a suffix, else a folder with one."""
    file = path if path.suffix else path / "out.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{path.name}\n", encoding="utf-8")


def make_repository(folder: Path, stages: Stages, cache: Path) -> None:
    """Make a repository of a folder in which all stages are up to date."""
    environment = {"DVC_SITE_CACHE_DIR": str(cache)}
    for out in (out for stage in stages.values() for out in stage["outs"]):
        write_output(folder / out)
    (folder / "dvc.lock").unlink(missing_ok=True)
    run_command(["dvc", "commit", "--force", "--quiet"], folder, **environment)
    commit_all(folder)


def write_bare(folder: Path, stages: Stages, *, edges_only: bool) -> None:
    """Write the same graph as plain stages; JSON is YAML."""
    outs = {out for stage in stages.values() for out in stage["outs"]}
    bare = {}
    for name, stage in stages.items():
        plain = {**stage, "cmd": "true"}
        if edges_only:
            del plain["params"]
            code = f"code/{name.replace('@', '-')}.py"
            write_output(folder / code)
            plain["deps"] = [code, *(dep for dep in stage["deps"] if dep in outs)]
        bare[name.replace("@", "-")] = plain
    (folder / "dvc.yaml").write_text(json.dumps({"stages": bare}, indent=1), encoding="utf-8")


def measure(repeats: int, project: Path | None) -> tuple[list[dict[str, Any]], int]:
    """Return the table's rows, and the number of stages."""
    with tempfile.TemporaryDirectory() as temporary:
        cache = Path(temporary) / "cache"
        folders = {name: Path(temporary) / name for name in (OURS, BARE, EDGES)}
        for folder in folders.values():
            folder.mkdir()
            run_command(["git", "init", "--quiet"], folder)
            copy_tracked(ROOT, folder)
        stages = json.loads(run_command(["python", "-c", LIST_STAGES], folders[OURS]))
        for name, folder in folders.items():
            if name != OURS:
                write_bare(folder, stages, edges_only=name == EDGES)
            make_repository(folder, stages, cache)
        if project is not None:
            if json.loads(run_command(["dvc", "status", "--json"], project)):
                raise SystemExit(f"{project} is not up to date: run `dvc repro` there first.")
            folders[FINISHED] = project

        def reproduce(folder: Path) -> None:
            said = run_command(["dvc", "repro"], folder, DVC_SITE_CACHE_DIR=str(cache))
            if "Running stage" in said:
                raise SystemExit(f"{folder} was not up to date:\n{said}")

        runs: dict[str, Prepare] = {
            name: lambda folder=folder: lambda: reproduce(folder)
            for name, folder in folders.items()
        }
        seconds = interleave(runs, repeats)
    rows = [
        {
            "dvc repro, nothing to do": name,
            "seconds": round(statistics.median(seconds[name]), 2),
            "range": seconds_range(seconds[name]),
            "times bare DVC": round(ratio(seconds[name], seconds[BARE]), 2),
        }
        for name in runs
    ]
    return rows, len(stages)


def main() -> None:
    options = parser(__doc__, repeats=7)
    options.add_argument("--project", type=Path, help="a finished pipeline, measured as well")
    chosen = options.parse_args()
    rows, stages = measure(chosen.repeats, chosen.project and chosen.project.resolve())
    note = (
        f"{stages} stages with tiny outputs, all up to date. Bare DVC has the same stages written "
        "out, with the same dependencies and parameters; `edges only`, no parameters and one small "
        f"file of code a stage. Medians of {chosen.repeats} interleaved rounds."
    )
    emit([Report("Nothing to do", rows, [note])], chosen.json)


if __name__ == "__main__":
    main()
