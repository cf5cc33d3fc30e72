"""How a sentence is read when it is held against what supports it: its words in order, its directions and denials, the lines of statements and the currencies that it names."""

from __future__ import annotations

import re
from functools import cache, lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.research.documents.labels import labels
from dualtrack.apps.research.documents.wording import names_of
from dualtrack.apps.research.metrics import catalogue
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.guards.figures import figures
from dualtrack.runtime.passages.analysis import is_han, plain_text, stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Mark", "NoteWords", "Part", "Said", "amounts_in", "note_words", "read_sentence", "title_words"]

_FILE = "wording.yaml"
_READ_MAX = 4_096
_LATIN = r"[a-z][a-z0-9&]*(?:['’-][a-z0-9&]+)*"
_YEAR = re.compile(r"(?<![\d.,$])(?:19|20)\d\d(?!\d|%|[.,]\d)")

Mark = Literal["up", "down", "denied", "hedged", "loss"]
"""What turns a statement: its direction, a denial, that it is not certain, or that a profit is a loss."""

_PartKind = Literal["word", "line", "mark", "year", "number"]


class _Both(Record, frozen=True, rename={"zh": "zh-Hant"}):
    zh: list[str]
    en: list[str] = []


class NoteWords(Record, frozen=True):
    """The words, as the file has them."""

    neutral: _Both
    up: _Both
    down: _Both
    denied: _Both
    hedged: _Both
    loss: _Both
    kept: _Both
    titles: _Both
    currencies: dict[str, list[str]]
    amounts: _Both


class Part(NamedTuple):
    """A part of a sentence: a word (its stem, or Chinese characters), a line of a statement or a metric by its name, a mark, a year, another number.

    `after` is the last word, line or year before it: what a mark or a number belongs to. `raw` is as it stands there.
    """

    kind: _PartKind
    text: str
    after: str
    raw: str


class Said(NamedTuple):
    """A sentence as it is read: its parts in order, the currencies that it names, and its plain text without blanks."""

    parts: tuple[Part, ...]
    currencies: frozenset[str]
    plain: str

    def texts(self, kind: _PartKind) -> list[str]:
        """Return the parts of a kind, in order."""
        return [each.text for each in self.parts if each.kind == kind]

    def marks(self, *wanted: Mark) -> list[tuple[str, str]]:
        """Return the marks of these kinds in order, each after what it belongs to."""
        return [(each.after, each.text) for each in self.parts if each.kind == "mark" and each.text in wanted]


@cache
def note_words() -> NoteWords:
    """Return the shipped words."""
    data = (resources.files("dualtrack.apps.research.notes") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), NoteWords, where=_FILE)


@lru_cache(maxsize=_READ_MAX)
def read_sentence(text: str) -> Said:
    """Read a sentence or a passage, in English or Chinese."""
    plain = plain_text(text)
    parts: list[Part] = []
    currencies: set[str] = set()
    after = ""
    for match in _scanner().finditer(_with_numbers(plain)):
        group, found = match.lastgroup or "", match[0]
        if group == "currency":
            currencies.add(_currencies()[found])
            continue
        for kind, said in _parts_of(group, found):
            parts.append(Part(kind, said, after, found))
            after = said if kind in {"word", "line", "year"} else after
    return Said(tuple(parts), frozenset(currencies), re.sub(r"\s+", "", plain))


def amounts_in(text: str) -> list[str]:
    """Return amounts and multiples that are stated in words, such as `doubled` and 減半; figures in digits and numerals are not among them."""
    return [match[0] for match in _amounts().finditer(plain_text(text))]


@cache
def title_words() -> frozenset[str]:
    """Return what a title may say that is no claim: stems of words, and Chinese words."""
    titles = note_words().titles
    return frozenset({stem(word) for word in titles.en} | set(titles.zh))


def _with_numbers(plain: str) -> str:
    """Return a plain text with each figure in place of its digits, between the control characters 1 and 2; years stay as they stand."""
    out, done = [], 0
    for item in sorted(_placed(plain), key=lambda each: each[0]):
        start, end, value = item
        if start < done:
            continue
        out += [plain[done:start], f" \x01{value}\x02 "]
        done = end
    return "".join([*out, plain[done:]])


def _placed(plain: str) -> Iterable[tuple[int, int, str]]:
    years = {match.start() for match in _YEAR.finditer(plain)}
    for match in _NUMBERS.finditer(plain):
        if match.start() in years and len(match[0].strip()) == len("2025"):
            continue
        read = figures(match[0])
        if read:
            yield match.start(), match.end(), ",".join(each.value for each in read)


_NUMBERS = re.compile(
    r"\d+(?:,\d{3})*(?:\.\d+)?(?:\s?(?:thousand|million|billion|trillion|bn|mn|k|m|b)(?![a-z])|[百千十]?[萬億]|千)?(?:\s?(?:%|per cent|percent))?"
    r"|百分之[零〇一二三四五六七八九十百千萬點\d.]+|[零〇一二兩三四五六七八九十百千萬億]{2,16}(?:點[零〇一二三四五六七八九]+)?"
)
"""Numbers with their scale; a Chinese numeral of one character is mostly no number and stays among the words."""


