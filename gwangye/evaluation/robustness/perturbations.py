"""What may change: the names, the particles after them, and punctuation.

Every docstring shows the same sentence: its subject is 비틀즈 (ORG), its object 조지 해리슨 (PER).
The particles after a name are made to go with the new one. Names stay where the entities overlap,
where the name stands a second time (only one of the two would change), and where it is a number
whose unit is not a part of it (2010 in 2010년).
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
from gwangye.training import augmentation
from gwangye.training.augmentation.base import Edit, rewrite

VARIED = {
    # the topic as the subject and the subject as the topic
    "은": "이", "이": "은", "는": "가", "가": "는",
    # left out, as one may in speech and in headlines
    "을": "", "를": "", "의": "",
    # another word for "and"
    "과": "하고", "와": "하고",
}  # fmt: skip
_WORD_GOES_ON = re.compile(r"\w")
_FULL_STOP = re.compile(r"\.\s*$")
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


@PERTURBATIONS.register("particles")
class Particles(Perturbation):
    """The particle after each entity is another one, or is left out.

    은 and 이, 는 and 가 change places; 을, 를 and 의 are left out; 과 and 와 become 하고. This
    shifts what is stressed, now and then awkwardly, and leaves who does what to whom.

    Example:
        비틀즈 조지 해리슨은 곡을 썼다.

    References:
        None
    """

    def apply(self, example: Example, rng: np.random.Generator, names: NamePool) -> Example | None:
        """Return the row with other particles, None where no such particle follows an entity."""
        edits = []
        for entity in entities_by_role(example).values():
            span = particle_after(example, entity)
            if span is None or _WORD_GOES_ON.match(example.sentence, span[1]):
                continue
            particle = example.sentence[slice(*span)]
            if particle in VARIED:
                edits.append(Edit(*span, VARIED[particle]))
        return rewrite(example, sorted(edits)) if edits else None


@PERTURBATIONS.register("full_stop")
class FullStop(Perturbation):
    """The full stop at the end is dropped.

    Example:
        비틀즈의 조지 해리슨이 곡을 썼다

    References:
        Ribeiro et al. 2020, CheckList, arXiv 2005.04118
    """

    def apply(self, example: Example, rng: np.random.Generator, names: NamePool) -> Example | None:
        """Return the row without its full stop, None where there is none beside an entity."""
        stop = _FULL_STOP.search(example.sentence)
        if stop is None or stop.start() < max(
            entity.end for entity in entities_by_role(example).values()
        ):
            return None
        return rewrite(example, [Edit(*stop.span(), "")])


@PERTURBATIONS.register("aeda")
class Aeda(Perturbation):
    """Punctuation marks are set before words here and there, as the augmentation of that name does.

    Example:
        비틀즈의 조지 해리슨이 ; 곡을 썼다.

    References:
        Karimi et al. 2021, AEDA, arXiv 2108.13230
    """

    def apply(self, example: Example, rng: np.random.Generator, names: NamePool) -> Example | None:
        """Return the row with marks."""
        return augmentation.Aeda(probability=1).apply(example, rng)


def _replaceable(example: Example, role: Role) -> bool:
    subject, object_ = example.subject_entity, example.object_entity
    apart = subject.end <= object_.start or object_.end <= subject.start
    entity = entities_by_role(example)[role]
    once = example.sentence.count(entity.word) == 1
    goes_on = _NUMBER_GOES_ON.match(example.sentence, entity.end - 1)
    return apart and once and (not goes_on or particle_after(example, entity) is not None)
