"""Prediction speed, from raw text to probabilities, against the transformers pipeline.

- **this project**: ``Predictor.probabilities`` of examples: entities marked, tokenised, predicted
  in batches of like length under a token budget.
- **transformers pipeline**: ``text-classification`` at batch 32 (truncating at ``max_length``,
  returning every relation's probability) with a plain ``AutoModelForSequenceClassification`` of
  the same encoder's weights. Its texts have their entities marked beforehand, which is not timed.
  Where the processor has bfloat16, once more in it.
- **tokenised rows**: ``predict_probabilities`` of a feature table alone, as the predict stage has
  it.

Both read the same rows in the same order and return (rows, relations) probabilities; loading the
models is not timed. The pipeline's head reads the first token and is not trained, which does not
matter to its speed.

The last note compares this project's probabilities with the same model's in fp32, row by row,
without autocast. Where the processor has no bfloat16 it shows what batching alone changes.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.timing import Prepare, Report, emit, interleave, parser, ratio, spread

if TYPE_CHECKING:
    import numpy as np

    from gwangye.examples import Example
    from gwangye.inputs.features.table import FeatureTable

OURS, PIPELINE, TOKENISED = "this project", "transformers pipeline", "this project, tokenised rows"


def fresh_model(features: Path, encoder: Path, head: dict[str, Any], folder: Path) -> None:
    """Write a model whose head is not trained: as fast as a trained one."""
    from transformers import AutoTokenizer, set_seed

    from gwangye.inputs.features.folder import FeatureFolder
    from gwangye.model.relation_model import new_model, save_model

    source = FeatureFolder.read(features)
    tokenizer = AutoTokenizer.from_pretrained(source.tokenizer)
    set_seed(42)
    model = new_model(encoder, tokenizer, head=head, form=source.form, task=source.task)
    save_model(model, tokenizer, folder)


def some_examples(features: Path, rows: int) -> list[Example]:
    """Return labelled rows, taken evenly."""
    import numpy as np

    from gwangye.inputs.features.folder import FeatureFolder

    source = FeatureFolder.read(features)
    guids = source.table.guids[source.table.parts == "train"]
    return source.examples(guids[np.linspace(0, len(guids) - 1, min(rows, len(guids))).astype(int)])


def pipelines(
    encoder: Path, tokenizer: Any, texts: list[str], labels: int, max_length: int
) -> dict[str, Prepare]:
    """Return runs of the transformers pipeline over texts."""
    import torch
    from transformers import AutoModelForSequenceClassification, pipeline

    from gwangye.model.devices import compute_device, has_fast_bf16

    runs: dict[str, Prepare] = {}
    dtypes = {"": torch.float32} | ({", bf16": torch.bfloat16} if has_fast_bf16() else {})
    for suffix, dtype in dtypes.items():
        model = AutoModelForSequenceClassification.from_pretrained(
            encoder, num_labels=labels, dtype=dtype
        )
        if len(tokenizer) > model.config.vocab_size:
            model.resize_token_embeddings(len(tokenizer))
        classify = pipeline(
            "text-classification",
            model=model.eval(),
            tokenizer=tokenizer,
            device=compute_device(),
            batch_size=32,
            top_k=None,
        )

        def run(classify: Any = classify) -> Any:
            return classify(texts, truncation=True, max_length=max_length)

        runs[PIPELINE + suffix] = lambda run=run: run
    return runs


def difference(model: Any, table: FeatureTable, found: np.ndarray, pad: int) -> dict[str, Any]:
    """Compare probabilities with those of the model in fp32, one row at a time."""
    import numpy as np
    import torch

    from gwangye.inputs.features.batches import Collator
    from gwangye.model.devices import compute_device, has_fast_bf16

    collate = Collator(pad, with_labels=False)
    device = compute_device()
    exact = np.zeros_like(found)
    with torch.inference_mode():
        for i in range(len(table)):
            batch = {k: v.to(device) for k, v in collate([table.row(i)]).items()}
            logits = model(**batch).logits.double() / model.config.softmax_temperature
            exact[i] = logits.softmax(dim=-1).cpu().numpy()[0]
    changed = (exact.argmax(axis=1) != found.argmax(axis=1)).mean()
    return {
        "computed in": "bfloat16" if has_fast_bf16() else "float32",
        "rows": len(table),
        "largest difference of a probability": f"{np.abs(exact - found).max():.2g}",
        "rows with another best relation": f"{100 * changed:.2f} %",
    }


def measure(
    model_folder: Path, encoder: Path, examples: list[Example], repeats: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the speed table's rows and the difference to fp32."""
    from gwangye.inputs.markers.input_form import InputForm
    from gwangye.inputs.tokens.tokenising import tokenise
    from gwangye.model.relation_model import load_model
    from gwangye.prediction.predictor import Predictor
    from gwangye.prediction.probabilities import predict_probabilities

    predictor = Predictor([model_folder])
    model, tokenizer = load_model(model_folder)
    form = InputForm.from_dict(model.config.input_form)
    table = tokenise(examples, tokenizer, form)
    texts = [form.representation.mark(example).text for example in examples]
    pad = tokenizer.pad_token_id
    runs: dict[str, Prepare] = {
        OURS: lambda: lambda: predictor.probabilities(examples),
        **pipelines(encoder, tokenizer, texts, len(model.config.labels), form.max_length),
        TOKENISED: lambda: lambda: predict_probabilities(model, table, pad),
    }
    seconds = interleave(runs, repeats)
    rows = [
        {
            "prediction": name,
            "rows/s": round(len(examples) / statistics.median(seconds[name]), 1),
            "seconds": spread(seconds[name]),
            "this project is faster by": round(ratio(seconds[name], seconds[OURS]), 2),
        }
        for name in runs
    ]
    found = predict_probabilities(model, table, pad)
    return rows, difference(model, table, found, pad)


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument("--model", type=Path, help="a trained model (models/<variant> if it is)")
    options.add_argument("--features", type=Path, default=Path("data/features/typed_punct"))
    options.add_argument("--encoder", type=Path, default=Path("models/encoders/pretrained"))
    options.add_argument("--params", type=Path, default=Path("params.yaml"))
    options.add_argument("--variant", default="entity_start")
    options.add_argument("--rows", type=int, default=600)
    chosen = options.parse_args()

    import torch
    from transformers.utils import logging

    from gwangye.model.folders import model_folders
    from gwangye.params import load_params

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    examples = some_examples(chosen.features, chosen.rows)
    with tempfile.TemporaryDirectory() as folder:
        model = chosen.model or Path("models") / chosen.variant
        trained = model.is_dir()
        if trained:
            model = model_folders(model)[0]
        elif chosen.model:
            raise SystemExit(f"{model} does not exist.")
        else:
            model = Path(folder)
            variant = load_params(chosen.params).variant(chosen.variant)
            head = {"name": variant.head_name, **variant.head.model_dump()}
            fresh_model(chosen.features, chosen.encoder, head, model)
        rows, compared = measure(model, chosen.encoder, examples, chosen.repeats)
    kind = "a trained model" if trained else "a model that is not trained"
    report = Report(
        "Prediction",
        rows,
        [
            f"{len(examples)} rows from text to probabilities, {kind}, {torch.get_num_threads()} "
            f"threads; medians of {chosen.repeats} interleaved rounds. The pipeline's texts are "
            "marked beforehand, and its model has the plain head of transformers.",
            f"Against the same model in fp32, row by row ({compared['rows']} rows): computed in "
            f"{compared['computed in']}, the largest difference of a probability is "
            f"{compared['largest difference of a probability']}, and "
            f"{compared['rows with another best relation']} of the rows have another best "
            f"relation ({kind}).",
        ],
    )
    emit([report], chosen.json)


if __name__ == "__main__":
    main()
