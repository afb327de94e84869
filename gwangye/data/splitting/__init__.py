"""Splitting: which rows are trained on, which validate, and what the two share."""

from gwangye.data.splitting.leaks import leaks
from gwangye.data.splitting.report import data_report
from gwangye.data.splitting.sampling import sample_rows
from gwangye.data.splitting.similarity import near_duplicates
from gwangye.data.splitting.strategies import STRATEGIES, SplitStrategy

__all__ = ["STRATEGIES", "SplitStrategy", "data_report", "leaks", "near_duplicates", "sample_rows"]
