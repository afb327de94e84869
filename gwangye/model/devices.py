"""What the machine computes with: decided here, so that no parameter has to say it."""

from __future__ import annotations

import ctypes
import functools
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


@functools.cache
def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, to use it again; return whether it does.

    The GNU C library gives large blocks back at once. A batch's large tensors are then made of new
    pages each time, which the system has to clear: 4 to 9 % of a training step of a small encoder.
    Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    trim_threshold, mmap_threshold = -1, -3  # malloc.h
    # older versions take 32 MiB at most for the second
    large_blocks = mallopt(mmap_threshold, 2**30) or mallopt(mmap_threshold, 2**25)
    return bool(large_blocks and mallopt(trim_threshold, 2**31 - 1))


def tokens_per_batch() -> int:
    """Return how many tokens are predicted at once, padding included.

    Enough to keep two cores busy at a few hundred megabytes; a GPU needs more to be busy.
    """
    return 65_536 if compute_device().type == "cuda" else 4096
