"""Dates that fit what they are dates of."""

from __future__ import annotations

import random

from frame import Frame
from particles import ComposeError

# (first year, Korean ruler's era): the eras of era_date
ERAS = (
    (1675, "숙종"),
    (1725, "영조"),
    (1777, "정조"),
    (1801, "순조"),
    (1835, "헌종"),
    (1850, "철종"),
    (1864, "고종"),
)
LAST_ERA_YEAR = 1896
# (first, last) year by what a date is of and how many dates the sentence has: one, or several,
# which must stay in order. Encyclopaedias speak of the century, news of the last years.
YEARS = {
    ("wikipedia", "one"): {
        "birth": (1895, 1999),
        "founded": (1898, 2018),
        "other": (1935, 2020),
        "death": (1935, 2021),
        "dissolved": (1945, 2021),
    },
    ("wikipedia", "several"): {
        "birth": (1908, 1938),
        "founded": (1905, 1964),
        "other": (1965, 1990),
        "death": (1992, 2006),
        "dissolved": (1991, 2015),
    },
    ("news", "one"): {
        "birth": (1935, 2004),
        "founded": (1950, 2020),
        "other": (2008, 2024),
        "death": (1998, 2024),
        "dissolved": (1990, 2024),
    },
    ("news", "several"): {
        "birth": (1935, 1978),
        "founded": (1950, 1998),
        "other": (2003, 2018),
        "death": (2012, 2024),
        "dissolved": (2012, 2024),
    },
}
DATE_KINDS = ("date", "year", "month", "era_date")
FIRST_PRODUCT_YEAR = 1985
OLD_SHIFT = 205
DATE_ROLES = {
    "per:date_of_birth": "birth",
    "org:founded": "founded",
    "per:date_of_death": "death",
    "org:dissolved": "dissolved",
}
# kinds that Joseon did not have
MODERN_KINDS = frozenset(
    (
        "agency",
        "association",
        "band",
        "club",
        "company",
        "company_foreign",
        "newspaper",
        "party",
        "product",
        "university",
    )
)


def is_old(frame: Frame) -> bool:
    """Whether a sentence is about the Joseon period: its people, and nothing modern in it."""
    kinds = set(frame.slots.values())
    return "person_old" in kinds and not kinds & MODERN_KINDS


def year_range(frame: Frame, slot: str) -> tuple[int, int]:
    """Return the first and last year a date may have, by what it is a date of."""
    if slot in frame.years:
        first, last = frame.years[slot]
        return first, last
    roles = {o: DATE_ROLES[r] for _, r, o in frame.facts if r in DATE_ROLES}
    dates = sorted((s for s in frame.slots if frame.slots[s] in DATE_KINDS), key=frame.position)
    if len(dates) == 1 and frame.slots[slot] == "era_date":
        return ERAS[0][0], LAST_ERA_YEAR
    role = roles.get(slot, "other")
    register = "wikipedia" if frame.source == "wikipedia" else "news"
    table = YEARS[register, "one" if len(dates) == 1 else "several"]
    first, last = table[role]
    peers = [s for s in dates if roles.get(s, "other") == role]
    if len(peers) > 1:
        # dates of one sort follow each other in the order of the sentence
        width = (last - first) // len(peers)
        first += peers.index(slot) * width
        last = first + width - 1
    if "product" in frame.slots.values():
        first = min(max(first, FIRST_PRODUCT_YEAR), last - 5)
    if is_old(frame) or "era_date" in frame.slots.values():
        return first - OLD_SHIFT, last - OLD_SHIFT
    return first, last


def draw_date(frame: Frame, slot: str, seed: str) -> str:
    """Return a date of the slot's kind; the same for the same seed, kind and range."""
    kind = frame.slots[slot]
    first, last = year_range(frame, slot)
    rng = random.Random(f"{seed}:{kind}:{first}:{last}")
    years = [year for year in range(first, last + 1) if year_part(year) == frame.part]
    if not years:
        raise ComposeError(
            f"frame {frame.id}: no {frame.part} year between {first} and {last} for slot "
            f"{slot!r}. Widen `years`."
        )
    year = years[int(rng.random() * len(years))]
    if kind == "era_date":
        start, era = max(e for e in ERAS if e[0] <= year)
        return f"{year}년({era} {year - start + 1}년)"
    if kind == "year":
        return f"{year}년"
    month = 1 + int(rng.random() * 12)
    return f"{year}년 {month}월" + ("" if kind == "month" else f" {1 + int(rng.random() * 28)}일")


def year_part(year: int) -> str:
    """Return which part may use a year: two years of five belong to the test part."""
    return "test" if year % 5 in (1, 3) else "train"
