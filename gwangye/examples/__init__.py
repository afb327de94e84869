"""Reading, checking, describing and keeping examples."""

from gwangye.examples.describe import compare, describe, entity_pairs, overlap
from gwangye.examples.duplicates import drop_duplicates
from gwangye.examples.klue import fetch_klue
from gwangye.examples.labels import label_list, read_labels
from gwangye.examples.reading import ReadResult, read_examples
from gwangye.examples.schema import COLUMNS, ENTITY_TYPES, Entity, Example, to_examples
from gwangye.examples.spans import find_span, nfc
from gwangye.examples.tables import fold_numbers, make_frame, read_parquet, write_parquet

__all__ = [
    "COLUMNS",
    "ENTITY_TYPES",
    "Entity",
    "Example",
    "ReadResult",
    "compare",
    "describe",
    "drop_duplicates",
    "entity_pairs",
    "fetch_klue",
    "find_span",
    "fold_numbers",
    "label_list",
    "make_frame",
    "nfc",
    "overlap",
    "read_examples",
    "read_labels",
    "read_parquet",
    "to_examples",
    "write_parquet",
]
