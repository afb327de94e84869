from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gwangye.data.splitting import STRATEGIES, SplitStrategy
from gwangye.data.splitting.report import seen_by_fold
from gwangye.data.splitting.similarity import near_duplicates
from gwangye.errors import ParameterError

Table = Callable[..., pd.DataFrame]
Build = Callable[..., SplitStrategy]

ROWS = [
    ("가", "나리", "가온", "t"),
    ("가", "한별", "도담", "t"),  # the sentence of row 0
    ("나", "가온", "나리", "t"),  # the pair of row 0, roles exchanged
    ("다", "나리", "새봄", "t"),  # the subject of row 0
    ("라", "솔빛", "한별", "t"),  # the subject of row 1, but as its object
]

GROUPS = {
    "random": [0, 1, 2, 3, 4],
    "stratified": [0, 1, 2, 3, 4],
    "sentence": [0, 0, 1, 2, 3],
    "entity_pair": [0, 0, 0, 1, 2],
    "subject": [0, 0, 0, 0, 1],
    "entity": [0, 0, 0, 0, 0],
    "target_matched": [0, 0, 0, 1, 2],
}


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., SplitStrategy]:
    """Return a builder of strategies by name; the target, where there is one, is t : u = 1 : 1."""
    (tmp_path / "target.json").write_text('{"t": 1, "u": 1}', encoding="utf-8")

    def make(name: str, **options: Any) -> SplitStrategy:
        choice = {"name": name, "target": str(tmp_path / "target.json"), **options}
        return STRATEGIES.build(choice, "split.strategy")

    return make


@pytest.mark.parametrize("name", GROUPS)
def test_groups_of_strategy(build: Build, table: Table, name: str) -> None:
    assert build(name).groups(table(ROWS)).tolist() == GROUPS[name]


def test_every_strategy_is_in_the_table_above() -> None:
    assert list(STRATEGIES) == list(GROUPS)


@pytest.mark.parametrize("name", ["sentence", "entity_pair", "subject", "entity", "target_matched"])
def test_sentences_that_are_nearly_the_same_stay_together(
    build: Build, table: Table, name: str
) -> None:
    # 8 trigrams, 9, of which 8 are the same: 8/9; and the half of them
    sentences = ["abcdefghij", "abcdefghijk", "abcdefX"]
    frame = table([(text, f"a{i}", f"b{i}", "t") for i, text in enumerate(sentences)])
    assert build(name).groups(frame).tolist() == [0, 0, 1]
    assert build(name, near_duplicates=0.88).groups(frame).tolist() == [0, 0, 1]
    assert build(name, near_duplicates=0.89).groups(frame).tolist() == [0, 1, 2]
    assert build(name, near_duplicates=None).groups(frame).tolist() == [0, 1, 2]


def test_near_duplicates_out_of_range_raises(build: Build) -> None:
    with pytest.raises(ParameterError, match=r"near_duplicates: .* greater than or equal to 0.5"):
        build("sentence", near_duplicates=0.4)
    with pytest.raises(ParameterError, match=r"near_duplicates: .* less than or equal to 1"):
        build("sentence", near_duplicates=1.1)


@pytest.mark.parametrize("name", GROUPS)
def test_assign_fills_every_fold_and_parts_no_group(build: Build, table: Table, name: str) -> None:
    rows = [(f"s{i // 2}", f"a{i // 3}", f"b{i // 3}", "tu"[i % 2]) for i in range(0, 24)]
    frame = table(rows)
    strategy = build(name)
    fold = strategy.assign(frame, 3, 0)
    assert fold.dtype == np.int64
    assert sorted(set(fold.tolist()) - {-1}) == [0, 1, 2]
    folds_by_group = pd.Series(fold).groupby(strategy.groups(frame)).nunique()
    assert set(folds_by_group) == {1}
    assert fold.tolist() == strategy.assign(frame, 3, 0).tolist()


def test_stratified_assign_spreads_labels_and_random_does_not(table: Table) -> None:
    frame = table([(str(i), f"a{i}", f"b{i}", "t" if i < 10 else "u") for i in range(100)])
    stratified = STRATEGIES["stratified"]().assign(frame, 10, 0)
    assert np.bincount(stratified[:10]).tolist() == [1] * 10
    drawn = STRATEGIES["random"]().assign(frame, 10, 0)
    assert np.bincount(drawn).tolist() == [10] * 10
    assert np.bincount(drawn[:10], minlength=10).tolist() != [1] * 10


def test_assign_with_more_folds_than_groups_raises(table: Table) -> None:
    with pytest.raises(ParameterError, match="these 5 rows form only 2"):
        STRATEGIES["subject"]().assign(table(ROWS), 3, 0)


