"""The machine's division among workers that run stages at the same time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gwangye.errors import ParameterError

# One of these is there where NVIDIA's driver is: on Linux, in containers, in WSL.
_DRIVER_FILES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")


class Share(NamedTuple):
    """A worker's part of the machine.

    Attributes:
        environment: Variables that its processes get.
        cores: The cores that they may run on; all of them if empty.
    """

    environment: Mapping[str, str]
    cores: Sequence[int] = ()


def visible_gpus() -> list[str]:
    """Return what CUDA_VISIBLE_DEVICES may name: the visible GPUs' numbers or identifiers.

    Torch, slow to import, is asked only where there is a driver.
    """
    if not any(Path(file).exists() for file in _DRIVER_FILES):
        return []
    import torch

    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(count)] if named is None else named.split(",")
    return [name.strip() for name in names[:count]]


def usable_cores() -> list[int]:
    """Return the numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def worker_shares(jobs: int, *, gpus: Sequence[str], cores: Sequence[int]) -> list[Share]:
    """Divide the machine among workers: one GPU each, or without GPUs a group of cores each.

    The division depends on the number of workers alone, never on how many stages happen to run at
    a time, so that a stage computes with the same number of threads each time. OMP_NUM_THREADS
    stands where the user has set it; the cores are then not divided.

    Args:
        jobs: The number of workers; those beyond the number of GPUs or cores share.
        gpus: The visible GPUs, see :func:`visible_gpus`.
        cores: The usable cores, see :func:`usable_cores`.

    Returns:
        One share per worker.

    Raises:
        ParameterError: ``jobs`` is less than 1.
    """
    if jobs < 1:
        raise ParameterError(
            f"--jobs {jobs}: allowed is 1 or more. Leave it out for one worker per GPU."
        )
    if gpus:
        return [Share({"CUDA_VISIBLE_DEVICES": gpus[k % len(gpus)]}) for k in range(jobs)]
    # Two processes whose idle OpenMP threads spin slow each other ten-fold where cores are few.
    environment = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")}
    if "OMP_NUM_THREADS" in os.environ:
        return [Share(environment)] * jobs
    count = len(cores)
    environment["OMP_NUM_THREADS"] = str(max(1, count // jobs))
    groups = (cores[k * count // jobs : (k + 1) * count // jobs] for k in range(jobs))
    return [Share(environment, group or [cores[k % count]]) for k, group in enumerate(groups)]
