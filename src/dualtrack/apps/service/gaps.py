"""What is wrong with a set of passages before anybody is answered from it: stale, doubled, and at odds with itself."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.domain.time import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus, Passage

__all__ = ["SOON_DAYS", "Finding", "find_gaps"]

SOON_DAYS = 30
"""Days before its end in which a passage is called ending: time to have the next one approved."""

_Kind = Literal["expired", "ending", "not yet", "languages differ", "same title", "contradiction", "says nothing"]

_SCALES = {
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "千": 1_000,
    "萬": 10_000,
    "億": 100_000_000,
}
_NUMBER = re.compile(rf"(\d[\d,]*(?:\.\d+)?%?)(?:\s?({'|'.join(_SCALES)}))?")
_SAID = {
    "expired": Text(en="its last day has passed: it is not served", zh="已過最後有效日：不會用作回答"),
    "ending": Text(
        en=f"it ends within {SOON_DAYS} days and nothing follows it", zh=f"將於{SOON_DAYS}日內失效，而未有接續的段落"
    ),
    "not yet": Text(en="its first day is still to come", zh="尚未生效"),
    "languages differ": Text(en="the two languages state different numbers", zh="兩種語言所述的數字不同"),
    "same title": Text(en="two passages in force have one title", zh="兩段有效的段落標題相同"),
    "contradiction": Text(
        en="two passages in force on one subject state different numbers", zh="兩段有效並屬同一事項的段落所述數字不同"
    ),
    "says nothing": Text(en="no sentence: too short to answer anything", zh="沒有句子：內容過短，不能回答任何問題"),
}
_SHORT = 8
_DIGITS_LEAST = 3
_ALIKE = 0.6


class Finding(Record, frozen=True):
    """What is wrong with which passages, in words, with what shows it."""

    kind: _Kind
    passages: tuple[str, ...]
    said: Text
    shown: str


def find_gaps(corpus: Corpus, *, on: date) -> list[Finding]:
    """Return what is wrong on a day, passage by passage, then between passages."""
    serving = corpus.serving(on)
    found = [each for passage in corpus.passages for each in _alone(passage, corpus, on)]
    return found + list(_between(serving))


def _alone(passage: Passage, corpus: Corpus, on: date) -> Iterator[Finding]:
    if parse_date(passage.valid_from) > on:
        yield _finding("not yet", (passage.id,), f"from {passage.valid_from}")
    if passage.valid_to is not None:
        end = parse_date(passage.valid_to)
        followed = any(other.supersedes == passage.id for other in corpus.passages)
        if end < on:
            yield _finding("expired", (passage.id,), f"until {passage.valid_to}")
        elif end <= on + timedelta(days=SOON_DAYS) and not followed:
            yield _finding("ending", (passage.id,), f"until {passage.valid_to}")
    english, chinese = _numbers(passage.text.en), _numbers(passage.text.zh)
    if english != chinese and (english - chinese or chinese - english):
        only = sorted(english ^ chinese)
        yield _finding("languages differ", (passage.id,), ", ".join(only[:6]))
    if min(len(passage.text.en), len(passage.text.zh)) < _SHORT:
        yield _finding("says nothing", (passage.id,), passage.text.en[:40])


def _between(serving: tuple[Passage, ...]) -> Iterator[Finding]:
    titles: dict[str, list[Passage]] = defaultdict(list)
    for passage in serving:
        titles[" ".join(passage.title.en.casefold().split())].append(passage)
    for title, same in titles.items():
        if len(same) > 1:
            yield _finding("same title", tuple(each.id for each in same), title)
    topics: dict[str, list[Passage]] = defaultdict(list)
    for passage in serving:
        topics[passage.topic].append(passage)
    for same in topics.values():
        for one, other in combinations(same, 2):
            if _alike(one.text.en, other.text.en) >= _ALIKE:
                differ = _numbers(one.text.en) ^ _numbers(other.text.en)
                if differ:
                    yield _finding("contradiction", (one.id, other.id), ", ".join(sorted(differ)[:6]))


def _alike(one: str, other: str) -> float:
    """Return the share of words, numbers aside, that two texts have in common (Jaccard)."""
    words = [set(re.findall(r"[a-z]+", text.casefold())) for text in (one, other)]
    both = words[0] | words[1]
    return len(words[0] & words[1]) / len(both) if both else 0.0


def _numbers(text: str) -> set[str]:
    """Return the numbers of weight that a text states: shares, decimals, and those of three digits and more, commas left out.

    Small whole numbers and times are written differently in the two languages (three, 三; 4 pm, 下午4時) and are not compared.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    found = {
        str(int(digits.replace(",", "")) * _SCALES[scale])
        if scale and digits.replace(",", "").isdigit()
        else digits.replace(",", "")
        for digits, scale in _NUMBER.findall(plain)
    }
    return {each for each in found if "%" in each or "." in each or len(each) >= _DIGITS_LEAST}


def _finding(kind: _Kind, passages: tuple[str, ...], shown: str) -> Finding:
    return Finding(kind=kind, passages=passages, said=_SAID[kind], shown=shown)
