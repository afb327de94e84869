"""The command line, as people call it, in their own process's stead."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from gwangye import cli
from gwangye.errors import DataError, ParameterError
from gwangye.examples import Dataset, Task, make_frame
from gwangye.files import write_json
from gwangye.model.relation_model import new_model, save_model
from gwangye.prediction.tables import prediction_table, write_predictions
from tests.tiny import write_tiny_encoder

SENTENCE = "한서연은 누리전자 대표다"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model folder with random weights."""
    import torch
    from transformers import AutoTokenizer

    from gwangye.inputs.markers.input_form import InputForm
    from gwangye.inputs.tokens.tokenising import prepare_tokenizer

    folder = tmp_path_factory.mktemp("model")
    encoder = write_tiny_encoder(folder / "encoder")
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    form = InputForm.from_params({"name": "typed_entity_marker_punct"}, "x")
    task = Task(["no_relation", "per:title", "per:employee_of"], "no_relation", ["PER", "ORG"])
    prepare_tokenizer(tokenizer, form, task.entity_types)
    torch.manual_seed(0)
    built = new_model(encoder, tokenizer, head={"name": "entity_start"}, form=form, task=task)
    save_model(built, tokenizer, folder / "trained")
    return str(folder / "trained")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [
        {"guid": "a", "sentence": SENTENCE, "subject_word": "한서연", "subject_type": "PER",
         "object_word": "누리전자", "object_type": "ORG"},
        {"guid": "b", "sentence": "누리전자, 한서연 영입", "subject_word": "누리전자",
         "subject_type": "ORG", "object_word": "한서연", "object_type": "PER"},
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


def run(*arguments: object, fails: bool = False) -> Result:
    result = CliRunner().invoke(cli.typer_app, [str(argument) for argument in arguments])
    if not fails:
        assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result


def test_predict_a_file(model: str, file: Path, tmp_path: Path) -> None:
    run("predict", file, "-m", model, "-o", tmp_path / "out.csv", "--probabilities")
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["guid"].tolist() == ["a", "b"]
    names = ["no_relation", "per:title", "per:employee_of"]
    assert list(table.columns) == ["guid", "relation", "probability", *names]
    assert table[names].sum(axis=1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    best = table[names].idxmax(axis=1)
    assert table["relation"].tolist() == best.tolist()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_top_k_in_every_format(model: str, file: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / "deep" / f"out.{suffix}"
    run("predict", file, "-m", model, "-o", out, "--top-k", 2)
    read = {
        "csv": pd.read_csv,
        "jsonl": lambda path: pd.read_json(path, lines=True),
        "parquet": pd.read_parquet,
    }[suffix]
    columns = ["guid", "relation_1", "probability_1", "relation_2", "probability_2"]
    assert list(read(out).columns) == columns


def test_without_out_rows_are_printed(model: str, file: Path) -> None:
    lines = [line for line in run("predict", file, "-m", model).stdout.splitlines() if "{" in line]
    assert [json.loads(line)["guid"] for line in lines] == ["a", "b"]


def test_predict_a_sentence(model: str) -> None:
    output = run(
        "predict", "-m", model, "--sentence", SENTENCE, "--subject", "한서연", "--object",
        "누리전자", "--object-type", "ORG", "--top-k", 3,
    ).stdout  # fmt: skip
    lines = output.strip().splitlines()[-3:]
    probabilities = [float(line.split()[0]) for line in lines]
    assert {line.split()[1] for line in lines} == {"no_relation", "per:title", "per:employee_of"}
    assert probabilities == sorted(probabilities, reverse=True)


def test_offsets_and_words_give_the_same(model: str, file: Path) -> None:
    common = ["predict", "-m", model, "--sentence", SENTENCE, "--object-type", "ORG"]
    words = run(*common, "--subject", "한서연", "--object", "누리전자").stdout
    offsets = run(*common, "--subject", "0:3", "--object", "5:9").stdout
    assert words.splitlines()[-1] == offsets.splitlines()[-1]
    listed = [line for line in run("predict", file, "-m", model).stdout.splitlines() if "{" in line]
    assert json.loads(listed[0])["relation"] == words.split()[-1]


FAULTS = [
    (["predict"], ParameterError, "Name either a FILE or a --sentence"),
    (["predict", "x.csv", "--sentence", "x"], ParameterError, "Name either a FILE or a --sentence"),
    (["predict", "x.csv"], ParameterError, "Name at least one trained model: -m models/<variant>"),
    (["predict", "x.csv", "-m", "M", "-o", "x.xlsx"], ParameterError, "the suffix must be one of"),
    (["predict", "-m", "M", "--sentence", "x"], ParameterError, "--sentence needs --subject and"),
    (["predict", "-m", "M", "--sentence", "가나 가나", "--subject", "가나", "--object", "나 가"],
     DataError, "--subject: '가나' is ambiguous: occurs 2 times .* Offsets are written start:end"),
    (["predict", "-m", "M", "--sentence", "가나", "--subject", "가", "--object", "다"],
     DataError, "--object: '다' does not occur in the sentence"),
    (["predict", "-m", "M", "--sentence", "가나", "--subject", "가", "--object", "1:9"],
     ParameterError, "--object 1:9: not inside the sentence, which has 2 characters"),
    (["predict", "-m", "M", "--sentence", "가나", "--subject", "가나", "--object", "나"],
     ParameterError, "Subject '가나' and object '나' overlap"),
    (["predict", "-m", "M", "--sentence", "가나", "--subject", "가", "--object", "나",
      "--object-type", "ORGG"],
     ParameterError, "--object-type 'ORGG' is unknown to the model. Did you mean 'ORG'"),
    (["data", "check", "x.csv", "--column", "sentence"], ParameterError, "write canonical=yours"),
    (["scores", "no.csv"], DataError, "no.csv does not exist. Run `dvc repro` first"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), FAULTS)
def test_faults(model: str, arguments: list[str], error: type[Exception], message: str) -> None:
    result = run(*(model if a == "M" else a for a in arguments), fails=True)
    assert result.exception is not None
    with pytest.raises(error, match=message):
        raise result.exception


def test_fault_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gwangye", "scores", "no.csv"])
    with pytest.raises(SystemExit) as caught:
        cli.app()
    assert caught.value.code == "ERROR: no.csv does not exist. Run `dvc repro` first."


def test_check_prints_what_is_in_a_file(file: Path) -> None:
    output = run("data", "check", file).stdout
    assert "rows: 2" in output


def test_check_with_other_column_names_as_json(file: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "mine.csv"
    pd.read_csv(file).rename(columns={"sentence": "text"}).to_csv(renamed, index=False)
    output = run("data", "check", renamed, "--column", "sentence=text", "--json").stdout
    assert json.loads(output)["rows"] == 2


def test_check_lists_rejected_rows_and_fails(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("한서연,PER", "한서윤,PER", 1), encoding="utf-8")
    result = run("data", "check", file, fails=True)
    assert result.exit_code == 1
    assert "rejected: row 1, guid a: " in result.output
    assert "'한서윤' does not occur in the sentence" in result.output


def test_klue_from_a_folder(tmp_path: Path, file: Path) -> None:
    entity = {"word": "한서연", "start_idx": 0, "end_idx": 2, "type": "PER"}
    other = {"word": "누리전자", "start_idx": 5, "end_idx": 8, "type": "ORG"}
    row = {"guid": "a", "sentence": SENTENCE, "subject_entity": entity, "object_entity": other,
           "label": "per:employee_of", "source": "wikipedia"}  # fmt: skip
    (tmp_path / "source").mkdir()
    for name in ("klue-re-v1.1_train.json", "klue-re-v1.1_dev.json"):
        (tmp_path / "source" / name).write_text(json.dumps([row]), encoding="utf-8")
    output = run("data", "klue", "--source", tmp_path / "source", "--target", tmp_path / "t").stdout
    assert (tmp_path / "t" / "klue-re-v1.1_dev.json").is_file()
    assert "dvc exp run -S data.train=" in output


SCORES = """\
model,column,pairs,metric,value,low,high,rows,effective_rows,note
ensemble,validation,all,micro_f1,12.346,9.04,15.0,192,192,
ensemble,validation,all,auprc,6.0,5.0,7.0,192,192,
ensemble,validation,all,accuracy,50.0,,,192,192,
ensemble,validation,unseen,micro_f1,11.0,9.0,15.0,100,100,
ensemble,validation_reweighted,all,micro_f1,10.0,,,192,79.6,margins do not fit
bilstm,validation,all,micro_f1,12.3,9.0,15.0,192,192,
bilstm,validation,all,auprc,6.5,5.0,7.0,192,192,
"""


def cells(output: str) -> list[list[str]]:
    lines = [re.split("[│┃]", line)[1:-1] for line in output.splitlines()]
    return [[cell.strip() for cell in line] for line in lines if line]


def test_scores(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text(SCORES, encoding="utf-8")
    output = run("scores", tmp_path / "scores.csv").stdout
    assert output.endswith("\nre-weighted: margins do not fit\n")
    assert cells(output) == [
        # nothing has a test score: no such column; no accuracy, no unseen pairs
        ["model", "metric", "validation", "re-weighted"],
        ["ensemble", "micro-F1", "12.3 (9.0–15.0)", "10.0"],
        ["ensemble", "AUPRC", "6.0 (5.0–7.0)", ""],
        ["bilstm", "micro-F1", "12.3 (9.0–15.0)", ""],
        ["bilstm", "AUPRC", "6.5 (5.0–7.0)", ""],
    ]


def test_scores_of_a_table_without_rows(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text(SCORES.splitlines()[0], encoding="utf-8")
    assert cells(run("scores", tmp_path / "scores.csv").stdout) == [["model", "metric"]]


def test_scores_are_shown_with_a_warning_where_their_age_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project without DVC's folder: the table comes all the same, with its data files."""
    split = "{params: {params.yaml: {data: {train: a.json, test: b.json}}}}"
    files = {
        "dvc.yaml": "stages: {}\n", "dvc.lock": f"stages: {{split: {split}}}\n",
        "metrics/scores.csv": SCORES,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    result = run("scores")

    assert result.stderr.startswith("WARNING: these scores may be older than the project")
    assert len(cells(result.stdout)) == 5
    assert result.stdout.endswith("\nPercent. Data: a.json, b.json\n")


def test_predict_abstains_below_a_confidence(model: str, file: Path, tmp_path: Path) -> None:
    run("predict", file, "-m", model, "-o", tmp_path / "all.csv")
    confidences = pd.read_csv(tmp_path / "all.csv")["probability"]
    least = float(confidences.mean())  # between the two rows'
    run("predict", file, "-m", model, "-o", tmp_path / "some.csv", "--min-confidence", least)
    some = pd.read_csv(tmp_path / "some.csv")
    assert some["relation"].isna().tolist() == (confidences < least).tolist()
    assert some["probability"].tolist() == confidences.tolist()
    sentence = ["predict", "-m", model, "--sentence", SENTENCE, "--subject", "0:3", "--object",
                "5:9", "--object-type", "ORG"]  # fmt: skip
    output = run(*sentence, "--min-confidence", 1).stdout
    assert output.splitlines()[-1].endswith("(abstained: below 1)")


@pytest.fixture
def predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a split and three models' predictions of 60 validation rows."""
    rows = 60
    train = make_frame(
        {
            "guid": [f"v{i}" for i in range(rows)],
            "sentence": [f"가 나 {i}" for i in range(rows)],
            **{
                f"{role}_word": [word] * rows
                for role, word in (("subject", "가"), ("object", "나"))
            },
            **{f"{role}_start": [at] * rows for role, at in (("subject", 0), ("object", 2))},
            **{f"{role}_end": [at] * rows for role, at in (("subject", 1), ("object", 3))},
            **{f"{role}_type": ["PER"] * rows for role in ("subject", "object")},
            "label": ["per:title"] * 30 + ["no_relation"] * 30,
            "source": [None] * rows,
            "fold": [0] * rows,
        }
    )
    task = Task(["no_relation", "per:title"], "no_relation", ["PER"])
    Dataset(train, train.head(0), task).write(tmp_path / "data/split")
    true = np.array([1] * 30 + [0] * 30)
    # bad: 20 titles right, 10 missed, 20 false ones: 2·20 / (2·20 + 10 + 20)
    for name, right in (("good", 20), ("fair", 19), ("bad", 10)):
        chosen = np.where(np.arange(rows) % 20 < right, true, 1 - true)
        table = prediction_table(
            train["guid"], "validation", 0.1 + 0.8 * np.eye(2)[chosen], task.labels
        )
        write_predictions(table, tmp_path / f"data/predictions/{name}.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_compare_tells_models_apart_or_says_that_it_cannot(predicted: Path) -> None:
    apart = run("compare", "bad", "good", "--resamples", 500).stdout
    assert "good is 42.9 points of micro-F1 above bad (95 % interval" in apart
    same = run("compare", "good", "fair", "--resamples", 500).stdout
    assert "good and fair cannot be told apart: fair minus good is -" in same
    assert "on 60 validation rows" in same
    assert "re-weighted" not in same  # there is no target
    # good has all rows right, fair all but one of each 20
    assert "Of 60 rows, fair mends 0 that good had wrong and breaks 3 that it had right" in same


def test_compare_warns_where_the_age_of_predictions_is_unknown(predicted: Path) -> None:
    (predicted / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    result = run("compare", "bad", "good", "--resamples", 99, "--format", "json")
    assert result.stderr.startswith("WARNING: these predictions may be older than the project")
    assert list(json.loads(result.stdout)) == ["plain", "flips"]  # the warning is not in it


def test_compare_lists_the_rows_that_flipped(predicted: Path) -> None:
    run("compare", "bad", "fair", "--resamples", 99, "--rows", "new/flips.csv")
    table = pd.read_csv(predicted / "new/flips.csv")
    assert list(table)[:7] == [
        "guid", "actual", "a", "a_confidence", "b", "b_confidence", "change",
    ]  # fmt: skip
    # of each 20 rows bad has 10 right, fair the same and 9 more
    assert table["change"].tolist() == ["mended"] * 27
    assert table.iloc[0].tolist() == [
        "v10", "per:title", "no_relation", 0.9, "per:title", 0.9, "mended", "가", "나", "가 나 10",
    ]  # fmt: skip


def test_compare_on_the_target_too(predicted: Path) -> None:
    values = {"method": "given", "labels": {"no_relation": 0.9, "per:title": 0.1}, "margins": {}}
    write_json(values, predicted / "data/target/target.json")
    found = json.loads(run("compare", "bad", "good", "--resamples", 99, "--format", "json").stdout)
    assert list(found) == ["plain", "re-weighted to the target", "flips"]
    assert found["plain"]["effective_rows"] == 60.0
    # 30 rows of weight 1.8, 30 of 0.2: 60² / (30·3.24 + 30·0.04)
    assert found["re-weighted to the target"]["effective_rows"] == 36.6
    markdown = run("compare", "bad", "good", "--resamples", 99, "--format", "markdown").stdout
    assert "### re-weighted to the target" in markdown
    assert "| micro-F1 |" in markdown


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["good", "godo"], DataError, "godo.parquet does not exist. Run `dvc repro`"),
        (["good", "good"], ParameterError, "Both models are called 'good'"),
        (["good", "bad", "--part", "train"], ParameterError, "--part train: allowed are"),
        (["good", "bad", "--part", "test"], DataError, "predict no test row in common"),
        (
            ["good", "bad@main"],
            DataError,
            "bad@main: Revision 'main' cannot be read: .* is not",
        ),
    ],
)
def test_compare_faults(
    predicted: Path, arguments: list[str], error: type[Exception], message: str
) -> None:
    result = run("compare", *arguments, fails=True)
    assert result.exception is not None
    with pytest.raises(error, match=message):
        raise result.exception
