"""Splitting: which rows are trained on, which validate, and what the two share."""

from gwangye.splitting.leaks import leaks
from gwangye.splitting.report import data_report
from gwangye.splitting.sampling import sample_rows
from gwangye.splitting.similarity import near_duplicates
from gwangye.splitting.strategies import STRATEGIES, SplitStrategy

__all__ = ["STRATEGIES", "SplitStrategy", "data_report", "leaks", "near_duplicates", "sample_rows"]