def test_entity_never_validates_a_group_larger_than_an_even_fold(
    build: Build, table: Table
) -> None:
    # rows 0-3 hang together by 나리, 가온 and 한별 in either role; rows 4 and 5 by their sentence
    chain = [("나리", "가온"), ("가온", "한별"), ("도담", "한별"), ("나리", "새봄")]
    rows = [(f"s{i}", *words, "t") for i, words in enumerate(chain)]
    rows += [("가", "솔빛", "누리", "t"), ("가", "다솜", "라온", "t"), ("나", "보람", "아라", "u")]
    frame = table(rows)
    folds = build("entity").assign(frame, 2, 0)
    assert folds[:4].tolist() == [-1] * 4
    assert folds[4] == folds[5]
    assert sorted({folds[4], folds[6]}) == [0, 1]
    # with one row more, 4 are half of the rows
    even = build("entity").assign(table([*rows, ("다", "미르", "여울", "u")]), 2, 0)
    assert len(set(even[:4].tolist())) == 1
    assert sorted(set(even.tolist())) == [0, 1]


def random_rows(seed: int) -> list[tuple[str, str, str, str]]:
    """Draw 300 rows of sentences and words, of which a few are frequent."""
    draw = np.random.default_rng(seed)
    words = [f"낱말{i}" for i in range(400)]
    likely = 1 / np.arange(1, 401) ** 0.6
    rows = []
    for _ in range(300):
        subject, object_ = draw.choice(words, 2, replace=False, p=likely / likely.sum())
        sentence = f"{draw.integers(10**9)}" if draw.random() < 0.9 else f"{draw.integers(20)}"
        rows.append((sentence, subject, object_, "ttu"[draw.integers(3)]))
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_entity_leaks_no_word_and_no_sentence(build: Build, table: Table, seed: int) -> None:
    frame = table(random_rows(seed))
    folds = build("entity").assign(frame, 4, seed)
    assert np.sum(folds == -1) > 75
    for fold in range(4):
        inside, outside = frame[folds == fold], frame[folds != fold]
        assert len(inside)
        words = [set(part["subject_word"]) | set(part["object_word"]) for part in (inside, outside)]
        assert not words[0] & words[1]
        assert not set(inside["sentence"]) & set(outside["sentence"])


@pytest.mark.parametrize("seed", range(5))
def test_target_matched_leaks_no_pair_and_no_sentence(
    build: Build, table: Table, seed: int
) -> None:
    frame = table(random_rows(seed))
    folds = build("target_matched").assign(frame, 4, seed)
    counts = seen_by_fold(frame, folds[:, None], near_duplicates(frame["sentence"]))
    assert list(counts) == ["0", "1", "2", "3"]
    for fold, found in counts.items():
        assert 30 < found["rows"] <= 75
        assert (found["sentence"], found["entity_pair"], found["near_sentence"]) == (0, 0, 0)
        labels = frame["label"][folds == int(fold)]
        assert abs(np.mean(labels == "t") - 0.5) <= 0.02


def test_entity_with_too_few_groups_that_can_be_validated_raises(
    build: Build, table: Table
) -> None:
    message = (
        "split.num_folds: 3 folds cannot be made: of these 5 rows 3 hang together .* and the "
        "others form only 2 groups. Lower split.num_folds"
    )
    rows = [(str(i), words[0], words[1], "t") for i, words in enumerate(["가나", "나다", "다라"])]
    with pytest.raises(ParameterError, match=message):
        build("entity").assign(table([*rows, *ROWS[2:3], *ROWS[4:]]), 3, 0)


def test_target_matched_passes_its_options_on(build: Build, table: Table, tmp_path: Path) -> None:
    """9 of t and 3 of u; t : u is 1 : 1, so two folds take 1 of u each, or 2 where 1 may miss."""
    frame = table([(str(i), f"a{i}", f"b{i}", "t" if i < 9 else "u") for i in range(12)])
    exact = build("target_matched", tolerance=0).assign(frame, 2, 0)
    assert np.bincount(exact + 1).tolist() == [6, 3, 3]
    loose = build("target_matched", tolerance=0.25).assign(frame, 2, 0)
    assert np.bincount(loose + 1).tolist() == [3, 5, 4]
    missing = str(tmp_path / "none.json")
    with pytest.raises(ParameterError, match="split.strategy.target: .*none.json does not exist"):
        build("target_matched", target=missing).assign(frame, 2, 0)


def test_target_matched_without_target_raises() -> None:
    with pytest.raises(ParameterError, match="split.strategy.target: Field required"):
        STRATEGIES.build({"name": "target_matched"}, "split.strategy")


def test_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"'entity_pairs' is unknown. Did you mean 'entity_pa"):
        STRATEGIES.build({"name": "entity_pairs"}, "split.strategy")
