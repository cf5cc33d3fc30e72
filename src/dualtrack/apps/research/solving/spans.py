"""Answers in the words of the text: an exact stretch of a paragraph with its place, or none.

The sentence with most of the question's words, weighed by how few sentences have them; of it a date where the question asks when, an
amount where it asks how much, a name where it asks who, what the question leaves to be said where its words mark the border (`clauses`),
else the whole sentence. Nothing is put together or reworded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.solving.answer import Abstained, Quoted, abstained
from dualtrack.apps.research.solving.clauses import clause_of
from dualtrack.apps.research.solving.findings import finding
from dualtrack.apps.research.solving.periods import years_of
from dualtrack.apps.research.solving.question import ASKING
from dualtrack.apps.research.solving.words import content_words, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.solving.table import Table

__all__ = ["COVER_LEAST", "find_span", "holds_quote", "place_of"]

COVER_LEAST = 0.6
"""Least share of the question's words, by weight, that its sentence holds."""

_EQUAL = 0.03
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？](?=\d|[a-z]\b)[^.!?。！？\n]*)*[.!?。！？]?")
_QUOTE = re.compile(r"p([1-9]\d{0,5}):(\d{1,7})-(\d{1,7})")
_DATE = re.compile(r"(?:(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+(?:\d{1,2},\s+)?(?:19|20)\d\d|\d{1,2}\s(?:January|February|March|April|May|June|July|August|September|October|November|December)\s(?:19|20)\d\d"
                   r"|(?:fiscal(?: year)?|FY) ?(?:19|20)?\d\d|(?:19|20)\d\d年(?:\d{1,2}月(?:\d{1,2}日)?)?|(?<![\d,$])(?:19|20)\d\d(?![\d,]))")  # fmt: skip
_AMOUNT = re.compile(r"(?:(?:(?:US|HK|A|C|NT|S)?[$£€¥]|RMB|HKD|USD|EUR)\s?)?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?:\s(?:thousand|million|billion))?|(?:(?:(?:US|HK|A|C|NT|S)?[$£€¥]|RMB|HKD|USD|EUR)\s?)\d+(?:\.\d+)?(?:\s(?:thousand|million|billion)|百萬|億)?"
                     r"|\d+(?:\.\d+)?\s?(?:%|per cent|percent)|\d+(?:\.\d+)?(?:\s(?:thousand|million|billion)|百萬|億)|(?<![\d.,])(?!(?:19|20)\d\d\b)\d+(?:\.\d+)?(?![\d,])")  # fmt: skip
_NAME = re.compile(r"(?:(?:Mr|Ms|Mrs|Dr)\.?\s)?(?:[A-Z][\w’'&.-]+)(?:\s(?:[A-Z][\w’'&.-]+|of|and|&)){1,6}")
_WHEN = re.compile(r"^when\b|^(?:in )?(?:which|what) (?:year|date|month)|何時|哪一?年")
_WHO = re.compile(r"^who\b|誰")
_HOW_MUCH = re.compile(
    r"\bhow (?:much|many)\b|\bwhat (?:is|was|were|are) the .*(?:amount|value|number|percentage|rate|cost|expense|total|balance|income|revenue|loss|gain|price|proceeds|impairment)|^what (?:percentage|amount|proportion)|多少|幾多"
)
_PERCENT_ASKED = re.compile(r"percent|per cent|%|proportion|\brate\b|百分")


class _Sentence(NamedTuple):
    paragraph: int
    start: int
    text: str
    words: frozenset[str]


def find_span(question: str, table: Table, paragraphs: Sequence[str]) -> Quoted | Abstained:
    """Return the stretch of text that answers a question of words, with its place `p3:10-42`; or why there is none."""
    sentences = _sentences(paragraphs)
    wanted = frozenset(content_words(question, ASKING - {"rate"}))
    if not sentences or not wanted:
        return abstained("no text", table.name if wanted else question[:80])
    counted = Counter(word for each in sentences for word in each.words)
    weight = {word: math.log(1 + len(sentences) / (0.5 + counted[word])) for word in wanted}
    years = set(years_of(question))
    ranked = sorted(((_cover(each, weight, years), each) for each in sentences), key=lambda each: -each[0])
    cover, best = ranked[0]
    if cover < COVER_LEAST:
        return abstained("no text", " ".join(sorted(word for word in wanted if word not in best.words))[:80])
    if len(ranked) > 1 and cover - ranked[1][0] < _EQUAL and ranked[1][1].text.strip() != best.text.strip():
        return abstained("equal matches", finding("paragraphs", one=best.paragraph, other=ranked[1][1].paragraph))
    return _cut(question, best, round(cover, 3))


