"""The ``evaluate`` section of the parameters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gwangye.options import Section


class Evaluate(Section):
    """``evaluate``: how sure the intervals are, and how much the error tables hold."""

    resamples: Annotated[int, Field(ge=1)] = 1000
    num_errors: Annotated[int, Field(ge=0)] = 200
