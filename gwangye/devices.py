"""What the machine computes with: decided here, so that no parameter has to say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def compute_device() -> torch.device:
    """Return the GPU where there is one, else the processor."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_fast_bf16() -> bool:
    """Tell whether the machine multiplies bfloat16 matrices in hardware.

    Elsewhere bfloat16 is emulated: 8 times slower than float32 on an AVX2 processor.
    """
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    features = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(features.get("avx512_bf16") or features.get("amx_bf16") or features.get("bf16"))


def tokens_per_batch() -> int:
    """Return how many tokens are predicted at once, padding included.

    Enough to keep two cores busy at a few hundred megabytes; a GPU needs more to be busy.
    """
    return 65_536 if compute_device().type == "cuda" else 4096
