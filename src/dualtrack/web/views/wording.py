"""How views say things: one language chosen once, then words, dates, instants, and names of packs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.present.cites import cite_text
from dualtrack.present.phrases import value_text
from dualtrack.present.text import date_text
from dualtrack.web.views.rendering import Language, both, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dualtrack.rules.records import PackData

__all__ = ["HONG_KONG_HOURS", "NAME_CHARACTERS_MAX", "Say", "pack_name"]

HONG_KONG_HOURS = 8
"""Hours by which Hong Kong is ahead of UTC; it has no summer time."""

NAME_CHARACTERS_MAX = 80
"""Longest name of a pack beside others: a line of a table."""

_CUTS = (" (", ": ", "（", "：", "《")
"""Where the short name of a pack's title ends: what follows says more."""


class Say:
    """Says things in one language."""

    def __init__(self, language: str) -> None:
        self.language = Language(language)

    def __call__(self, en: str, zh: str) -> str:
        """Return the words of this language."""
        return both(Text(en=en, zh=zh), self.language)

    def text(self, text: Text) -> str:
        """Return this language's side of a text."""
        return both(text, self.language)

    def capital(self, text: Text) -> str:
        """Return this language's side of a text, as the beginning of a sentence."""
        said = both(text, self.language)
        return said[:1].upper() + said[1:]

    def value(self, value: object) -> str:
        """Return a fact's value as people read it."""
        if isinstance(value, bool):
            return self("yes", "是") if value else self("no", "否")
        return quoted(value_text(value), self.language)

    def shown(self, text: str) -> str:
        """Return a value that was written for both languages at once, in this one."""
        truth = {value_text(value): self.value(value) for value in (True, False)}
        return truth.get(text) or self.quoted(text)

    def quoted(self, text: object) -> str:
        """Return a text that is given in one language only, marked where that is not this language."""
        return quoted(text, self.language)

    def cites(self, cites: Sequence[str]) -> str:
        """Return citations in one line."""
        return self("; ", "；").join(self.text(cite_text(cite)) for cite in cites)

    def day(self, instant: str) -> str:
        """Return the Hong Kong date of an instant in words."""
        return both(date_text(parse_instant(instant).astimezone(HONG_KONG).date()), self.language)

    def moment(self, instant: str) -> str:
        """Return the Hong Kong date and time of an instant in words."""
        return f"{self.day(instant)} {self.at(instant):%H:%M} HKT"

    def at(self, instant: str) -> datetime:
        """Return an instant in Hong Kong time."""
        return parse_instant(instant).astimezone(HONG_KONG)

    def listed(self, items: list[str]) -> str:
        """Return a list in one line."""
        return ("、" if self.language is Language.ZH else ", ").join(items)


def pack_name(pack: PackData, say: Say) -> str:
    """Return a pack's short name with the year of its document: what tells it from the others at a glance."""
    whole = say.text(pack.title)
    ends = [found for mark in _CUTS if (found := whole.find(mark)) > 0]
    short = whole[: min(ends)] if ends else whole
    if len(short) > NAME_CHARACTERS_MAX:
        short = short[: NAME_CHARACTERS_MAX - 1] + "…"
    return short if pack.grade.value == "policy" else f"{short} {pack.source.date[:4]}"
