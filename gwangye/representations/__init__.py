"""Input forms: how the two entities are shown to the encoder, and queries beside the sentence."""

from gwangye.representations.base import REPRESENTATIONS, EntitySpans, Marked, Representation
from gwangye.representations.forms import (
    EntityMarker,
    EntityMarkerPunct,
    EntityMask,
    Plain,
    TypedEntityMarker,
    TypedEntityMarkerPunct,
)
from gwangye.representations.queries import QUERIES, SEPARATOR, Query

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
