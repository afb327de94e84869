"""Robustness: sentences changed so that they still say the same, and predictions that change."""

from gwangye.evaluation.robustness.base import (
    PERTURBATIONS,
    Perturbation,
    RobustnessOptions,
    generator_of,
)
from gwangye.evaluation.robustness.measuring import Robustness, measure_robustness
from gwangye.evaluation.robustness.names import NamesMasked, ObjectSwap, SubjectSwap
from gwangye.evaluation.robustness.pool import NamePool
from gwangye.evaluation.robustness.surface import Aeda, FullStop, Particles
from gwangye.evaluation.robustness.tables import changed_rates, changed_rows

__all__ = [
    "PERTURBATIONS",
    "Aeda",
    "FullStop",
    "NamePool",
    "NamesMasked",
    "ObjectSwap",
    "Particles",
    "Perturbation",
    "Robustness",
    "RobustnessOptions",
    "SubjectSwap",
    "changed_rates",
    "changed_rows",
    "generator_of",
    "measure_robustness",
]
