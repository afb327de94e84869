from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from gwangye.evaluation.robustness import PERTURBATIONS, RobustnessOptions
from gwangye.evaluation.robustness.base import generator_of
from tests.pipeline.conftest import ROOT

SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["robustness"]


def test_shipped_options_are_the_defaults() -> None:
    assert RobustnessOptions(**SHIPPED) == RobustnessOptions()
    assert RobustnessOptions().perturbations == list(PERTURBATIONS)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"rows": 0}, "greater than or equal to 1"),
    ({"names": "any"}, "'relation' or 'type'"),
    ({"row": 10}, "key 'row' is unknown. Did you mean 'rows'?"),
    ({"perturbations": []}, "at least 1 item"),
    (
        {"perturbations": ["subject_swop"]},
        "there is no perturbation 'subject_swop'. Did you mean 'subject_swap'? Allowed: aeda, ",
    ),
    ({"perturbations": ["aeda", "aeda"]}, "name each perturbation once"),
]


@pytest.mark.parametrize(("options", "message"), FAULTS)
def test_faults_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        RobustnessOptions(**options)


def test_generator_depends_on_every_part() -> None:
    keys = [(1, "a", "b"), (2, "a", "b"), (1, "c", "b"), (1, "a", "c"), (1, "ab"), (1, "ab", "")]
    draws = {generator_of(*key).random() for key in keys}
    assert len(draws) == len(keys)
    assert generator_of(1, "a", "b").random() == generator_of(1, "a", "b").random()
