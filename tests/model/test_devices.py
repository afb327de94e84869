from __future__ import annotations

import platform
import subprocess
import sys

import pytest
import torch

from gwangye.model.devices import compute_device, has_fast_bf16, keep_freed_memory, tokens_per_batch

FAULTS = """
import resource, sys
from gwangye.model.devices import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(10):  # 64 MiB, 16,384 pages, written and freed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(2**26)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than GNU's")
def test_freed_memory_is_used_again() -> None:
    """Page faults of the tenth time; huge pages may make few of many, but not none."""
    faults = {
        way: int(subprocess.check_output([sys.executable, "-c", FAULTS, way]))
        for way in ("keep", "")
    }
    assert faults["keep"] < 5 < faults[""]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    keep_freed_memory.cache_clear()
    assert keep_freed_memory() is False
    keep_freed_memory.cache_clear()


@pytest.mark.parametrize(
    ("features", "expected"),
    [({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)],
)
def test_bf16_is_used_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], expected: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    assert has_fast_bf16() is expected


@pytest.mark.parametrize("expected", [True, False])
def test_bf16_is_used_where_the_gpu_has_it(monkeypatch: pytest.MonkeyPatch, expected: bool) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or expected

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert has_fast_bf16() is expected


@pytest.mark.parametrize(("gpu", "kind", "tokens"), [(True, "cuda", 65_536), (False, "cpu", 4096)])
def test_a_gpu_is_used_and_gets_larger_batches(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, kind: str, tokens: int
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert compute_device().type == kind
    assert tokens_per_batch() == tokens
