"""Splitting: which rows are trained on, which validate, and what the two share."""

from gwangye.data.splitting.strategies import STRATEGIES, SplitStrategy

__all__ = ["STRATEGIES", "SplitStrategy"]
