"""Judging a model on rows that are not distributed like those it will meet: *shift*.

Re-weighting rows to a target, estimating the target's label distribution, and scores with
intervals. Scores are percentages (0 to 100), shares are 0 to 1.
"""
