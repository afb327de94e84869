"""Robustness: sentences changed so that they still say the same, and what is predicted then."""

# registered where they are defined
from gwangye.evaluation.robustness import perturbations
from gwangye.evaluation.robustness.base import PERTURBATIONS, RobustnessOptions

__all__ = ["PERTURBATIONS", "RobustnessOptions", "perturbations"]
