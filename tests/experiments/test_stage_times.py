"""Times of training, from what `dvc repro` prints."""

from __future__ import annotations

from gwangye.experiments.stage_times import StageTimes, read_trailer

# as dvc 3.67 prints, with the seconds at which it does
OUTPUT = [
    (0, "Stage 'split' didn't change, skipping"),
    (1, "Running stage 'train@bilstm':"),
    (1, "> python -m stages.train bilstm"),
    (90, "train: bilstm fold 0 seed 1: best checkpoint micro_f1 50.00"),
    (91, "Updating lock file 'dvc.lock'"),
    (91, ""),
    (92, "Stage 'train@bigru' is cached - skipping run, checking out outputs"),
    (93, "Running stage 'train@entity_start':"),
    (103, "Updating lock file 'dvc.lock'"),
    (104, "Running stage 'predict@bilstm':"),
    (110, "Updating lock file 'dvc.lock'"),
]


def test_stages_that_ran_have_times() -> None:
    times = StageTimes()
    for now, line in OUTPUT:
        times.see(line, now)

    assert times.seconds == {"train@bilstm": 90, "train@entity_start": 10, "predict@bilstm": 6}
    assert times.trailer() == "Train-seconds: bilstm=90 entity_start=10"


def test_stage_that_did_not_end_has_no_time() -> None:
    times = StageTimes()
    for now, line in OUTPUT[:4]:
        times.see(line, now)
    assert times.trailer() == ""


def test_trailer_is_read_again() -> None:
    assert read_trailer("bilstm=90 entity_start=10") == {"bilstm": 90.0, "entity_start": 10.0}
    assert read_trailer("") == {}
