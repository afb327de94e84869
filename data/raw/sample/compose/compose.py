"""Compose the sample corpus: frames + entities → train.json and test.json.

Run ``python data/raw/sample/compose/compose.py``. The same frames and lists give the same bytes.
Reads ``frames/*.yaml``, ``entities.yaml`` and ``quotas.yaml`` beside this file; writes into the
folder above.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from frame import NO_RELATION, Frame, Pair, load_frames
from particles import ComposeError
from world import Entities, Sentence, alias_owners, draw, slot_key, surname

SEED = 20260
HERE = Path(__file__).parent

# (label of a row, label of its contradicting copy): train only, as KLUE's train has a few
CONTRADICTIONS = (
    ("per:employee_of", NO_RELATION),
    ("org:member_of", NO_RELATION),
    ("per:colleagues", NO_RELATION),
    (NO_RELATION, "org:top_members/employees"),
    (NO_RELATION, "org:member_of"),
    ("per:origin", "per:place_of_residence"),
    (NO_RELATION, "per:title"),
)
# a row that becomes a contradiction out of no_relation has an object of this type
OBJECT_TYPES = {"org:top_members/employees": "PER", "org:member_of": "ORG", "per:title": "POH"}
OBJECT_FIRST = 0.37
# a further pair of a frame goes into the same sentence once in so many times
SHARE = {"train": 0.085, "test": 0.14}
# frames with more characters than this are taken so many times as often as others
LONG, LONG_WEIGHT = 90, 5
# a pair of an earlier sentence comes again this often (per part)
REUSE = {"train": 0.62, "test": 0.1}
TRIES = 300


def choose_pairs(
    frames: Sequence[Frame], part: str, quotas: Mapping[str, int]
) -> dict[str, list[tuple[Pair, str]]]:
    """Choose how often each pair of each frame becomes a row, so that the quotas hold.

    Returns:
        Frame id → list of (pair, label), a pair as often as it is wanted.
    """
    rng = random.Random(f"{SEED}:{part}:choose")
    # label → object comes first → candidates
    sides: dict[str, dict[bool, list[tuple[Frame, Pair]]]] = defaultdict(
        lambda: {True: [], False: []}
    )
    for frame in frames:
        for pair, label in frame.pairs():
            subject, object_ = (frame.position(slot) for slot in pair)
            sides[label][object_ < subject].append((frame, pair))
    wanted: dict[str, list[tuple[Pair, str]]] = defaultdict(list)
    used: Counter[str] = Counter()
    # the rarest relations choose first
    for label, quota in sorted(quotas.items(), key=lambda item: item[1]):
        first, later = sides[label][True], sides[label][False]
        if not first and not later:
            raise ComposeError(f"{part}: no frame states {label}, but {quota} rows are wanted.")
        count = round(quota * OBJECT_FIRST) if first and later else quota * bool(first)
        for candidates, number in ((first, count), (later, quota - count)):
            _shuffle(candidates, rng)
            for frame, pair in _take(candidates, number, used):
                wanted[frame.id].append((pair, label))
    return wanted


def _take(
    candidates: Sequence[tuple[Frame, Pair]], number: int, used: Counter[str]
) -> list[tuple[Frame, Pair]]:
    """Return so many candidates: the pair used least, then frames with signs, then used least."""
    times: Counter[tuple[str, Pair]] = Counter()
    taken = []
    for _ in range(number):
        frame, pair = min(
            candidates,
            key=lambda c: (
                # long sentences are few among the frames; each is used more often
                times[c[0].id, c[1]] / (LONG_WEIGHT if len(c[0].text) > LONG else 1),
                not set("@#") & set(c[0].text),
                used[c[0].id],
            ),
        )
        times[frame.id, pair] += 1
        used[frame.id] += 1
        taken.append((frame, pair))
    return taken


def _shuffle(items: list[Any], rng: random.Random) -> None:
    for i in range(len(items) - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        items[i], items[j] = items[j], items[i]


def make_batches(
    frames: Sequence[Frame], part: str, quotas: Mapping[str, int]
) -> list[tuple[Frame, list[tuple[Pair, str]]]]:
    """Return what each sentence is to be: its frame and the (pair, label) rows made from it."""
    wanted = choose_pairs(frames, part, quotas)
    batches = []
    for frame in frames:
        rng = random.Random(f"{SEED}:{frame.id}:share")
        rest = wanted.get(frame.id, [])
        _shuffle(rest, rng)
        while rest:
            batch = [rest.pop()]
            for item in list(rest):
                if rng.random() < SHARE[part] and item[0] not in [pair for pair, _ in batch]:
                    rest.remove(item)
                    batch.append(item)
            batches.append((frame, batch))
    _shuffle(batches, random.Random(f"{SEED}:{part}:batches"))
    return batches


def make_rows(
    frames: Sequence[Frame], entities: Entities, part: str, quotas: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the rows of a part in their final order, without guids."""
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    pairs = EarlierPairs(entities, REUSE[part])
    for number, (frame, batch) in enumerate(make_batches(frames, part, quotas)):
        sentence = _new_sentence(frame, batch[0][0], pairs, seen, number)
        seen.add(sentence.text)
        for pair, label in batch:
            pairs.note(frame, pair, sentence.words)
            rows.append(_row(frame, entities, sentence, pair, label))
    if part == "train":
        rows += _contradict(rows)
    _shuffle(rows, random.Random(f"{SEED}:{part}:order"))
    return rows


