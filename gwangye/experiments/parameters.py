"""Changing single parameters in the text of params.yaml, comments and all."""

from __future__ import annotations

import io
from collections.abc import Mapping, MutableMapping
from enum import Enum
from typing import Any

from gwangye.errors import ParameterError, did_you_mean
from gwangye.params import Params, read_values


class Removed(Enum):
    """The type of :data:`REMOVED`."""

    REMOVED = "removed"


REMOVED = Removed.REMOVED
"""In a value's stead: the parameter is taken away."""


def change_parameters(text: str, changes: Mapping[str, Any]) -> str:
    """Return params.yaml's text with some parameters changed, comments kept, and checked.

    Args:
        text: The text of params.yaml.
        changes: Values by dotted parameter (``loss.gamma``), in order. A value takes the place of
            the whole old one, sections and lists included; :data:`REMOVED` takes a key away.
            Sections on the way to a new key are made.

    Raises:
        ParameterError: A dotted parameter leads through something that is no section, a key that is
            to be removed does not exist, or the changed parameters are not allowed.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import RoundTripRepresenter

    class Representer(RoundTripRepresenter):  # type: ignore[misc]
        """Writes null as params.yaml has it, rather than nothing."""

    Representer.add_representer(
        type(None), lambda self, _: self.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    yaml = YAML()
    yaml.Representer = Representer
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    values = yaml.load(text)
    for name, value in changes.items():
        _change(values, name, value)
    stream = io.StringIO()
    yaml.dump(values, stream)
    Params.from_mapping(read_values(stream.getvalue(), "params.yaml"))
    return stream.getvalue()


def _change(values: MutableMapping[str, Any], name: str, value: Any) -> None:
    *sections, key = name.split(".")
    section = values
    for depth, part in enumerate(sections):
        if value is not REMOVED and part not in section:
            for missing in reversed([*sections[depth + 1 :], key]):
                value = {missing: value}
            _put(section, part, value)
            return
        section = section.get(part)  # type: ignore[assignment]
        if not isinstance(section, MutableMapping):
            raise ParameterError(
                f"{name}: {'.'.join(sections[: depth + 1])} is no section of parameters. "
                "A list is given as a whole."
            )
    if value is not REMOVED:
        _put(section, key, value)
    elif key in section:
        _remove(section, key)
    else:
        raise ParameterError(
            f"{name} cannot be removed: there is none. {did_you_mean(key, section)}"
        )


# ruamel hangs a comment on the last value before it, so it has to change hands where that goes.


def _put(section: MutableMapping[str, Any], key: str, value: Any) -> None:
    """Set a value; a new one comes last in its section."""
    before = key if key in section else next(reversed(list(section)), None)
    comments = [] if before is None else _take_comments(section, before)
    section[key] = _as_nodes(value)
    _add_comments(section, key, comments)


def _remove(section: MutableMapping[str, Any], key: str) -> None:
    comments = _take_comments(section, key)
    place = list(section).index(key)
    del section[key]
    if place:
        _add_comments(section, list(section)[place - 1], comments)


def _as_nodes(value: Any) -> Any:
    """Return a value as ruamel's own containers, which can hold comments."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, Mapping):
        return CommentedMap({key: _as_nodes(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return CommentedSeq(map(_as_nodes, value))
    return value


def _last_leaf(node: Any, key: Any) -> tuple[Any, Any]:
    """Return the container and key of the last line that ``node[key]`` takes."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    value = node[key]
    if not value or not isinstance(value, CommentedMap | CommentedSeq):
        return node, key
    if value.fa.flow_style():
        return node, key
    return _last_leaf(value, list(value)[-1] if isinstance(value, Mapping) else len(value) - 1)


def _take_comments(node: Any, key: Any) -> list[Any]:
    """Remove and return the comments behind ``node[key]``."""
    leaf, last = _last_leaf(node, key)
    slots = leaf.ca.items.pop(last, None) or []
    return [token for token in slots if token is not None and not isinstance(token, list)]


def _add_comments(node: Any, key: Any, comments: list[Any]) -> None:
    """Put comments behind ``node[key]``, after those that are there."""
    leaf, last = _last_leaf(node, key)
    slot = 2 if isinstance(leaf, Mapping) else 0
    slots = leaf.ca.items.setdefault(last, [None] * 4)
    for token in comments:
        if slots[slot] is None:
            slots[slot] = token
        else:
            slots[slot].value += token.value.removeprefix("\n")
    if not any(slots):
        del leaf.ca.items[last]
