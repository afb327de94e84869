"""A run of six validation rows and two test rows, by hand; no stage was needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gwangye.evaluation.changes import read_cases
from gwangye.evaluation.robustness.measuring import CASES
from gwangye.examples import Dataset, Task
from gwangye.prediction.tables import prediction_table, predictions_file, write_predictions
from gwangye.report.collect import collect
from gwangye.report.page import render

LABELS = ["no_relation", "org:members", "per:title"]
EVIL = "<b>홍길동</b> & </script><img src=x onerror=\"document.title='taken'\"><!-- 작가"
TRAINED = {"facts": [("encoder", "tiny")], "columns": ["variant"], "variants": [["a"], ["b"]]}

# guid, sentence, subject, object, label
VALIDATION = [
    ("v1", "이순신은 조선의 장군이다.", (0, 3, "PER"), (9, 11, "POH"), "per:title"),
    ("v2", EVIL, (3, 6, "PER"), (71, 73, "POH"), "per:title"),
    ("v3", "😀 김구는 임시정부의 주석이다.", (2, 4, "PER"), (12, 14, "POH"), "per:title"),
    ("v4", "서울은 한국의 수도이다.", (0, 2, "LOC"), (4, 6, "LOC"), "no_relation"),
    ("v5", "서울시청 앞은 붐빈다.", (0, 4, "ORG"), (0, 2, "LOC"), "org:members"),
    ("v6", "어제는 비가 왔다.", (0, 2, "DAT"), (4, 5, "POH"), "no_relation"),
]
TEST = [
    ("t1", "세종은 왕이다.", (0, 2, "PER"), (4, 5, "POH"), "per:title"),
    ("t2", "부산은 항구이다.", (0, 2, "LOC"), (4, 6, "POH"), "no_relation"),
]
# of the three relations; v2 and v3 are wrong for the ensemble, v4 too
ENSEMBLE = [
    [0.1, 0.1, 0.8],
    [0.7, 0.1, 0.2],
    [0.2, 0.5, 0.3],
    [0.3, 0.1, 0.6],
    [0.05, 0.9, 0.05],
    [0.5, 0.3, 0.2],
]
SECOND = [[0.6, 0.1, 0.3], *ENSEMBLE[1:]]
OF_TEST = [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]

SCORES = "model,column,pairs,metric,value,low,high,rows,effective_rows,note\n"
TABLES = {
    "per_relation/{}.csv": "relation,precision,recall,f1,auprc,support,f1_low,f1_high,auprc_low,"
    "auprc_high\nno_relation,50,50,50,60,2,40,60,50,70\norg:members,50,100,66.67,80,1,30,90,60,95\n"
    "per:title,50,33.33,40,70,3,20,60,55,85\n",
    "slices/{}.csv": "slice,value,rows,share,micro_f1,micro_f1_low,micro_f1_high,accuracy,"
    "relation_for_none,none_for_relation,wrong_relation\n"
    "type_pair,PER-POH,3,50,40,20,60,33.33,0,1,1\norder,subject first,5,83.33,50,30,70,50,1,1,1\n",
    "reliability/{}.csv": "lower,upper,rows,share,confidence,accuracy\n0,50,0,0,,\n"
    "50,100,6,100,66.67,50\n",
    "risk_coverage/{}.csv": "coverage,rows,threshold,micro_f1,accuracy\n50,3,0.7,80,66.67\n"
    "100,6,0.5,50,50\n",
}
# a prediction that changes with the particles
CHANGED = ("particles", "per:title", "per:title", "no_relation", 0.8, 0.6)
NOISE = (
    "guid,label,suggested,quality,probability_of_label,probability_of_suggested,subject,object,"
    "sentence\n"
)


def frame(rows: Sequence[tuple[Any, ...]], *, labelled: bool = True) -> pd.DataFrame:
    """The canonical table of rows as they stand above."""
    values = []
    for guid, sentence, (a, b, subject_type), (c, d, object_type), label in rows:
        subject, object_ = sentence[a:b], sentence[c:d]
        spans = (subject, a, b, subject_type, object_, c, d, object_type)
        values.append((guid, sentence, *spans, label if labelled else None, "news"))
    columns = ["guid", "sentence"]
    columns += [f"{r}_{n}" for r in ("subject", "object") for n in ("word", "start", "end", "type")]
    return pd.DataFrame(values, columns=[*columns, "label", "source"])


class Run:
    """A folder with everything that the report reads."""

    def __init__(self, folder: Path, *, test_labels: bool = True) -> None:
        self.data = folder / "data"
        self.split = self.data / "split"
        self.metrics = folder / "metrics"
        self.task = Task(LABELS, "no_relation", ["PER", "ORG", "LOC", "DAT", "POH", "NOH"])
        train = frame(VALIDATION)
        train["fold"] = 0
        self.dataset = Dataset(train, frame(TEST, labelled=test_labels), self.task)
        self.split.mkdir(parents=True)
        self.dataset.write(self.split)
        for name, values in (("ensemble", ENSEMBLE), ("a", ENSEMBLE), ("b", SECOND)):
            self.predict(name, values)
        columns = {"validation": 6, "test": 2} if test_labels else {"validation": 6}
        lines = [
            f"{model},{column},all,{score},{rows},{rows},\n"
            for model in ("ensemble", "a", "b")
            for column, rows in columns.items()
            for score in ("micro_f1,50,40,60", "auprc,45,,")
        ]
        self.write("scores.csv", SCORES + "".join(lines))

    def predict(self, model: str, validation: Sequence[Sequence[float]]) -> None:
        """Write a model's predictions."""
        tables = [
            prediction_table(
                [row[0] for row in rows], part, np.array(values, dtype=np.float64), LABELS
            )
            for part, rows, values in (
                ("validation", VALIDATION, validation),
                ("test", TEST, OF_TEST),
            )
        ]
        write_predictions(pd.concat(tables), predictions_file(self.data, model))

    def write(self, path: str, text: str) -> None:
        """Write a table below the metrics."""
        file = self.metrics / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def write_tables(self) -> None:
        """Write all tables that the report shows."""
        for path, text in TABLES.items():
            for model in ("ensemble", "a", "b"):
                for part in ("validation", "test"):
                    self.write("tables/" + path.format(f"{model}_{part}"), text)
        row = ("이순신", "장군", "이순신은 조선의 장군이다.")
        words = ",".join(row)
        self.write(
            "tables/label_noise.csv", f"{NOISE}v1,per:title,no_relation,0.12,0.1,0.6,{words}\n"
        )
        self.write(
            "tables/disagreements/validation.csv",
            "guid,actual,ensemble,a,b,divergence,subject,object,sentence\n"
            f"v1,per:title,per:title,per:title,no_relation,0.31,{words}\n",
        )
        for variant in ("a", "b"):
            cases = [
                ("v1", *CHANGED, "😀 이순신이 조선의 장군이다.", 2, 5, 11, 13),
                ("v4", "particles", *["no_relation"] * 3, 0.9, 0.8, "서울은 한국", 0, 2, 4, 6),
            ]
            path = self.metrics / "robustness" / variant / "cases.parquet"
            path.parent.mkdir(parents=True)
            pd.DataFrame(cases, columns=list(CASES)).to_parquet(path)
        for name in ("loss", "micro_f1"):
            lines = '10,2.5,a,a\n20,1.25,a,a\n10,3,"b, fold 2",b\n'
            self.write(f"tables/curves/{name}.csv", f"step,value,line,variant\n{lines}")
        self.write("tables/curves/auprc.csv", "step,value,line,variant\n")

    def content(self, **options: Any) -> dict[str, Any]:
        """What the page of this run shows."""
        given = {
            "trained": TRAINED,
            "cases": read_cases(self.metrics / "robustness", ["a", "b"]),
            "num_changed": 200,
        }
        return collect(self.data, self.metrics, ["a", "b"], **{**given, **options})

    def page(self) -> str:
        """The report of this run."""
        return render(self.content())

    def write_page(self) -> Path:
        """Write the report of this run beside its metrics."""
        path = self.metrics / "report.html"
        path.write_text(self.page(), encoding="utf-8")
        return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with all tables."""
    run = Run(tmp_path)
    run.write_tables()
    return run


@pytest.fixture
def bare_run(tmp_path: Path) -> Run:
    """A run whose test rows have no labels, and of which only predictions and scores exist."""
    return Run(tmp_path, test_labels=False)
