"""What may change about the names: others in their place, or the words for their types.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
The particles after a name are made to go with the new one. A row is left out where the entities
overlap, where the name stands a second time (only one of the two would change), and where it is a
number whose unit is not a part of it (2010 in 2010년).
"""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from gwangye.evaluation.robustness.agreement import entities_by_role, particle_after, rename
from gwangye.evaluation.robustness.base import PERTURBATIONS, Perturbation
from gwangye.evaluation.robustness.pool import NamePool
from gwangye.examples import Example
from gwangye.inputs.markers.marking import Role, type_word

_NUMBER_GOES_ON = re.compile(r"\d\w")


class NameSwap(Perturbation):
    """Another name in the place of one entity's."""

    role: ClassVar[Role]

    def apply(self, example: Example, rng: np.random.Generator, names: NamePool) -> Example | None:
        """Return the row with another name, None where none fits."""
        if not _replaceable(example, self.role):
            return None
        other = names.other(example, self.role, rng)
        return None if other is None else rename(example, {self.role: other})


@PERTURBATIONS.register("subject_swap")
class SubjectSwap(NameSwap):
    """The subject gets another name of its type. The fact changes, what the sentence says does not.

    Example:
        온소리단의 조지 해리슨이 곡을 썼다.

    References:
        Wang et al. 2023, ENTRED, arXiv 2305.13551; Ribeiro et al. 2020, arXiv 2005.04118
    """

    role = "subject"


@PERTURBATIONS.register("object_swap")
class ObjectSwap(NameSwap):
    """The object gets another name of its type.

    Example:
        비틀즈의 윤새미가 곡을 썼다.

    References:
        Wang et al. 2023, ENTRED, arXiv 2305.13551; Ribeiro et al. 2020, arXiv 2005.04118
    """

    role = "object"


@PERTURBATIONS.register("names_masked")
class NamesMasked(Perturbation):
    """Both names become the words for their types, so that only the rest of the sentence is left.

    Example:
        단체의 사람이 곡을 썼다.

    References:
        Zhang et al. 2017, Position-aware Attention and Supervised Data Improve Slot Filling
    """

    def apply(self, example: Example, rng: np.random.Generator, names: NamePool) -> Example | None:
        """Return the row without its names."""
        entities = entities_by_role(example)
        if not all(_replaceable(example, role) for role in entities):
            return None
        words = {role: type_word(entity.type, "korean") for role, entity in entities.items()}
        return rename(example, words)


def _replaceable(example: Example, role: Role) -> bool:
    subject, object_ = example.subject_entity, example.object_entity
    apart = subject.end <= object_.start or object_.end <= subject.start
    entity = entities_by_role(example)[role]
    once = example.sentence.count(entity.word) == 1
    goes_on = _NUMBER_GOES_ON.match(example.sentence, entity.end - 1)
    return apart and once and (not goes_on or particle_after(example, entity) is not None)
