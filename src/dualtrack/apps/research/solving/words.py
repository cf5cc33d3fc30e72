"""Words of labels and questions, brought to one form so that "Net deferred tax assets" meets "the net deferred tax asset".

English words lose their common endings; runs of Chinese become pairs of characters, which need no dictionary (Nie et al. 1996, On
Chinese text retrieval). Abbreviations of accounting are written out, and a few names of one and the same line are known as such.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from dualtrack.runtime.passages.scripts import to_traditional

__all__ = ["ALIKE", "KEPT_MAX", "OPPOSITES", "content_words", "plain", "stem", "words"]

_SHORT = tuple(
    (re.compile(rf"(?<!\w){pattern}(?!\w)"), written)
    for pattern, written in (
        (r"r\s?&\s?d", "research development"), (r"s,?\s?g\s?&\s?a", "selling general administrative"),
        (r"g\s?&\s?a", "general administrative"), (r"pp\s?&\s?e", "property plant equipment"), (r"d\s?&\s?a", "depreciation amortization"),
        (r"cogs", "cost of sales"), (r"eps", "earnings per share"), (r"capex", "capital expenditure"), (r"ocf", "operating cash flow"),
        (r"u\.\s?s\.(?:\s?a\.)?|usa", "united states"), (r"u\.\s?k\.|uk", "united kingdom"),
    )
)  # fmt: skip
_STOP_WORDS = """
a amount an and any are as at be been between both by calculate can company companys compare compared compute did do
does during each end ended ending ends figure find fiscal for from fy give given group had has have how if in incurred
into is it its level many me much number of on or our out over per please recorded report reported respective
respectively s show than that the their there these they this those to under used value versus vs was we were what whats
when where which who why will with within would year years yr
"""
_STOP = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[a-z][a-z0-9'’]*|\d+[a-z]+|(?<![\d-])\d{1,3}-\d{1,3}(?![\d-])|[㐀-䶿一-鿿]+")
_PERIOD = re.compile(r"(?:fy|f|cy|q|h)?\d+[qhm]?|\d+(?:st|nd|rd|th)")
_CHINESE = re.compile(r"[㐀-䶿一-鿿]")
_CHINESE_STOP = re.compile(
    r"請問|多少|是|的|了|為|在|及|和|與|以及|由|至|到|年度?|期間|截至|本集團|集團|公司|有|什麼|甚麼|幾"
)
KEPT_MAX = 300
"""Longest text whose reading is kept in memory: labels, headings and questions, not the paragraphs of a client's report."""

_STEM_MIN = 4
_STEM_LEAST = 3


def plain(text: str) -> str:
    """Return a text in NFKC and lower case, Chinese in Hong Kong's characters, with abbreviations of accounting written out."""
    return _plain(text) if len(text) <= KEPT_MAX else _plain.__wrapped__(text)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    made = (
        to_traditional(unicodedata.normalize("NFKC", text))
        .lower()
        .replace("’", "'")
        .replace("‘", "'")
        .replace("\n", " ")
    )
    for pattern, written in _SHORT:
        made = pattern.sub(written, made)
    return made


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return an English word without its ending of number or tense: plain rules, enough for labels."""
    word = word.replace("'s", "").replace("'", "").replace("isation", "ization").replace("labour", "labor")
    if len(word) < _STEM_MIN:
        return word
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ches", "ch"),
        ("xes", "x"),
        ("ings", ""),
        ("ing", ""),
        ("ed", ""),
        ("s", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LEAST and not word.endswith(("ss", "us", "is")):
            word = word[: len(word) - len(ending)] + instead
            break
    return word[:-1] if len(word) > _STEM_MIN and word.endswith("e") else word


ALIKE = {
    stem(word): stem(group[0])
    for group in (
        ("revenue", "sale", "turnover"), ("profit", "income", "earning"), ("expense", "cost", "charge"), ("receivable", "debtor"),
        ("payable", "creditor"), ("inventory", "stock"), ("staff", "employee", "personnel"), ("share", "stock"), ("total", "aggregate"),
        ("acquisition", "acquire"), ("remuneration", "compensation"), ("borrowing", "debt", "loan"), ("tax", "taxation"),
    )
    for word in group
}  # fmt: skip
"""Names that often mean one line; such a match counts for less than the word itself."""


_OPPOSITES = (
    ("gross", "net", "operating"), ("basic", "diluted"), ("before", "after"), ("asset", "liability"), ("receivable", "payable"),
    ("opening", "closing"), ("beginning", "end"), ("high", "low"), ("short", "long"), ("domestic", "foreign", "international"),
    ("freehold", "leasehold"), ("minimum", "maximum"), ("income", "expense"), ("finished", "raw"),
)  # fmt: skip
OPPOSITES = {stem(word): frozenset(map(stem, group)) - {stem(word)} for group in _OPPOSITES for word in group}
"""Words that name another line than their opposite: net profit is not gross profit, however much else agrees."""


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in order, each once: stems, and pairs of Chinese characters; years and numbers are left out."""
    return _words(text) if len(text) <= KEPT_MAX else _words.__wrapped__(text)


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _WORD.finditer(plain(text)):
        if _CHINESE.match(match[0]):
            for run in filter(None, _CHINESE_STOP.split(match[0])):
                found |= dict.fromkeys((run[at : at + 2] for at in range(len(run) - 1)) if len(run) > 1 else (run,))
        elif match[0] not in _STOP and not _PERIOD.fullmatch(match[0]):
            found[stem(match[0])] = None
    return tuple(found)


def content_words(text: str, leave_out: frozenset[str]) -> tuple[str, ...]:
    """Return the words of a text without those that say what is asked of it (`leave_out`, as stems)."""
    return tuple(each for each in words(text) if each not in leave_out)
