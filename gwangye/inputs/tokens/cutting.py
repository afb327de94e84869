"""Cutting a row that is too long, around its entities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
