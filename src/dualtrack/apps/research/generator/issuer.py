"""A fictional issuer: its name, its business and the manner in which its reports are set, all drawn from a seed."""

from __future__ import annotations

import random
from functools import cache
from importlib import resources
from typing import NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import FieldError

__all__ = ["SEED_MAX", "Issuer", "Manner", "Names", "Sector", "check_seed", "issuer_names", "make_issuer"]

_FILE = "names.yaml"

SEED_MAX = 2**31 - 1
"""Largest seed: a whole number that every tool and file keeps exactly."""


class Sector(Record, frozen=True):
    """A business: its word in names, whether it does research, and segments to take from."""

    name: tuple[str, str]
    rd: bool
    segments: list[tuple[str, str]]


class Names(Record, frozen=True):
    """The words that names are made of, English and Chinese."""

    first: list[tuple[str, str]]
    sectors: dict[str, Sector]
    ends: list[tuple[str, str]]


class Manner(NamedTuple):
    """How an issuer sets its reports: what it has, how it heads columns, which sign stands for nil."""

    scale: int
    places: int
    wording: int
    nil: str
    heading_in_columns: bool
    chinese_numerals: bool
    labels_beside: bool


class Issuer(Record, frozen=True):
    """A company that does not exist. Amounts are drawn in whole `grain`s, the smallest step that it prints."""

    seed: int
    name: Text
    short: Text
    sector: Text
    segments: tuple[Text, ...]
    year_end: tuple[int, int]
    shares: int
    research: bool
    minority: bool
    associates: bool
    abroad: bool
    manner: Manner

    @property
    def grain(self) -> int:
        """Dollars in one step of the last place printed."""
        return int(10 ** (self.manner.scale - self.manner.places))


@cache
def issuer_names() -> Names:
    """Return the shipped words."""
    data = (resources.files("dualtrack.apps.research.generator") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), Names, where=_FILE)


def check_seed(seed: int) -> None:
    """Raise FieldError for a seed that is no whole number from 0 to `SEED_MAX`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
        raise FieldError(f"{seed!r:.40}", where="seed", expected=f"a whole number from 0 to {SEED_MAX}")


def make_issuer(seed: int) -> Issuer:
    """Return the issuer of a seed; raises FieldError."""
    check_seed(seed)
    chance = random.Random(f"issuer {seed}")  # noqa: S311 - a made report, no secret
    words = issuer_names()
    first, end = chance.choice(words.first), chance.choice(words.ends)
    sector = words.sectors[chance.choice(sorted(words.sectors))]
    segments = chance.sample(sector.segments, chance.randint(2, len(sector.segments)))
    scale, places = chance.choice(((3, 0), (3, 0), (6, 0), (6, 1)))
    return Issuer(
        seed=seed,
        name=Text(en=f"{first[0]} {sector.name[0]} {end[0]}", zh=f"{first[1]}{sector.name[1]}{end[1]}"),
        short=Text(en=first[0], zh=first[1]),
        sector=Text(en=sector.name[0], zh=sector.name[1]),
        segments=tuple(Text(en=en, zh=zh) for en, zh in segments),
        year_end=chance.choice(((12, 31), (12, 31), (3, 31), (6, 30))),
        shares=chance.randint(20, 400) * 10_000_000,
        research=sector.rd,
        minority=_likely(chance, 0.6),
        associates=_likely(chance, 0.5),
        abroad=_likely(chance, 0.5),
        manner=Manner(
            scale=scale,
            places=places,
            wording=chance.randrange(2),
            nil=chance.choice("-–—"),
            heading_in_columns=_likely(chance, 0.6),
            chinese_numerals=_likely(chance, 0.5),
            labels_beside=_likely(chance, 0.5),
        ),
    )


def _likely(chance: random.Random, share: float) -> bool:
    return chance.random() < share
