"""Where the predictions go wrong: tables of a model's errors, by relation, by slice, by row."""

from gwangye.evaluation.analysis.confusions import confusions
from gwangye.evaluation.analysis.disagreements import disagreements, divergence
from gwangye.evaluation.analysis.errors import confident_errors
from gwangye.evaluation.analysis.kinds import error_masks, kinds_of_error, kinds_per_relation
from gwangye.evaluation.analysis.label_noise import doubted_labels
from gwangye.evaluation.analysis.relations import relation_scores
from gwangye.evaluation.analysis.rows import readable_rows
from gwangye.evaluation.analysis.slices import slice_scores, slice_values

__all__ = [
    "confident_errors",
    "confusions",
    "disagreements",
    "divergence",
    "doubted_labels",
    "error_masks",
    "kinds_of_error",
    "kinds_per_relation",
    "readable_rows",
    "relation_scores",
    "slice_scores",
    "slice_values",
]
