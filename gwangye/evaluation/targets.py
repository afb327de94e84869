"""What the scores should hold for: the distribution of the text that the model will meet.

The target is described by the test file, which may be unlabelled: its mix of entity types is
counted; its label distribution is given, counted, or estimated from predictions. Validation rows
are then weighted so that they follow it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from gwangye.errors import DataError, ParameterError, did_you_mean
from gwangye.evaluation.seen import seen_entities
from gwangye.evaluation.shift.known_shares import ROUNDING, check_known
from gwangye.evaluation.shift.label_shares import ShareEstimate
from gwangye.evaluation.shift.label_shift import bbse_shares, em_shares
from gwangye.evaluation.shift.labelling import shares_from_sheet
from gwangye.evaluation.shift.reweighting import Margin, Raking, rake
from gwangye.examples import Dataset
from gwangye.files import read_json
from gwangye.options import Section

ESTIMATORS = {"em": "em", "bbse": "bbse_soft"}
"""What `target.labels` may say, and the estimate that is taken."""
UNKNOWN = "(unknown)"


class TargetOptions(Section):
    """What the re-weighted scores should hold for.

    Example:
        target: {labels: bbse, match: [type_pair]}

    References:
        Raking: Deming & Stephan 1940; see gwangye.evaluation.shift for the estimators
    """

    labels: str | None = Field(
        "test",
        description="label distribution: of the test file's labels (test), estimated (em, bbse), "
        "a JSON file {relation: share}, a filled labelling sheet (.csv), or null",
    )
    known: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {},
        description="shares of relations (0 to 1) that are known from elsewhere; an estimate, a "
        "sheet or a file says how the others share the rest",
    )
    match: list[Literal["type_pair", "source", "known_entities"]] = Field(
        ["type_pair"],
        description="what else is counted in the test file and matched: types of subject and "
        "object, the source, which of the two entities training has seen",
    )
    resamples: int = Field(200, ge=1, description="bootstrap resamples of the estimates")
    sheet_rows: int = Field(200, ge=1, description="test rows in the labelling sheet")

    @property
    def labels_file(self) -> Path | None:
        """The file that gives the label distribution, if one does."""
        named = self.labels not in (None, "test", *ESTIMATORS)
        return Path(str(self.labels)) if named else None


@dataclass(frozen=True)
class Target:
    """The distribution that scores should hold for.

    Args:
        labels: Share of each relation (0 to 1), or None where it is not matched.
        method: Where ``labels`` come from, in words.
        margins: By name ("type_pair", "source", "known_entities"), rows of each category in the
            test file.
    """

    labels: Mapping[str, float] | None
    method: str
    margins: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, path: Path) -> Target:
        """Read what :meth:`to_dict` gave, from JSON.

        Raises:
            DataError: The file is missing or damaged.
        """
        values = read_json(path, "Run `dvc repro target`.")
        return cls(values["labels"], values["method"], values["margins"])

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        margins = {name: dict(counts) for name, counts in self.margins.items()}
        labels = None if self.labels is None else dict(self.labels)
        return {"method": self.method, "labels": labels, "margins": margins}

    def weigh(self, frame: pd.DataFrame, dataset: Dataset) -> Raking | None:
        """Weigh validation rows so that they follow the target.

        Args:
            frame: Canonical table of labelled rows, with their folds.
            dataset: The split that they are of.

        Returns:
            The weights, or None where the target says nothing.

        Raises:
            DataError: No row has a category of the target in every margin.
        """
        margins = [
            Margin(name, categories(frame, name, "validation", dataset), counts)
            for name, counts in self.margins.items()
        ]
        if self.labels is not None:
            margins.append(Margin("label", frame["label"].tolist(), self.labels))
        return rake(margins) if margins and len(frame) else None


def categories(frame: pd.DataFrame, name: str, part: str, dataset: Dataset) -> list[str]:
    """Return the (rows,) categories of a margin.

    "type_pair": "PER-ORG" for subject and object; "source"; "known_entities": which of the two
    training has seen (:func:`gwangye.evaluation.seen.seen_entities`).
    """
    if name == "type_pair":
        return (frame["subject_type"] + "-" + frame["object_type"]).tolist()
    if name == "source":
        return frame["source"].fillna(UNKNOWN).tolist()
    return seen_entities(frame, part, dataset)


def estimate_labels(
    table: pd.DataFrame,
    dataset: Dataset,
    *,
    resamples: int,
    seed: int,
    known: Mapping[str, float] | None = None,
) -> dict[str, ShareEstimate]:
    """Estimate the label distribution of the test rows from predictions, each method its own way.

    Args:
        table: Prediction table of validation and test rows.
        dataset: The split with the validation labels.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
        known: Shares (0 to 1) that are known from elsewhere.

    Returns:
        By method: "em", "bbse_soft" and "bbse_hard"; nothing where there are no test rows or no
        validation rows.

    Raises:
        ParameterError: ``known`` names no relation of the task, or its shares cannot be.
    """
    labels = list(dataset.task.labels)
    validation, test = (table[table["part"] == part] for part in ("validation", "test"))
    labelled = dataset.labelled("validation").set_index("guid")
    if validation.empty or test.empty:
        return {}
    true = dataset.task.label_ids(labelled.loc[validation["guid"]])
    ours, theirs = (rows[labels].to_numpy(dtype=np.float64) for rows in (validation, test))
    counts = np.bincount(dataset.task.label_ids(labelled), minlength=len(labels))
    options: dict[str, Any] = {"resamples": resamples, "seed": seed, "known": known}
    try:
        return {
            "em": em_shares(theirs, counts, labels, **options),
            "bbse_soft": bbse_shares(ours, true, theirs, labels, soft=True, **options),
            "bbse_hard": bbse_shares(ours, true, theirs, labels, soft=False, **options),
        }
    except ParameterError as error:
        raise ParameterError(f"target.{error}") from error


def describe_target(
    options: TargetOptions, dataset: Dataset, estimates: Mapping[str, ShareEstimate]
) -> Target:
    """Return the target that the options describe.

    A test file without labels has no label distribution of its own (``labels: test``): then only
    ``match`` counts. Without a test file, only a given label distribution does.

    Args:
        options: The ``target`` section.
        dataset: The split.
        estimates: From :func:`estimate_labels`.

    Raises:
        DataError, ParameterError: The file of the label distribution is missing or names a
            relation that does not exist.
    """
    margins: dict[str, Mapping[str, int]] = {
        name: dict(Counter(categories(dataset.test, name, "test", dataset)).most_common())
        for name in options.match
        if len(dataset.test)
    }
    labels, method = _labels(options, dataset, estimates)
    return Target(labels, method, margins)


def _labels(
    options: TargetOptions, dataset: Dataset, estimates: Mapping[str, ShareEstimate]
) -> tuple[dict[str, float] | None, str]:
    choice, relations = options.labels, dataset.task.labels
    if choice is None:
        return None, "not matched"
    if choice == "test":
        counts = Counter(dataset.labelled("test")["label"])
        if not counts:
            return None, "not matched: the test file has no labels"
        shares = {label: count / counts.total() for label, count in counts.most_common()}
        return shares, "labels of the test file"
    kept = f"; {len(options.known)} shares known" if options.known else ""
    if choice in ESTIMATORS:
        if not estimates:
            raise ParameterError(
                f"target.labels: {choice} needs predicted validation and test rows. Use a file."
            )
        found = estimates[ESTIMATORS[choice]].target  # has the known shares already
        return found, f"estimated by {choice}{kept}"
    given = read_label_shares(Path(choice), relations)
    return with_known(given, options.known, relations), f"given by {choice}{kept}"


def with_known(
    shares: Mapping[str, float], known: Mapping[str, float], relations: Sequence[str]
) -> dict[str, float]:
    """Put known shares (0 to 1) in the place of given ones; the others share what they leave.

    Raises:
        ParameterError: A known share is none or of no relation, or nothing is given to share the
            rest.
    """
    try:
        check_known(known, relations)
    except ParameterError as error:
        raise ParameterError(f"target.{error}") from error
    left = max(0.0, 1 - sum(known.values()))
    others = {label: share for label, share in shares.items() if label not in known}
    total = sum(others.values())
    if left > ROUNDING and total == 0:
        raise ParameterError(
            f"target.known: the shares sum to {1 - left:.4g}, and no other relation is given that "
            "could have the rest."
        )
    scale = left / total if total else 0.0
    return {**known, **{label: share * scale for label, share in others.items()}}


def read_label_shares(path: Path, relations: Sequence[str]) -> dict[str, float]:
    """Read a label distribution: JSON ``{relation: share or count}``, or a filled labelling sheet.

    Raises:
        DataError: The file is missing or cannot be read, names a relation that does not exist, or
            holds no positive number.
    """
    if not path.is_file():
        raise DataError(
            f"target.labels: {path} does not exist. Allowed: test, em, bbse, null, a JSON file "
            "{relation: share}, or a filled labelling sheet (.csv)."
        )
    if path.suffix == ".csv":
        sheet = pd.read_csv(path, dtype=str)
        if "label" not in sheet.columns:
            raise DataError(f"{path}: a labelling sheet has a column 'label'.")
        return shares_from_sheet(sheet["label"].tolist(), relations).target
    values = read_json(path, "target.labels wants {relation: share}.")
    try:
        shares = {str(label): float(share) for label, share in values.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path}: not JSON of the form {{relation: share}}: {error}") from error
    for label in shares:
        if label not in relations:
            raise DataError(
                f"{path}: there is no relation '{label}'. {did_you_mean(label, relations)}"
            )
    if not all(np.isfinite(v) and v >= 0 for v in shares.values()) or not sum(shares.values()):
        raise DataError(f"{path}: shares must be finite, at least 0 and not all 0.")
    total = sum(shares.values())
    return {label: share / total for label, share in shares.items()}
