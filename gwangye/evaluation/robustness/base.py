"""What a perturbation is: a row's sentence written otherwise, its relation kept."""

from __future__ import annotations

import abc
import hashlib
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from gwangye.errors import did_you_mean
from gwangye.examples import Example
from gwangye.options import Piece, Registry, Section

if TYPE_CHECKING:
    from gwangye.evaluation.robustness.pool import NamePool


class Perturbation(Piece, abc.ABC):
    """Base of all perturbations."""

    @abc.abstractmethod
    def apply(self, example: Example, rng: np.random.Generator, names: NamePool) -> Example | None:
        """Return the row changed, or None where there is nothing to change.

        The relation still holds in the result, and ``sentence[start:end] == word`` for both
        entities.

        Args:
            example: A labelled row.
            rng: The row's own generator.
            names: Other names that may stand in a name's place.
        """


PERTURBATIONS: Registry[Perturbation] = Registry("perturbation")


class RobustnessOptions(Section):
    """How many rows are perturbed, in which ways, and what is listed.

    Example:
        robustness: {rows: 500, perturbations: [subject_swap, object_swap]}

    References:
        Invariance tests: Ribeiro et al. 2020, CheckList, arXiv 2005.04118
    """

    rows: int = Field(200, ge=1, description="validation rows at most, drawn by the seed")
    perturbations: Annotated[list[str], Field(min_length=1)] = Field(
        default_factory=lambda: list(PERTURBATIONS), description="which ones; all by default"
    )
    names: Literal["relation", "type"] = Field(
        "relation",
        description="a name is swapped for one that training has in the same role and of the same "
        "type; with `relation`, also in a row of the same relation",
    )
    num_changed: int = Field(
        200, ge=0, description="changed predictions at most that the report lists for a variant"
    )

    @field_validator("perturbations")
    @classmethod
    def _perturbations_exist(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in list(PERTURBATIONS):
                raise ValueError(
                    f"there is no perturbation '{name}'. {did_you_mean(name, PERTURBATIONS)}"
                )
        if len(set(names)) < len(names):
            raise ValueError("name each perturbation once")
        return names


def generator_of(*parts: int | str) -> np.random.Generator:
    """Return a generator that depends on all the parts and on nothing else.

    Example:
        >>> first = generator_of(42, "subject_swap", "klue-re-v1_train_00001")
        >>> again = generator_of(42, "subject_swap", "klue-re-v1_train_00001")
        >>> first.random() == again.random()
        True
    """
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))
