"""Robustness: sentences changed so that they still say the same, and predictions that change."""

from gwangye.robustness.base import (
    PERTURBATIONS,
    Perturbation,
    RobustnessOptions,
    generator_of,
)
from gwangye.robustness.measuring import Robustness, measure_robustness
from gwangye.robustness.names import NamesMasked, ObjectSwap, SubjectSwap
from gwangye.robustness.pool import NamePool
from gwangye.robustness.surface import Aeda, FullStop, Particles
from gwangye.robustness.tables import changed_rates, changed_rows

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
