from __future__ import annotations

import unicodedata

import pytest

from gwangye.inputs.markers.particles import with_particle


@pytest.mark.parametrize(
    ("word", "ends_in_consonant"),
    [
        ("도예린", True),
        ("백하나", False),
        # digits by their reading: 영 일 이 삼 사 오 육 칠 팔 구
        ("기록 10", True),
        ("기록 1", True),
        ("기록 2", False),
        ("기록 3", True),
        ("기록 4", False),
        ("기록 5", False),
        ("기록 6", True),
        ("기록 7", True),
        ("기록 8", True),
        ("기록 9", False),
        # letters by their names: 엘, 엠, 엔, 알; 에스, 케이
        ("HTML", True),
        ("FM", True),
        ("BTN", True),
        ("VR", True),
        ("yes", False),
        ("UK", False),
        ("ＨＴＭＬ", True),
        # signs that are read: 퍼센트, 플러스
        ("30%", False),
        ("다온TV1+", False),
        # quotes and brackets are not read
        ("'다온'", True),
        ("《누리》", False),
        ("한빛서점)", True),
        ("「누리」.", False),
        # neither is a gloss without Hangul
        ("도예린(陶藝隣)", True),
        ("백하나(Baek Hanna)", False),
        ("'도예린(陶藝隣)'", True),
        ("가온극단(1999)", True),
        # one with Hangul is, and a word that is nothing but a gloss
        ("도예린(배우)", False),
        ("(FM)", True),
        # no reading known, or nothing to read
        ("陶藝隣", False),
        ("...", False),
        ("", False),
        (unicodedata.normalize("NFD", "도예린"), True),
    ],
)
def test_final_consonant(word: str, ends_in_consonant: bool) -> None:
    assert with_particle(word, "은", "는") == word + ("은" if ends_in_consonant else "는")


@pytest.mark.parametrize(
    ("word", "and_", "topic"),
    [
        ("비틀즈", "비틀즈와", "비틀즈는"),
        ("조지 해리슨", "조지 해리슨과", "조지 해리슨은"),
        ("‘다온’", "‘다온’과", "‘다온’은"),
    ],
)
def test_with_particle(word: str, and_: str, topic: str) -> None:
    assert with_particle(word, "과", "와") == and_
    assert with_particle(word, "은", "는") == topic


@pytest.mark.parametrize(
    ("word", "towards"),
    [
        ("누리", "누리로"),
        ("부산", "부산으로"),
        # 으 is dropped after ㄹ
        ("서울", "서울로"),
        ("2018", "2018로"),
        ("3", "3으로"),
        ("URL", "URL로"),
        ("FM", "FM으로"),
    ],
)
def test_particle_with_eu(word: str, towards: str) -> None:
    assert with_particle(word, "으로", "로") == towards
