"""Input forms: how the two entities are shown to the encoder, and queries beside the sentence."""

from gwangye.inputs.markers.base import REPRESENTATIONS, EntitySpans, Marked, Representation
from gwangye.inputs.markers.forms import (
    EntityMarker,
    EntityMarkerPunct,
    EntityMask,
    Plain,
    TypedEntityMarker,
    TypedEntityMarkerPunct,
)
from gwangye.inputs.markers.queries import QUERIES, SEPARATOR, Query

__all__ = [
    "QUERIES",
    "REPRESENTATIONS",
    "SEPARATOR",
    "EntityMarker",
    "EntityMarkerPunct",
    "EntityMask",
    "EntitySpans",
    "Marked",
    "Plain",
    "Query",
    "Representation",
    "TypedEntityMarker",
    "TypedEntityMarkerPunct",
]
