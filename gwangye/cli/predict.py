"""``gwangye predict``: a file or a sentence → relations with their probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwangye.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from gwangye.examples import Entity, Example
    from gwangye.prediction.predictor import Predictor

WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".jsonl": lambda frame, path: frame.to_json(
        path, orient="records", lines=True, force_ascii=False
    ),
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
}
"""How predictions are written, by the suffix of ``--out``."""


def predict(
    file: Annotated[
        Path | None, typer.Argument(help="File to predict, in any accepted format.")
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option("-m", "--model", help="Trained model; several: their mean. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where to write: .parquet, .csv or .jsonl.")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, help="Relations per row.")] = 1,
    probabilities: Annotated[
        bool, typer.Option(help="Also write the probability of every relation.")
    ] = False,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Abstain below this probability: no relation named.")
    ] = 0.0,
    sentence: Annotated[str | None, typer.Option(help="One sentence instead of a file.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Its subject: the word, or start:end (end exclusive).")
    ] = None,
    object_: Annotated[
        str | None, typer.Option("--object", help="Its object: the word, or start:end.")
    ] = None,
    subject_type: Annotated[str, typer.Option(help="Type of the subject.")] = "PER",
    object_type: Annotated[str, typer.Option(help="Type of the object.")] = "PER",
) -> None:
    """Predict relations for a file, or for one sentence with its two entities."""
    from gwangye.data.spans import nfc
    from gwangye.prediction.predictor import Predictor

    if (file is None) == (sentence is None):
        raise ParameterError("Name either a FILE or a --sentence.")
    if out is not None and out.suffix not in WRITERS:
        raise ParameterError(f"--out {out}: the suffix must be one of {', '.join(WRITERS)}.")
    if not model:
        raise ParameterError("Name at least one trained model: -m models/<variant>.")
    if sentence is not None:
        if subject is None or object_ is None:
            raise ParameterError("--sentence needs --subject and --object.")
        predictor = Predictor(model)
        sentence = nfc(sentence)
        entities = [
            _entity(predictor, sentence, nfc(subject), subject_type, "--subject"),
            _entity(predictor, sentence, nfc(object_), object_type, "--object"),
        ]
        _predict_sentence(predictor, sentence, entities, top_k, min_confidence)
    elif file is not None:
        _predict_file(Predictor(model), file, out, top_k, probabilities, min_confidence)


def _entity(predictor: Predictor, sentence: str, text: str, type_: str, option: str) -> Entity:
    """Find an entity by its word, or by half-open offsets."""
    from gwangye.data.spans import find_span
    from gwangye.errors import did_you_mean
    from gwangye.examples import Entity

    if type_ not in predictor.entity_types:
        hint = did_you_mean(type_, predictor.entity_types)
        raise ParameterError(f"{option}-type '{type_}' is unknown to the model. {hint}")
    start_text, colon, end_text = text.partition(":")
    if colon and start_text.isdigit() and end_text.isdigit() and text not in sentence:
        start, end = int(start_text), int(end_text)
        if not 0 <= start < end <= len(sentence):
            raise ParameterError(
                f"{option} {text}: not inside the sentence, which has {len(sentence)} characters. "
                "Count from 0; the end is exclusive."
            )
    else:
        try:
            start, end = find_span(sentence, text)
        except DataError as error:
            raise DataError(f"{option}: {error}. Offsets are written start:end.") from error
    return Entity(sentence[start:end], start, end, type_)


def _predict_sentence(
    predictor: Predictor,
    sentence: str,
    entities: list[Entity],
    top_k: int,
    min_confidence: float,
) -> None:
    from gwangye.examples import Example

    subject, object_ = entities
    if subject.start < object_.end and object_.start < subject.end:
        raise ParameterError(f"Subject '{subject.word}' and object '{object_.word}' overlap.")
    example = Example("sentence", sentence, subject, object_)
    predictions = predictor.predict([example], top_k=top_k)[0]
    if predictions[0].probability < min_confidence:
        typer.echo(f"{predictions[0].probability:.4f}  (abstained: below {min_confidence:g})")
        return
    for prediction in predictions:
        typer.echo(f"{prediction.probability:.4f}  {prediction.relation}")


def _predict_file(
    predictor: Predictor,
    file: Path,
    out: Path | None,
    top_k: int,
    probabilities: bool,
    min_confidence: float,
) -> None:
    from gwangye.data.reading import read_examples
    from gwangye.examples import to_examples

    result = read_examples(file, entity_types=predictor.entity_types)
    examples = list(to_examples(result.frame))
    rows = _records(predictor, examples, top_k, probabilities, min_confidence)
    if out is None:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
    else:
        import pandas as pd

        out.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[out.suffix](pd.DataFrame(rows), out)
        typer.echo(f"{out}: {len(rows)} rows", err=True)


def _records(
    predictor: Predictor,
    examples: list[Example],
    top_k: int,
    probabilities: bool,
    min_confidence: float,
) -> list[dict[str, object]]:
    """Return one flat record per example: guid, then relation_1, probability_1, and so on.

    Below ``min_confidence`` the relations are None; their probabilities still stand.
    """
    import numpy as np

    table = predictor.probabilities(examples, progress=True)
    records = []
    for example, row in zip(examples, table, strict=True):
        record: dict[str, object] = {"guid": example.guid}
        abstains = row.max() < min_confidence
        for rank, i in enumerate(np.argsort(-row, kind="stable")[:top_k], start=1):
            suffix = "" if top_k == 1 else f"_{rank}"
            record[f"relation{suffix}"] = None if abstains else predictor.labels[i]
            record[f"probability{suffix}"] = round(float(row[i]), 6)
        if probabilities:
            record |= {
                label: round(float(p), 6) for label, p in zip(predictor.labels, row, strict=True)
            }
        records.append(record)
    return records
