from __future__ import annotations

import random
from itertools import combinations

import pytest

from gwangye.data.splitting.similarity import near_duplicates, sentence_groups, similar_pairs


@pytest.mark.parametrize(
    ("first", "second", "similarity"),
    [
        ("abcdef", "abcdefg", 4 / 5),  # abc bcd cde def, and efg
        ("abcdefghi", "abcdefghijkl", 7 / 10),
        ("abcdefghij", "abcdefghiX", 7 / 9),  # hij against hiX
        ("abcdefghij", "abXdefghij", 5 / 11),  # abc bcd cde against abX bXd Xde
        ("가나다라마", "나다라마", 2 / 3),
        ("😀가나다라", "😀가나다", 2 / 3),
        ("aaaaaa", "aaa", 1),  # sets: aaa once
        # 14 of 25, and 0.56 * 25 is a little more than 14 in floating point
        ("abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyzA", 0.56),
    ],
)
def test_pairs_are_similar_up_to_their_similarity(
    first: str, second: str, similarity: float
) -> None:
    assert similar_pairs([first, "zzzz", second], similarity).tolist() == [[0, 2]]
    assert similar_pairs([first, "zzzz", second], similarity - 1e-6).tolist() == [[0, 2]]
    assert similar_pairs([first, "zzzz", second], similarity + 1e-6).tolist() == []


def jaccard(first: str, second: str) -> float:
    sets = [{text[i : i + 3] for i in range(len(text) - 2)} for text in (first, second)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1]) if all(sets) else 0.0


@pytest.mark.parametrize("block", [3, 1024])
@pytest.mark.parametrize("similarity", [0.5, 0.6, 0.8, 0.9])
def test_pairs_are_all_that_comparing_each_with_each_finds(
    monkeypatch: pytest.MonkeyPatch, block: int, similarity: float
) -> None:
    """Sixty texts of up to 25 characters, of which every other is an earlier one with a change."""
    monkeypatch.setattr("gwangye.data.splitting.similarity.BLOCK", block)
    found = 0
    for seed in range(10):
        draw = random.Random(seed)
        texts: list[str] = []
        for _ in range(30):
            text = "".join(draw.choices("가나\U0010ffff\ud800 z", k=draw.randint(0, 24)))
            cut = draw.randint(0, len(text))
            texts += [text, text[:cut] + draw.choice("가q") + text[cut + draw.randint(0, 1) :]]
        pairs = [
            [i, j]
            for i, j in combinations(range(60), 2)
            if jaccard(texts[i], texts[j]) >= similarity
        ]
        found += len(pairs)
        assert similar_pairs(texts, similarity).tolist() == pairs
    assert found > 10


def test_pairs_are_sorted() -> None:
    pairs = [[0, 1], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert similar_pairs(["가나다", "가나다가나", "나다가나", "다가나다"], 0.01).tolist() == pairs


def test_characters_beyond_16_bits_are_told_apart() -> None:
    # U+1F600 is U+F600 and one bit more, and 낙 is 나 and one bit more
    assert similar_pairs(["가나\U0001f600", "가낙\uf600"], 0.5).tolist() == []


@pytest.mark.parametrize("texts", [[], ["", "가", "가", "가나"]])
def test_texts_without_trigrams_are_in_no_pair(texts: list[str]) -> None:
    assert similar_pairs(texts, 0.5).tolist() == []


def test_near_duplicates_names_the_others() -> None:
    texts = ["abcdefghij", "xyz", "abcdefghijk", "abcdefghij", "bcdefghijk"]
    # 8/9 and 7/9 by the first, 8/9 by the second
    assert near_duplicates(texts, 0.8) == {
        "abcdefghij": {"abcdefghijk"},
        "abcdefghijk": {"abcdefghij", "bcdefghijk"},
        "bcdefghijk": {"abcdefghijk"},
    }


def test_sentence_groups_follow_links() -> None:
    sentences = ["abcdefghij", "xyz", "abcdefghijk", "abcdefghij", "bcdefghijk", "가", "가"]
    assert sentence_groups(sentences, 0.8).tolist() == [0, 1, 0, 0, 0, 2, 2]
    assert sentence_groups(sentences, 0.9).tolist() == [0, 1, 2, 0, 3, 4, 4]
    assert sentence_groups(sentences, None).tolist() == [0, 1, 2, 0, 3, 4, 4]
