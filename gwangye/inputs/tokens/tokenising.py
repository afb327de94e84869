"""From examples to a feature table, with any fast tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwangye.errors import DataError, ParameterError
from gwangye.inputs.features.table import FeatureTable, offsets_of
from gwangye.inputs.markers import SEPARATOR, EntitySpans, Marked
from gwangye.inputs.markers.input_form import InputForm

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from gwangye.examples import Example


BATCH_SIZE = 1024
"""Examples whose encodings are held at a time: bounds the memory beside the result."""


class _Batch(NamedTuple):
    examples: Sequence[Example]
    marked: Sequence[Marked]
    encodings: Future[list[Any]]


class _Row(NamedTuple):
    ids: list[int]
    segments: list[int]
    positions: list[list[int]]
    truncated: bool


def prepare_tokenizer(
    tokenizer: PreTrainedTokenizerBase, form: InputForm, entity_types: Sequence[str]
) -> int:
    """Add a form's markers to a tokenizer, each as a single token; return how many are new."""
    markers = form.marking.special_tokens(entity_types)
    if not markers:
        return 0
    # not replacing: an encoder's own extra tokens stay special
    return int(
        tokenizer.add_special_tokens(
            {"extra_special_tokens": markers}, replace_extra_special_tokens=False
        )
    )


def tokenise(
    examples: Iterable[Example], tokenizer: PreTrainedTokenizerBase, form: InputForm
) -> FeatureTable:
    """Tokenise examples in an input form; parts, folds and labels are for the caller to add.

    The tokenizer is a fast one that knows the form's markers (:func:`prepare_tokenizer`). A row
    longer than ``form.max_length`` is cut around its entities.

    Raises:
        DataError: The tokenizer is not a fast one or lacks a marker, an entity has no token, or
            both entities with the query do not fit into ``max_length``.
        ParameterError: The encoder reads fewer tokens than ``max_length``, or the query needs a
            separator that the tokenizer does not have.
    """
    _check_tokenizer(tokenizer, form)
    with_segments = "token_type_ids" in tokenizer.model_input_names
    tables = []
    for examples_, marked, encodings in _encoded(iter(examples), tokenizer, form):
        triples = zip(encodings.result(), marked, examples_, strict=True)
        rows = [_row(encoding, sentence, example, form) for encoding, sentence, example in triples]
        tables.append(_table(rows, examples_, with_segments))
    return FeatureTable.concatenate(tables or [_table([], [], with_segments)])


def _encoded(
    examples: Iterator[Example], tokenizer: PreTrainedTokenizerBase, form: InputForm
) -> Iterator[_Batch]:
    """Yield batch after batch while the tokenizer, which needs no Python, encodes the next one."""
    waiting: _Batch | None = None
    with ThreadPoolExecutor(1) as pool:
        while batch := list(islice(examples, BATCH_SIZE)):
            _check_markers(batch, tokenizer, form)
            marked = [form.marking.mark(example) for example in batch]
            pairs = zip(batch, marked, strict=True)
            texts = [_text(example, sentence, tokenizer, form) for example, sentence in pairs]
            following = _Batch(batch, marked, pool.submit(_encode, tokenizer, texts))
            if waiting is not None:
                yield waiting
            waiting = following
        if waiting is not None:
            yield waiting


def _check_tokenizer(tokenizer: PreTrainedTokenizerBase, form: InputForm) -> None:
    if not tokenizer.is_fast:
        raise DataError(
            "The encoder has no fast tokenizer (tokenizer.json), which knows where in the text a "
            "token comes from. Use an encoder that has one."
        )
    if form.max_length > tokenizer.model_max_length:
        raise ParameterError(
            f"The input form's max_length is {form.max_length}, but the encoder reads at most "
            f"{tokenizer.model_max_length} tokens. Lower max_length."
        )


def _check_markers(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, form: InputForm
) -> None:
    """Refuse a marker that the tokenizer would take to pieces."""

    def markers(examples: Sequence[Example]) -> set[str]:
        entities = chain(*((e.subject_entity, e.object_entity) for e in examples))
        return set(form.marking.special_tokens(sorted({e.type for e in entities})))

    missing = markers(examples) - set(tokenizer.get_added_vocab())
    if missing:
        guid = next(example.guid for example in examples if markers([example]) & missing)
        raise DataError(
            f"guid {guid}: the tokenizer has no {', '.join(sorted(missing))}. It was prepared for "
            "another input form or for other entity types: correct the row's types, or train with "
            "these types in data.entity_types."
        )


def _text(
    example: Example, marked: Marked, tokenizer: PreTrainedTokenizerBase, form: InputForm
) -> str | tuple[str, str]:
    """Return what is encoded: the sentence, or the pair of sentence and query in their order."""
    query = form.query.text(example)
    if query is None:
        return marked.text
    if SEPARATOR in query:
        if tokenizer.sep_token is None:
            raise ParameterError(
                "The query has a separator, but the encoder's tokenizer has none (sep_token). Use "
                "query `relation`, `question` or `description`."
            )
        query = query.replace(SEPARATOR, str(tokenizer.sep_token))
    return (query, marked.text) if form.query.position == "front" else (marked.text, query)


