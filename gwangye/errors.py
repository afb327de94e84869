"""The errors this package raises for bad input, and the one helper their messages share.

Every message says where the fault is (a file and row, or a parameter), the value found, what is
allowed and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GwangyeError(ValueError):
    """Base of all errors that a user can mend: bad data, bad parameters, a missing file."""


class ParameterError(GwangyeError):
    """A parameter is unknown, out of range, or does not go with another one."""


class DataError(GwangyeError):
    """An input file, or a row of it, is not what was promised."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return a sentence that helps with an unknown name.

    Args:
        name: The name that was not found.
        allowed: The names that exist.

    Returns:
        ``"Did you mean 'x'? Allowed: a, b, x."`` or, with no near name, ``"Allowed: a, b, x."``
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    return f"{hint}Allowed: {', '.join(names)}."
