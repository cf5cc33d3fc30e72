"""What is wrong with a set of passages before anybody is answered from it: stale, doubled, and at odds with itself."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.service.citing import BRACKETED
from dualtrack.apps.service.instructions import instruction_in
from dualtrack.apps.service.language import detect
from dualtrack.domain.records import Record, Text
from dualtrack.domain.time import parse_date
from dualtrack.runtime.passages.corpus import passage_slots
from dualtrack.runtime.passages.slots import values_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from dualtrack.runtime.passages.corpus import Corpus, Passage

__all__ = ["LONG_CHARACTERS", "SOON_DAYS", "Finding", "at_odds", "find_gaps", "found_hidden", "said_differing"]

SOON_DAYS = 30
"""Days before its end in which a passage is called ending: time to have the next one approved."""

LONG_CHARACTERS = 1_500
"""Characters from which a passage is called long: it is quoted whole, and three screens of a telephone hold no more."""

_Kind = Literal[
    "expired", "ending", "not yet", "languages differ", "same title", "contradiction", "says nothing", "reads like an instruction",
    "hidden text", "simplified", "another language", "long", "no value", "value ending", "value unused", "bracketed",
]  # fmt: skip

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
        en=f"it ends within {SOON_DAYS} days and nothing follows it", zh=f"將於{SOON_DAYS}日內失效，而未有接續的文本"
    ),
    "not yet": Text(en="its first day is still to come", zh="尚未生效"),
    "languages differ": Text(en="the two languages state different numbers", zh="兩種語言所述的數字不同"),
    "same title": Text(en="two passages in force have one title", zh="兩篇有效文本的標題相同"),
    "contradiction": Text(
        en="two passages in force on one subject state different numbers", zh="兩篇有效文本就同一事項所述數字不同"
    ),
    "says nothing": Text(en="no sentence: too short to answer anything", zh="沒有句子：內容過短，不能回答任何問題"),
    "reads like an instruction": Text(
        en="it reads like an instruction to a machine: look at where it came from",
        zh="內容似是給機器的指令：請查明來源",
    ),
    "hidden text": Text(
        en="the document has words that nobody sees on its page: they were not taken",
        zh="文件含有頁面上看不見的文字：未予採用",
    ),
    "simplified": Text(en="the Chinese text has Simplified characters", zh="中文內容含有簡體字"),
    "bracketed": Text(
        en="words in square brackets look like the mark of a source: write them in round brackets",
        zh="方括號內的文字與出處標記相似：請改用圓括號",
    ),
    "another language": Text(en="a text is not in the language that it stands for", zh="內容與所屬語言不符"),
    "no value": Text(
        en="a value that its text needs is not in force: it is not served", zh="內容所需的數值未有生效：不會用作回答"
    ),
    "value ending": Text(
        en=f"a value in it ends within {SOON_DAYS} days and none follows",
        zh=f"其中一項數值將於{SOON_DAYS}日內失效，而未有接續的數值",
    ),
    "value unused": Text(en="a value that no passage uses", zh="沒有文本使用的數值"),
    "long": Text(
        en=f"longer than {LONG_CHARACTERS:,} characters, and it is quoted whole: divide it by headings",
        zh=f"超過{LONG_CHARACTERS:,}字，而回答會全段引用：請以標題分段",
    ),
}
_DIFFERS = Text(
    en="Another approved text states other figures. Please have a person confirm which apply. See also:",
    zh="另有核准文本列出不同數字，請由職員確認以何者為準。另見：",
)
_SHORT = 8
_DIGITS_LEAST = 3
_ALIKE = 0.6
_OTHER_SHARE = 0.3
"""Share of Han characters among letters, above which a text is not English, and below which it is not Chinese."""


class Finding(Record, frozen=True):
    """What is wrong with which passages, in words, with what shows it."""

    kind: _Kind
    passages: tuple[str, ...]
    said: Text
    shown: str


def find_gaps(corpus: Corpus, *, on: date) -> list[Finding]:
    """Return what is wrong on a day, passage by passage, then between passages."""
    serving = corpus.serving(on)
    found = [each for passage in corpus.filled(on) for each in _alone(passage, corpus, on)]
    return [*found, *_of_values(corpus, on), *_between(serving)]


def _of_values(corpus: Corpus, on: date) -> Iterator[Finding]:
    """Return what is wrong with the values of slots: none in force, one that ends and has no next, one that nothing uses."""
    values = corpus.values or []
    now, soon = values_on(values, on), values_on(values, on + timedelta(days=SOON_DAYS))
    used: set[str] = set()
    for passage in corpus.passages:
        slots = passage_slots(passage)
        used |= slots
        if empty := slots - set(now):
            yield _finding("no value", (passage.id,), ", ".join(sorted(empty)))
        if ending := slots & set(now) - set(soon):
            yield _finding("value ending", (passage.id,), ", ".join(sorted(ending)))
    for name in sorted({each.id for each in values} - used):
        yield _finding("value unused", (), name)


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
    yield from _wording(passage)


def _wording(passage: Passage) -> Iterator[Finding]:
    """Return what is wrong with the words themselves."""
    ids = (passage.id,)
    for text in (passage.title.en, passage.title.zh, passage.text.en, passage.text.zh):
        shown = instruction_in(text)
        if shown:
            yield _finding("reads like an instruction", ids, shown)
    bracketed = [match[0] for text in (passage.text.en, passage.text.zh) for match in BRACKETED.finditer(text)]
    if bracketed:
        yield _finding("bracketed", ids, ", ".join(dict.fromkeys(bracketed)))
    if detect(passage.text.zh).simplified:
        yield _finding("simplified", ids, passage.text.zh[:40])
    if detect(passage.text.en).share_han > _OTHER_SHARE:
        yield _finding("another language", ids, passage.text.en[:40])
    if detect(passage.text.zh).share_han < _OTHER_SHARE:
        yield _finding("another language", ids, passage.text.zh[:40])
    if max(len(passage.text.en), len(passage.text.zh)) > LONG_CHARACTERS:
        yield _finding("long", ids, f"{max(len(passage.text.en), len(passage.text.zh)):,}")


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
            if differ := _odds(one, other):
                yield _finding("contradiction", (one.id, other.id), ", ".join(sorted(differ)[:6]))


def at_odds(passage: Passage, serving: Iterable[Passage]) -> tuple[Passage, ...]:
    """Return the passages in force that say otherwise than one of them, as `find_gaps` finds contradictions: who quotes it says so."""
    others = (other for other in serving if other.id != passage.id and other.topic == passage.topic)
    return tuple(other for other in others if _odds(passage, other))


def said_differing(titles: Iterable[Mapping[str, str]]) -> Text | None:
    """Return what a customer is told beside a quotation that others are at odds with, by their titles; None where there are none."""
    found = list(titles)
    if not found:
        return None
    english, chinese = "; ".join(each["en"] for each in found), "、".join(each["zh-Hant"] for each in found)
    return Text(en=f"{_DIFFERS.en} {english}", zh=f"{_DIFFERS.zh}{chinese}")


def _odds(one: Passage, other: Passage) -> set[str]:
    """Return the numbers that only one of two passages in like words states."""
    if _alike(one.text.en, other.text.en) < _ALIKE:
        return set()
    return _numbers(one.text.en) ^ _numbers(other.text.en)


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


def found_hidden(passages: tuple[str, ...], shown: str) -> Finding:
    """Return the finding for words of a document that nobody sees on its page."""
    return _finding("hidden text", passages, shown)


def _finding(kind: _Kind, passages: tuple[str, ...], shown: str) -> Finding:
    return Finding(kind=kind, passages=passages, said=_SAID[kind], shown=shown)
