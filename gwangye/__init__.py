"""gwangye (관계): Korean sentence-level relation extraction."""

__version__ = "0.1.0"