def _new_sentence(
    frame: Frame, pair: Pair, pairs: EarlierPairs, seen: set[str], number: int
) -> Sentence:
    for attempt in range(TRIES):
        fixed = pairs.recall(frame, pair, f"{number}:{attempt}")
        try:
            sentence = draw(frame, pairs.entities, f"{number}:{attempt}", fixed)
        except ComposeError:
            if not fixed:
                raise
            continue  # the recalled pair does not suit this text
        if sentence.text not in seen:
            return sentence
    raise ComposeError(
        f"frame {frame.id}: {TRIES} draws gave no new sentence. Add words or frames."
    )


class EarlierPairs:
    """The pairs of words that rows have had, to meet again in other frames.

    Recalling a pair in proportion to how often it stands already makes a few pairs common and most
    rare (H. Simon 1955), as in news and encyclopaedias.
    """

    def __init__(self, entities: Entities, share: float) -> None:
        self.entities = entities
        self.share = share
        self._pairs: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)

    def note(self, frame: Frame, pair: Pair, words: Mapping[str, str]) -> None:
        """Remember the words of a row."""
        for one, other in (pair, pair[::-1]):
            keys = (slot_key(frame, one, self.entities), slot_key(frame, other, self.entities))
            self._pairs[keys].append((frame.id, words[one], words[other]))

    def recall(self, frame: Frame, pair: Pair, attempt: str) -> dict[str, str]:
        """Return slot → word for a pair, or nothing where a new pair is to be drawn."""
        rng = random.Random(f"{self.entities.seed}:{frame.id}:recall:{attempt}")
        if rng.random() >= self.share:
            return {}
        subject, object_ = pair
        if any(set(alias_owners(frame, slot)) - set(pair) for slot in pair):
            return {}  # its owner is to be drawn first
        family = any(subject in slots and object_ in slots for slots in frame.same_surname)
        keys = (slot_key(frame, subject, self.entities), slot_key(frame, object_, self.entities))
        fitting = [
            {subject: s, object_: o}
            for frame_id, s, o in self._pairs[keys]
            if frame_id != frame.id and (not family or surname(s) == surname(o))
        ]
        return fitting[int(rng.random() * len(fitting))] if fitting else {}


def _row(
    frame: Frame, entities: Entities, sentence: Sentence, pair: Pair, label: str
) -> dict[str, Any]:
    row: dict[str, Any] = {"guid": "", "sentence": sentence.text}
    for role, slot in zip(("subject_entity", "object_entity"), pair, strict=True):
        start, word = sentence.starts[slot], sentence.words[slot]
        row[role] = {
            "word": word,
            "start_idx": start,
            "end_idx": start + len(word) - 1,  # inclusive, as in KLUE
            "type": entities.types[frame.slots[slot]],
        }
    return row | {"label": label, "source": frame.source}


def _contradict(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return copies of a few rows that bear another label."""
    rng = random.Random(f"{SEED}:contradictions")
    copies = []
    for label, other in CONTRADICTIONS:
        prefix = "PER" if other.startswith("per:") else "ORG"
        fitting = [
            row
            for row in rows
            if row["label"] == label
            and (other == NO_RELATION or row["subject_entity"]["type"] == prefix)
            and (label != NO_RELATION or row["object_entity"]["type"] == OBJECT_TYPES[other])
        ]
        copies.append(fitting[int(rng.random() * len(fitting))] | {"label": other})
    return copies


def to_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as a JSON list with one row a line, so that changes are easy to read."""
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def compose() -> dict[str, str]:
    """Return part → the text of its file."""
    raw = yaml.safe_load((HERE / "entities.yaml").read_text("utf-8"))
    quotas = yaml.safe_load((HERE / "quotas.yaml").read_text("utf-8"))
    relations = [label for label in quotas["train"] if label != NO_RELATION]
    texts = {}
    for part in quotas:
        entities = Entities(raw, part, SEED)
        frames = load_frames(HERE / "frames", entities.types, relations)
        rows = make_rows([f for f in frames if f.part == part], entities, part, quotas[part])
        for number, row in enumerate(rows):
            row["guid"] = f"gwangye-sample-v1_{part}_{number:05d}"
        texts[part] = to_json(rows)
    return texts


def main() -> None:
    """Write both files."""
    for part, text in compose().items():
        path = HERE.parent / f"{part}.json"
        path.write_text(text, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{path.name}: {text.count(chr(10)) - 2} rows\n")


if __name__ == "__main__":
    main()
