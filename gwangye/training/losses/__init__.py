"""Losses: how wrong a row's scores are, and how rows are weighed against each other.

Importing this package imports neither torch nor transformers: parameters are checked in every
stage, and only training computes.
"""

from __future__ import annotations

from gwangye.training.losses.base import LOSSES, Loss
from gwangye.training.losses.classic import CrossEntropy, Focal
from gwangye.training.losses.long_tail import LDAM, LogitAdjusted

__all__ = ["LDAM", "LOSSES", "CrossEntropy", "Focal", "LogitAdjusted", "Loss"]
