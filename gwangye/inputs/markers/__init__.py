"""Input forms: how the two entities are marked to the encoder, and queries beside the sentence."""

from gwangye.inputs.markers.marking import MARKINGS, EntitySpans, Marked, Marking
from gwangye.inputs.markers.queries import QUERIES, SEPARATOR, Query

__all__ = ["MARKINGS", "QUERIES", "SEPARATOR", "EntitySpans", "Marked", "Marking", "Query"]