def _encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[Any]) -> list[Any]:
    """Return the tokenizer's encodings, whole; the sentence is the segment beside the query."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    encodings: list[Any] = backend.encode_batch(texts, add_special_tokens=True)
    return encodings


def _row(encoding: Any, sentence: Marked, example: Example, form: InputForm) -> _Row:
    """Find the entities' tokens, and cut the row if it is too long."""
    has_query = encoding.n_sequences == 2
    segment = 1 if has_query and form.query.position == "front" else 0  # of the sentence
    entities = [(sentence.subject, "subject"), (sentence.object, "object")]
    positions = [_positions(encoding, spans, segment, example, role) for spans, role in entities]
    ids, segments = encoding.ids, encoding.type_ids
    if len(ids) <= form.max_length:
        return _Row(ids, segments, positions, False)
    context = np.array([s == segment for s in encoding.sequence_ids])
    must_stay = [(opening, closing + 1) for opening, _, _, closing in positions]
    kept = keep_around(context, must_stay, form.max_length)
    if kept is None:
        needed = int((~context).sum()) + sum(end - start for start, end in must_stay)
        raise DataError(
            f"guid {example.guid}: the entities and the query take {needed} tokens, max_length is "
            f"{form.max_length}. Raise the input form's max_length, or drop the row."
        )
    moved = [np.searchsorted(kept, position).tolist() for position in positions]
    return _Row([ids[i] for i in kept], [segments[i] for i in kept], moved, True)


def _positions(
    encoding: Any, spans: EntitySpans, segment: int, example: Example, role: str
) -> list[int]:
    opening = _token(encoding, spans.opening, segment)
    first = _token(encoding, spans.word, segment)
    last = _token(encoding, spans.word, segment, from_end=True)
    closing = _token(encoding, spans.closing, segment, from_end=True)
    if opening is None or first is None or last is None or closing is None:
        raise DataError(
            f"guid {example.guid}: the {role} has no token: the tokenizer drops all its "
            "characters. Correct the entity, or drop the row."
        )
    return [opening, first, last + 1, closing]


def _token(
    encoding: Any, span: tuple[int, int], segment: int, *, from_end: bool = False
) -> int | None:
    """Return the token of a span's first (or last) character that has one."""
    characters = range(*span)
    for character in reversed(characters) if from_end else characters:
        token: int | None = encoding.char_to_token(character, segment)
        if token is not None:
            return _last_covering(encoding, token, character) if from_end else token
    return None


def _last_covering(encoding: Any, token: int, character: int) -> int:
    """Return a character's last token.

    SentencePiece may give it a bare ``▁`` before its own; byte-level BPE one token per byte.
    """
    while True:
        span = encoding.token_to_chars(token + 1)
        if span is None or not span[0] <= character < span[1]:
            return token
        token += 1


def keep_around(
    is_context: NDArray[np.bool_], entities: Sequence[tuple[int, int]], max_length: int
) -> NDArray[np.intp] | None:
    """Choose the tokens that stay in a row of at most ``max_length``.

    Everything but context stays: special tokens, the query, both entities with their markers. Of
    the context, what is outside of the two entities goes first, then what is between them; on
    either side the tokens farthest from an entity go first, and of two equally far ones the later.

    Args:
        is_context: (tokens,) whether a token is of the sentence (entities included).
        entities: Half-open token spans that must stay, markers included.
        max_length: Tokens at most.

    Returns:
        Indices of the tokens that stay, in order; None if what must stay is too long already.

    Example:
        Of ``[CLS] a b E c d e F g [SEP]`` with entities E and F, 8 tokens are
        ``[CLS] b E c d e F [SEP]`` (g is as near as b, and later), and 6 are
        ``[CLS] E c e F [SEP]``.
    """
    index = np.arange(len(is_context))
    distance = np.full(len(index), len(index))
    for start, end in entities:
        away = np.maximum(np.maximum(start - index, index - end + 1), 0)
        distance = np.minimum(distance, away)
    distance[~is_context] = 0
    room = max_length - int((distance == 0).sum())
    if room < 0:
        return None
    outside = (index < min(entities)[0]) | (index >= max(end for _, end in entities))
    optional = index[distance > 0]
    # the last key counts most: between the entities first, then the nearest
    best = np.lexsort((distance[optional], outside[optional]))
    return np.sort(np.concatenate([index[distance == 0], optional[best[:room]]]))


def _table(rows: Sequence[_Row], examples: Sequence[Example], with_segments: bool) -> FeatureTable:
    lengths = np.array([len(row.ids) for row in rows], dtype=np.int64)
    number = len(rows)

    def flat(lists: Iterator[list[int]], dtype: Any) -> Any:
        return np.fromiter(chain.from_iterable(lists), dtype, lengths.sum())

    positions = np.array([row.positions for row in rows], dtype=np.int32)
    segments = (row.segments for row in rows)
    return FeatureTable(
        guids=np.array([example.guid for example in examples], dtype=object),
        parts=np.full(number, "", dtype=object),
        folds=np.full((number, 1), -1, dtype=np.int64),
        label_ids=np.full(number, -1, dtype=np.int64),
        truncated=np.array([row.truncated for row in rows], dtype=bool),
        entity_positions=positions.reshape(-1, 2, 4),
        offsets=offsets_of(lengths),
        input_ids=flat((row.ids for row in rows), np.int32),
        token_type_ids=flat(segments, np.int8) if with_segments else None,
    )
