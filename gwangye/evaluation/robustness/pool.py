"""Names that may stand in another name's place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from gwangye.evaluation.robustness.agreement import entities_by_role
from gwangye.examples import Example, fold_numbers
from gwangye.inputs.markers.marking import Role

Folds = frozenset[int]


def validating_folds(frame: pd.DataFrame, folds: Sequence[int]) -> list[Folds]:
    """Return, for each row, those of the folds that validate it."""
    return [frozenset(row) & frozenset(folds) for row in fold_numbers(frame).tolist()]


class NamePool:
    """The names of the labelled rows, drawn so that the model which judges a row knows them.

    Args:
        frame: Canonical table of the labelled rows with their folds.
        folds: The folds that were trained.
        names: "type": a name of the same type that training has in the same role; "relation":
            of these, one of a row with the same relation.
    """

    def __init__(
        self, frame: pd.DataFrame, folds: Sequence[int], names: Literal["relation", "type"]
    ) -> None:
        self._by_relation = names == "relation"
        self._folds = validating_folds(frame, folds)
        self._row = {guid: i for i, guid in enumerate(frame["guid"])}
        self._words: dict[Role, list[str]] = {}
        self._alike: dict[tuple[object, ...], list[int]] = {}
        roles: tuple[Role, Role] = ("subject", "object")
        for role in roles:
            self._words[role] = frame[f"{role}_word"].tolist()
            types, labels = frame[f"{role}_type"].tolist(), frame["label"].tolist()
            for i, (type_, label) in enumerate(zip(types, labels, strict=True)):
                self._alike.setdefault(self._key(role, type_, label), []).append(i)

    def other(self, example: Example, role: Role, rng: np.random.Generator) -> str | None:
        """Return another name for one of a row's entities, or None where there is none.

        The more rows have it, the more often a name is drawn. Neither of the row's own names is,
        nor one that stands only in rows which the row's own model was not trained on.

        Args:
            example: One of the labelled rows.
            role: Whose name.
            rng: The row's generator.
        """
        entities = entities_by_role(example)
        own_words = {entity.word for entity in entities.values()}
        own_folds = self._folds[self._row[example.guid]]
        alike = self._alike[self._key(role, entities[role].type, example.label)]
        words = self._words[role]
        drawn = rng.permutation(len(alike))
        return next(
            (
                words[i]
                for i in (alike[k] for k in drawn)
                if words[i] not in own_words and not own_folds & self._folds[i]
            ),
            None,
        )

    def _key(self, role: Role, type_: str, label: str | None) -> tuple[object, ...]:
        return (role, type_, label) if self._by_relation else (role, type_)