def _parts_of(group: str, found: str) -> list[tuple[_PartKind, str]]:
    read = _READERS.get(group)
    return [] if read is None else read(found)


def _read_numbers(found: str) -> list[tuple[_PartKind, str]]:
    return [("number", each) for each in found.strip("\x01\x02").split(",")]


def _read_line(found: str) -> list[tuple[_PartKind, str]]:
    line = _lines()[found.removesuffix("s") if found not in _lines() else found]
    return [("line", line), *_loss(found)]


def _loss(found: str) -> list[tuple[_PartKind, str]]:
    return [("mark", "loss")] if _is_loss(found) else []


def _word(kind: _PartKind, found: str) -> list[tuple[_PartKind, str]]:
    return [(kind, found)]


def _pairs(found: str) -> list[tuple[_PartKind, str]]:
    return [("word", found[at : at + 2]) for at in range(max(1, len(found) - 1))]


def _is_loss(name: str) -> bool:
    """Say whether a name of a line is that of a loss and of no profit."""
    return any(word in name for word in ("loss", "虧損", "虧蝕")) and not any(
        word in name for word in ("profit", "income", "earnings", "溢利", "盈利", "利潤", "損益", "收益")
    )


def _marked(found: str) -> list[tuple[_PartKind, str]]:
    mark = _marks().get(found)
    return [] if mark is None else [("mark", mark)]


def _latin(found: str) -> list[tuple[_PartKind, str]]:
    word = found.replace("’", "'")
    if (mark := _marks().get(word)) is not None:
        return [("mark", mark)]
    word = word.removesuffix("'s")
    return [] if word in _neutral() or stem(word) in _neutral() else [("word", stem(word))]


_READERS: dict[str, Callable[[str], list[tuple[_PartKind, str]]]] = {
    "number": _read_numbers,
    "year": partial(_word, "year"),
    "line": _read_line,
    "line_zh": _read_line,
    "kept": partial(_word, "word"),
    "zh": _marked,
    "latin": _latin,
    "han": _pairs,
}
"""What each group of the scanner gives."""


@cache
def _marks() -> dict[str, Mark]:
    words = note_words()
    kinds: tuple[tuple[Mark, _Both], ...] = (
        ("up", words.up), ("down", words.down), ("denied", words.denied), ("hedged", words.hedged), ("loss", words.loss),
    )  # fmt: skip
    return {plain_text(word): kind for kind, both in kinds for word in (*both.en, *both.zh)}


@cache
def _neutral() -> frozenset[str]:
    return frozenset(note_words().neutral.en)


@cache
def _currencies() -> dict[str, str]:
    return {plain_text(mark): code for code, marks in note_words().currencies.items() for mark in marks}


@cache
def _lines() -> dict[str, str]:
    """Return each name of a line or metric with what it names: several, where the name has several meanings."""
    found: dict[str, set[str]] = {}
    for concept in labels().concepts:
        for name in names_of(concept):
            found.setdefault(name, set()).add(concept)
    for metric, one in catalogue().metrics.items():
        for name in (one.en.partition(",")[0], one.zh.partition("（")[0], metric.replace("_", " ")):
            found.setdefault(plain_text(name), set()).add(metric)
    return {name: "|".join(sorted(of)) for name, of in found.items() if len(name) > 1}


@cache
def _scanner() -> re.Pattern[str]:
    words, names = note_words(), _lines()
    chinese = [
        plain_text(each)
        for both in (words.neutral, words.up, words.down, words.denied, words.hedged, words.loss)
        for each in both.zh
    ]
    return re.compile(
        "|".join(
            (
                r"(?P<number>\x01[^\x02]*\x02)",
                rf"(?P<currency>{_any(_currencies())})",
                rf"(?P<year>{_YEAR.pattern})",
                rf"(?P<line>(?<![a-z0-9])(?:{_any(name for name in names if not is_han(name))})s?(?![a-z0-9]))",
                rf"(?P<line_zh>{_any(name for name in names if is_han(name))})",
                rf"(?P<kept>{_any(map(plain_text, words.kept.zh))})",
                rf"(?P<zh>{_any(chinese)})",
                rf"(?P<latin>{_LATIN})",
                rf"(?P<han>(?:(?!{_any((*chinese, *map(plain_text, words.kept.zh), *(name for name in names if is_han(name)), '港', '人民幣'))})[\u3400-\u9fff])+)",
                r"(?P<digits>\d+)",
            )
        )
    )


@cache
def _amounts() -> re.Pattern[str]:
    both = note_words().amounts
    english = "|".join(both.en)
    return re.compile("|".join((rf"(?<![a-z])(?:{english})(?![a-z])", *map(plain_text, both.zh))))


def _any(texts: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, texts), key=len, reverse=True))
