"""Sentences whose character positions can be counted by hand.

- ``particle``: a particle right after each entity, subject first. ``한빛서점은 도예린이 …``
- ``object_first``: the object stands before the subject, at the very start.
- ``both_ends``: one entity starts the sentence, the other ends it.
- ``own_marks``: the text has ``@``, ``#`` and ``[E1]`` of its own, and the subject's word twice
  (the second one is meant).
- ``quoted``: a quote before and after an entity; the rarer types.
- ``adjacent``: nothing between the entities.
"""

from __future__ import annotations

from gwangye.examples import Entity, Example


def example(sentence: str, subject: tuple[str, int, str], object_: tuple[str, int, str]) -> Example:
    """Make an example of (word, start, type) pairs, and check that the words stand there."""
    entities = []
    for word, start, type_ in (subject, object_):
        end = start + len(word)
        assert sentence[start:end] == word
        entities.append(Entity(word, start, end, type_))
    return Example("a", sentence, entities[0], entities[1])


EXAMPLES = {
    "particle": example(
        "한빛서점은 도예린이 세웠다.", ("한빛서점", 0, "ORG"), ("도예린", 6, "PER")
    ),
    "object_first": example(
        "2019년 봄에 가온극단이 생겼다.", ("가온극단", 9, "ORG"), ("2019년", 0, "DAT")
    ),
    "both_ends": example("백하람, 고향은 너울섬", ("백하람", 0, "PER"), ("너울섬", 9, "LOC")),
    "own_marks": example(
        "@누리 #1 [E1] 팀의 누리와 윤슬은 동갑이다.", ("누리", 15, "PER"), ("윤슬", 19, "PER")
    ),
    "quoted": example("《다온》은 30쪽짜리 책이다.", ("다온", 1, "POH"), ("30쪽", 6, "NOH")),
    "adjacent": example("나래시장 재선", ("나래", 0, "LOC"), ("시장", 2, "PER")),
}

BEATLES = example(
    "비틀즈의 조지 해리슨이 곡을 썼다.", ("비틀즈", 0, "ORG"), ("조지 해리슨", 5, "PER")
)
"""The sentence that every docstring shows."""