def place_of(paragraph: int, start: int, text: str) -> str:
    """Return the place of a stretch: paragraph from 1, characters from 0, the end not included."""
    return f"p{paragraph}:{start}-{start + len(text)}"


def holds_quote(address: str, text: str, paragraphs: Sequence[str]) -> bool:
    """Say whether a stretch stands exactly where it is cited."""
    match = _QUOTE.fullmatch(address)
    if match is None or int(match[1]) > len(paragraphs):
        return False
    return paragraphs[int(match[1]) - 1][int(match[2]) : int(match[3])] == text != ""


def _sentences(paragraphs: Sequence[str]) -> list[_Sentence]:
    found = []
    for number, text in enumerate(paragraphs, start=1):
        for match in _SENTENCE.finditer(text):
            stretch = match[0].strip()
            if stretch:
                start = match.start() + match[0].index(stretch)
                found.append(_Sentence(number, start, stretch, frozenset(content_words(stretch, frozenset()))))
    return found


def _cover(sentence: _Sentence, weight: dict[str, float], years: set[int]) -> float:
    whole = sum(weight.values())
    cover = sum(value for word, value in weight.items() if word in sentence.words) / whole if whole else 0.0
    own = set(years_of(sentence.text))
    return cover * (0.5 if years and own and not years & own else 1.0)


def _cut(question: str, sentence: _Sentence, cover: float) -> Quoted | Abstained:
    lower = plain(question)
    if _WHEN.search(lower):
        return _only(_DATE, "no_date", sentence, cover)
    if _WHO.search(lower):
        return _only(_NAME, "no_name", sentence, cover)
    if _HOW_MUCH.search(lower):
        percent = _PERCENT_ASKED.search(lower) is not None
        return _amount(sentence, set(years_of(question)), cover, percent=percent)
    start, text = clause_of(question, sentence.text) or (0, sentence.text)
    return Quoted(text=text, address=place_of(sentence.paragraph, sentence.start + start, text), match=cover)


def _only(pattern: re.Pattern[str], missing: str, sentence: _Sentence, cover: float) -> Quoted | Abstained:
    """Return the one stretch of a kind in a sentence; several different ones are no answer."""
    found = {match[0]: match.start() for match in reversed(list(pattern.finditer(sentence.text)))}
    if len(found) != 1:
        return abstained("equal matches" if found else "no text", ", ".join(found) or finding(missing))
    text, at = found.popitem()
    return Quoted(text=text, address=place_of(sentence.paragraph, sentence.start + at, text), match=cover)


def _amount(sentence: _Sentence, years: set[int], cover: float, *, percent: bool) -> Quoted | Abstained:
    """Return the one amount of a sentence; of as many amounts as years, in the order of the years ("in 2019 and 2018, respectively")."""
    dates = [(match.start(), match.end()) for match in _DATE.finditer(sentence.text)]
    found = [
        match for match in _AMOUNT.finditer(sentence.text)
        if ("%" in match[0] or "cent" in match[0]) == percent and not any(start <= match.start() < end for start, end in dates)
    ]  # fmt: skip
    named = years_of(sentence.text)
    if len(years) == 1 and len(found) == len(named) > 1 and years <= set(named):
        found = [found[named.index(next(iter(years)))]]
    if len({match[0] for match in found}) != 1:
        return abstained(
            "equal matches" if found else "no text", ", ".join(match[0] for match in found)[:80] or finding("no_amount")
        )
    text, at = found[0][0], found[0].start()
    return Quoted(text=text, address=place_of(sentence.paragraph, sentence.start + at, text), match=cover)
