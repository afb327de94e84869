"""Stands in for a stage's command: writes the stage's outputs at once, new content every time.

The graph, the parameters and the dependencies are those of the real dvc.yaml; only the work is
left out. As the content always differs, whatever depends on a stage that ran must run too.
"""

import json
import shutil
import sys
import uuid
from pathlib import Path


def outputs(stage: str, arguments: list[str]) -> list[str]:
    """Return the paths that the stage writes, from its command's arguments."""
    if stage == "ensemble":
        names = ("predictions.parquet", "weights.json", "submission.csv")
        return [f"{arguments[-1]}/{name}" for name in names]
    if stage == "evaluate":
        tables = ["per_relation", "slices", "confusions", "errors", "reliability", "risk_coverage"]
        files = [f"tables/{table}/ensemble_validation.csv" for table in tables]
        files += ["tables/curves/loss.csv", "tables/curves/micro_f1.csv"]
        return [f"{arguments[-1]}/{name}" for name in ("metrics.json", "scores.csv", *files)]
    if stage == "train":
        curves = f"{arguments[-1]}/plots/metrics"
        names = ("loss.tsv", "eval/micro_f1.tsv")
        return [f"{arguments[-2]}/config.json", *(f"{curves}/{name}" for name in names)]
    if stage == "robustness":
        return [f"{arguments[-1]}/cases.parquet"]
    if stage == "split":
        return [f"{arguments[-1]}/train.parquet", f"{arguments[-1]}/test.parquet"]
    if stage == "report":
        return [arguments[-1], f"{arguments[-2]}/robustness_rates.csv"]
    if stage == "predict":
        return [arguments[-1]]
    return [f"{arguments[-1]}/x"]


def content(path: Path) -> str:
    """Return text of the file's kind, with a number that is new every time."""
    number = uuid.uuid4().int % 10**9 / 10**7  # no two alike, or DVC takes a stage from its cache
    if path.suffix == ".csv":
        columns = {
            "per_relation": "relation,f1",
            "slices": "value,micro_f1",
            "confusions": "actual,predicted,rows",
            "reliability": "confidence,accuracy",
            "risk_coverage": "coverage,micro_f1",
            "curves": "step,value,line,variant",
        }
        header = columns.get(path.parent.name, "guid,confidence")
        if path.parent.name == "confusions":
            return f"{header}\nper:title,per:title,{number}\n"
        if path.parent.name == "curves":
            return f"{header}\n1,{number},a,a\n"
        return f"{header}\nper:title,{number}\nx{number},{number}\n"
    if path.suffix == ".tsv":
        return f"step\t{path.stem}\n1\t{number}\n"
    return json.dumps({"ensemble": {"validation": {"micro_f1": number}}}) + "\n"


def remove_strays() -> None:
    """Remove what variants have left that are no more, as the stages do that read all variants."""
    import yaml

    variants = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["variants"]
    for folder in ("data/predictions", "metrics/train", "metrics/robustness"):
        for path in Path(folder).glob("*"):
            if path.stem not in variants:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    if sys.argv[1] in ("stages.ensemble", "stages.evaluate", "stages.report"):
        remove_strays()
    for name in outputs(sys.argv[1].removeprefix("stages."), sys.argv[2:]):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(path))
