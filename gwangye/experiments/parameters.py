"""Changing single parameters in the text of params.yaml, with the writer of DVC's own `-S`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from enum import Enum
from typing import Any

from gwangye.errors import ParameterError, did_you_mean
from gwangye.experiments.repository import PARAMS
from gwangye.params import Params, read_values


class Removed(Enum):
    """The type of :data:`REMOVED`."""

    REMOVED = "removed"


REMOVED = Removed.REMOVED
"""In a value's stead: the parameter is taken away."""


def change_parameters(text: str, changes: Mapping[str, Any]) -> str:
    """Return params.yaml's text with some parameters changed, and checked.

    Args:
        text: The text of params.yaml.
        changes: Values by dotted parameter (``loss.gamma``), in order. A value takes the place of
            the whole old one, sections and lists included; :data:`REMOVED` takes a key away.
            Sections on the way to a new key are made.

    Raises:
        ParameterError: A dotted parameter leads through something that is no section, a key that is
            to be removed does not exist, or the changed parameters are not allowed.
    """
    from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

    values = parse_yaml_for_update(text, str(PARAMS))
    for name, value in changes.items():
        _change(values, name, copy.deepcopy(value))
    changed = str(dumps_yaml(values))
    Params.from_mapping(read_values(changed, str(PARAMS)))
    return changed


def _change(values: Any, name: str, value: Any) -> None:
    *sections, key = name.split(".")
    section = values
    for depth, part in enumerate(sections, 1):
        if value is not REMOVED and section.get(part) is None:
            section[part] = {}
        section = section.get(part)
        if not isinstance(section, dict):
            raise ParameterError(
                f"{name}: {'.'.join(sections[:depth])} is no section of parameters. "
                "A list is given as a whole."
            )
    if value is not REMOVED:
        section[key] = value
    elif key in section:
        del section[key]
    else:
        raise ParameterError(
            f"{name} cannot be removed: there is none. {did_you_mean(key, section)}"
        )
