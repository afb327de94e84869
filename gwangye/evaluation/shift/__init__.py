"""Judging a model on rows that are not distributed like those it will meet: *shift*.

Re-weighting rows to a target, estimating the target's label distribution, and scores with
intervals. Scores are percentages (0 to 100), shares are 0 to 1.
"""

from gwangye.evaluation.shift.label_shares import Agreement, ShareEstimate, compare_estimates
from gwangye.evaluation.shift.label_shift import bbse_shares, em_shares, known_shares
from gwangye.evaluation.shift.labelling import labelling_sheet, shares_from_sheet, wilson
from gwangye.evaluation.shift.resampling import Interval, percentiles, resample_counts
from gwangye.evaluation.shift.reweighting import Margin, Raking, effective_sample_size, rake
from gwangye.evaluation.shift.score_intervals import (
    Replicates,
    ScoreIntervals,
    score_intervals,
    weighted_auprc,
    weighted_micro_f1,
)

__all__ = [
    "Agreement",
    "Interval",
    "Margin",
    "Raking",
    "Replicates",
    "ScoreIntervals",
    "ShareEstimate",
    "bbse_shares",
    "compare_estimates",
    "effective_sample_size",
    "em_shares",
    "known_shares",
    "labelling_sheet",
    "percentiles",
    "rake",
    "resample_counts",
    "score_intervals",
    "shares_from_sheet",
    "weighted_auprc",
    "weighted_micro_f1",
    "wilson",
]
