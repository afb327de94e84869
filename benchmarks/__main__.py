"""All benchmarks, one after the other, each in a process of its own: tables for one page.

    python -m benchmarks --project . --output performance.md

``--quick`` runs tiny sizes to see that all of them work; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import ROOT, Report, machine

NAMES = ("training", "prediction", "stages", "noop", "preprocess", "parallel")
QUICK = {
    "training": ["--repeats", "1", "--rows", "32"],
    "prediction": ["--repeats", "1", "--rows", "64"],
    "stages": ["--repeats", "1"],
    "noop": ["--repeats", "1"],
    "preprocess": ["--rows", "5000"],
    "parallel": ["--steps", "2"],
}


def arguments(name: str, project: Path, quick: bool) -> list[str]:
    """Return a benchmark's options."""
    features = ["--features", str(project / "data" / "features" / "typed_punct")]
    encoder = ["--encoder", str(project / "models" / "encoders" / "pretrained")]
    model = project / "models" / "entity_start"
    finished = (project / "metrics" / "per_relation").is_dir()
    own = {
        "training": [*features, *encoder, "--whole-last-layer"],
        "prediction": [*features, *encoder, *(["--model", str(model)] if model.is_dir() else [])],
        "stages": ["--run", "--project", str(project)] if finished else [],
        "noop": ["--project", str(project)] if finished else [],
        "preprocess": encoder,
        "parallel": ["--project", str(project)],
    }
    return own[name] + (QUICK[name] if quick else [])


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--project", type=Path, default=ROOT, help="a pipeline that has run")
    options.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    options.add_argument("--output", type=Path, help="write the tables to this file, too")
    options.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    chosen = options.parse_args()
    parts = ["\n".join(machine())]
    failed = []
    for name in chosen.only:
        print(f"--- {name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "reports.json"
            own = arguments(name, chosen.project.resolve(), chosen.quick)
            command = [sys.executable, "-m", f"benchmarks.{name}", *own, "--json", str(file)]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                failed.append(name)
                continue
            parts += [Report(**r).markdown() for r in json.loads(file.read_text("utf-8"))]
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    print(text)
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
