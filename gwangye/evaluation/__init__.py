"""Scores with intervals, what they should hold for, and where the errors are."""
