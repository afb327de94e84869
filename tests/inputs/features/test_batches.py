from __future__ import annotations

import numpy as np

from gwangye.inputs.features.batches import Collator


def row(input_ids: list[int], label_id: int, **more: object) -> dict[str, object]:
    positions = np.array([[1, 1, 2, 1], [2, 2, 3, 2]])
    ids = np.array(input_ids, dtype=np.int32)
    return {"input_ids": ids, "entity_positions": positions, "label_id": label_id, **more}


def test_rows_are_padded_on_the_right_to_the_longest() -> None:
    batch = Collator(pad_token_id=9)([row([1, 2, 3], 4), row([5], 0)])
    assert batch["input_ids"].tolist() == [[1, 2, 3], [5, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["entity_positions"].tolist() == [[[1, 1, 2, 1], [2, 2, 3, 2]]] * 2
    assert batch["labels"].tolist() == [4, 0]
    assert "token_type_ids" not in batch


def test_segments_are_padded_with_the_first() -> None:
    rows = [row([1, 2], 0, token_type_ids=np.array([0, 1])), row([3], 0, token_type_ids=[1])]
    assert Collator(0)(rows)["token_type_ids"].tolist() == [[0, 1], [1, 0]]


def test_unlabelled_rows_make_no_labels() -> None:
    assert "labels" not in Collator(0, with_labels=False)([row([1], -1)])
