from __future__ import annotations

import pytest
import torch

from gwangye.devices import compute_device, has_fast_bf16, tokens_per_batch


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
