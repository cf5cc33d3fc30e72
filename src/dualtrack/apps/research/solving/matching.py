"""Which cells a phrase means: the words of row, section and column against those of the phrase, and the period.

A word counts by how few labels have it (Robertson and Spärck Jones 1976: what all rows share tells no row apart). A match is a number
from 0 to about 1; a label that stands in the question word for word counts extra.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.solving.bridge import bridged, is_chinese, unbridged
from dualtrack.apps.research.solving.periods import Period, match_periods, years_of
from dualtrack.apps.research.solving.question import ASKING
from dualtrack.apps.research.solving.table import says_percent
from dualtrack.apps.research.solving.words import ALIKE, OPPOSITES, content_words, plain, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.apps.research.solving.table import Body, Held

__all__ = ["EQUAL", "Finder", "Match", "names_in", "phrase_words"]

EQUAL = 0.005
"""Two matches nearer than this are the same: the words do not tell the cells apart."""

_ALIKE_WEIGHT = 0.6
_PERCENT_LESS = 0.15
"""Where a line stands in money and in per cent, money is meant unless the question says per cent."""

_PERCENT_ASKED = re.compile(
    r"(?:in|of|average|the|total) (?:percentages?|per ?cent|%)(?! (?:change|increase|decrease|growth|of|constitution|contribution|\())|margin|rate|% of|百分"
)
_PERIOD_BESIDE = 0.9
"""What a match counts for where the table has no periods and only the text beside it names the one that is asked for."""

_PER_SHARE = re.compile(r"\bper (?:\w+ )?share\b|\beps\b|每股")
_NAME = re.compile(r"(?<=[a-z,0-9)] )[A-Z][A-Za-z&-]+(?![A-Za-z]|['’]s)")
_VERBATIM = 0.3
_VERBATIM_MIN = 4
_CHINESE_MIN = 2
_LABEL_SHARE = 0.45
_TOTAL_WEIGHT = 0.6
_UNIT_WORDS = frozenset({"hk", "us", "rmb", "hkd", "usd", "cny", "cent", "penc"})
_PERIOD_WORDS = (
    ASKING
    | _UNIT_WORDS
    | frozenset(
        {
            "decemb",
            "septemb",
            "octob",
            "novemb",
            "februari",
            "januari",
            "april",
            "june",
            "juli",
            "august",
            "march",
            "month",
        }
    )
)
_HAN = re.compile(r"[㐀-䶿一-鿿（）、，]+")
_LATIN = re.compile(r"[A-Za-z]{3}")
_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z'’&,.()/ -]*")
_PUNCTUATION = re.compile(r"[\s:;,.'\"“”*()/-]+")


class Match(NamedTuple):
    """A cell and how well a phrase means it."""

    held: Held
    score: float


def phrase_words(text: str) -> tuple[str, ...]:
    """Return the words of a phrase that tell lines apart."""
    return content_words(text, _PERIOD_WORDS)


@lru_cache(maxsize=4096)
def _label_words(text: str) -> frozenset[str]:
    return frozenset(content_words(text, _PERIOD_WORDS))


@lru_cache(maxsize=4096)
def _flat(text: str) -> str:
    return _PUNCTUATION.sub(" ", plain(text)).strip()


@lru_cache(maxsize=8192)
def _stems(flat: str) -> str:
    return " ".join(map(stem, flat.split()))


def _opposed(label: frozenset[str], wanted: frozenset[str], around: frozenset[str]) -> bool:
    """Say whether a label has the opposite of a word that is asked for, and the word itself stands nowhere."""
    asked = [word for word in wanted if word in OPPOSITES and word not in label and word not in around]
    return any(OPPOSITES[word] & label - wanted for word in asked)


def _language(labels: Iterable[str]) -> bool | None:
    """Say whether labels are Chinese (True) or English (False); None where they are both."""
    text = " ".join(labels)
    chinese = is_chinese(text)
    return None if chinese and _LATIN.search(text) else chinese


@lru_cache(maxsize=4096)
def names_in(label: str) -> tuple[str, ...]:
    """Return the names that a label gives a line: itself, and each of its languages where it is in two ("收入 Revenue")."""
    english, chinese = _HAN.sub(" ", label).strip(), _LATIN_RUN.sub(" ", label).strip()
    both = is_chinese(label) and _LATIN.search(label) is not None
    return (label, chinese, english) if both else (label,)


def _is_in(name: str, flat: str) -> bool:
    """Say whether a label stands in a phrase word for word; Chinese has no blanks between words."""
    if is_chinese(name):
        return len(name) >= _CHINESE_MIN and name in flat
    return len(name) >= _VERBATIM_MIN and f" {_stems(name)} " in f" {_stems(flat)} "


class Finder:
    """Finds the cells of one table that phrases mean."""

    def __init__(self, body: Body, paragraphs: Sequence[str] = ()) -> None:
        self.body = body
        labels = {(each.label, each.section) for each in body.cells}
        headings = {each.heading for each in body.cells}
        counted = Counter(word for label, section in labels for word in _label_words(label))
        counted.update(word for heading in headings for word in _label_words(heading))
        self._weight = {word: 1 / (1 + math.log(1 + n)) for word, n in counted.items()}
        if "total" in self._weight:
            self._weight["total"] *= _TOTAL_WEIGHT
        self._chinese = _language(each.label or each.heading for each in body.cells)
        self.has_periods = any(each.year for cell in body.cells for each in cell.periods)
        beside = (body.table.caption, *body.headings, *paragraphs)
        self._said = frozenset() if self.has_periods else frozenset(year for text in beside for year in years_of(text))

    def find(self, phrase: str, period: Period | None = None, *, change: bool = False) -> list[Match]:
        """Return cells that a phrase means, best first; with a period only cells that may be of it.

        Columns that print a change are left out unless asked for.
        """
        phrase = bridged(phrase, chinese=self._chinese) if self._chinese is not None else phrase
        wanted, flat = frozenset(phrase_words(phrase)), _flat(phrase)
        percents = _PERCENT_ASKED.search(plain(phrase)) is not None
        found = []
        for held in self.body.cells:
            if held.change and not change:
                continue
            fit = self._fit(period, held)
            if fit == 0:
                continue
            score = self._score(wanted, flat, held)
            if score > 0 and not percents and (held.reported.percent or says_percent(held.heading)):
                score -= _PERCENT_LESS
            if score > 0:
                found.append(Match(held, score * fit))
        return sorted(found, key=lambda each: (-each.score, each.held.row, each.held.column))

    @cached_property
    def said(self) -> tuple[str, ...]:
        """Every text of the table: its caption, headings and cells."""
        table = self.body.table
        return (table.caption, *table.columns, *(cell for row in table.rows for cell in row))

    def unnamed(self, phrase: str) -> str:
        """Return a phrase without names of lines that the catalogue has in the language of the table's labels."""
        return unbridged(phrase, chinese=self._chinese) if self._chinese is not None else phrase

    def strange_name(self, text: str) -> str | None:
        """Return a capitalised name within a question that the table has nowhere: it may ask of something that the table is not of."""
        known = frozenset(words(" ".join(self.said)))
        for match in _NAME.finditer(text):
            own = frozenset(words(match[0]))
            if own and not own <= known and not own <= _PERIOD_WORDS:
                return match[0]
        return None

    def _fit(self, period: Period | None, held: Held) -> float:
        if period is None:
            return 1.0
        if not held.periods:
            known = not self.has_periods and (not period.year or period.year in self._said)
            return _PERIOD_BESIDE if known else 0.0
        fit = match_periods(period, held.periods)
        return 0.0 if fit == 0 else 0.8 + 0.2 * fit

    def _score(self, wanted: frozenset[str], flat: str, held: Held) -> float:
        """Return the best match of a cell under any name of its line: a label in two languages is two names."""
        if not wanted or (
            _PER_SHARE.search(flat) and not _PER_SHARE.search(_flat(f"{held.label} {held.section} {held.heading}"))
        ):
            return 0.0
        around = _label_words(held.label) | _label_words(held.heading) | _label_words(held.section)
        phrase = self._hit(wanted, around) / self._sum(wanted)
        names = names_in(held.label) if _label_words(held.label) else (held.heading,)
        return max(self._named(name, wanted, flat, held, around, phrase) for name in names)

    def _named(
        self, name: str, wanted: frozenset[str], flat: str, held: Held, around: frozenset[str], phrase: float
    ) -> float:
        own, heading = _label_words(name), _label_words(held.heading)
        if not own or ("non" in wanted and "non" not in around) or _opposed(own, wanted, around):
            return 0.0
        cover = self._hit(own, wanted) / self._sum(own)
        if cover == 0 and not (heading & wanted):
            return 0.0
        score = _LABEL_SHARE * cover + (1 - _LABEL_SHARE) * phrase
        return score + (_VERBATIM if _is_in(_flat(name), flat) else 0.0)

    def _of(self, word: str) -> float:
        return self._weight.get(word, 1.0)

    def _sum(self, these: frozenset[str]) -> float:
        return sum(map(self._of, these))

    def _hit(self, these: frozenset[str], those: frozenset[str]) -> float:
        alike = {ALIKE[each] for each in those - these if each in ALIKE}
        return sum(
            self._of(each) * (1.0 if each in those else _ALIKE_WEIGHT if ALIKE.get(each) in alike else 0.0)
            for each in these
        )
