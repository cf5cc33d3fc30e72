"""The publish rule: a sentence with a claim that nothing supports cannot be published. Everything here is decided without a model.

A sentence is supported by quotes that stand word for word in a loaded document and by figures that are computed again. Each number and
date that it states must stand in one of them. What is supported by nothing is a view, said to be one and free of figures; there is no
third kind.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from dualtrack.apps.research.calculate import replays
from dualtrack.apps.research.notes.note import QuoteSupport
from dualtrack.apps.research.notes.overlap import copied_characters, plain
from dualtrack.domain.records import Record, Text
from dualtrack.runtime.guards.figures import figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dualtrack.apps.research.figure import Figure
    from dualtrack.apps.research.notes.note import Note, Sentence, Support

__all__ = ["Finding", "Kind", "Source", "check_note"]

Kind = Literal[
    "unsupported",
    "view with a figure",
    "no such document",
    "no such page",
    "not a quotation",
    "does not replay",
    "number",
    "too much quoted",
]

_SAID: dict[Kind, Text] = {
    "unsupported": Text(en="nothing supports this sentence", zh="此句沒有任何依據"),
    "view with a figure": Text(
        en="a view states no figure: support it, or take the figure out", zh="觀點不得載有數字：請附依據或刪去數字"
    ),
    "no such document": Text(en="the document is not loaded", zh="未有載入該文件"),
    "no such page": Text(en="the document has no such page", zh="該文件沒有此頁"),
    "not a quotation": Text(en="these words do not stand on that page", zh="該頁並無此段文字"),
    "does not replay": Text(en="the calculation does not give this number", zh="按所列計算得不出此數"),
    "number": Text(en="a number or date that stands in none of its supports", zh="數字或日期未見於任何依據"),
    "too much quoted": Text(en="more is quoted than the document's licence lets", zh="引用篇幅超出該文件許可的範圍"),
}

_PERCENT = Decimal(100)
_SCALES = (Decimal(1), Decimal(1_000), Decimal(1_000_000), Decimal(1_000_000_000))


class Source(Record, frozen=True):
    """A loaded document as the check sees it: the text of its pages by number, and how many characters a note may quote of it."""

    name: str
    licence: str
    pages: dict[int, str]
    quote_characters: int | None = None


class Finding(Record, frozen=True):
    """What keeps a note from being published: the sentence by its number from 1 (0: the note), the kind, and what shows it."""

    sentence: int
    kind: Kind
    said: Text
    shown: str


def check_note(note: Note, sources: Mapping[str, Source]) -> list[Finding]:
    """Return what keeps a note from being published; empty where every claim is supported. `sources` are by SHA-256."""
    found = [
        finding for number, sentence in enumerate(note.sentences, 1) for finding in _sentence(number, sentence, sources)
    ]
    return found + list(_overlap(note, sources))


def _sentence(number: int, sentence: Sentence, sources: Mapping[str, Source]) -> Iterator[Finding]:
    stated = figures(sentence.text)
    if not sentence.supports:
        if not sentence.view:
            yield _finding(number, "unsupported", sentence.text)
        elif stated:
            yield _finding(number, "view with a figure", sentence.text)
        return
    quoted: list[str] = []
    values: list[Decimal] = []
    for support in sentence.supports:
        problem = _problem(support, sources)
        if problem is not None:
            yield _finding(number, *problem)
        elif isinstance(support, QuoteSupport):
            quoted.append(support.text)
        else:
            values += _values(support.figure)
    known = {(item.kind, item.value) for text in quoted for item in figures(text)}
    for item in stated:
        computed = item.kind != "date" and _computed(Decimal(item.value), values)
        if (item.kind, item.value) not in known and not computed:
            yield _finding(number, "number", item.value)


def _problem(support: Support, sources: Mapping[str, Source]) -> tuple[Kind, str] | None:
    if isinstance(support, QuoteSupport):
        wrong = _quote_problem(support, sources)
        return None if wrong is None else (wrong, support.text)
    return None if replays(support.figure.trace) else ("does not replay", support.figure.expression)


def _quote_problem(support: QuoteSupport, sources: Mapping[str, Source]) -> Kind | None:
    source = sources.get(support.document)
    if source is None:
        return "no such document"
    page = source.pages.get(support.page)
    if page is None:
        return "no such page"
    return None if plain(support.text) in plain(page) else "not a quotation"


def _values(figure: Figure) -> list[Decimal]:
    """Return the figure's result and every operand: a sentence may state what it was computed from."""
    return [Decimal(figure.trace.value), *(Decimal(item.value) for item in figure.trace.operands)]


def _computed(stated: Decimal, values: list[Decimal]) -> bool:
    """Say whether a stated number is one of the values, as a share in per cent or in thousands, millions or billions, rounded as it is stated.

    The sign may be in the words (`fell by 3.1%`).
    """
    places = -int(stated.normalize().as_tuple().exponent) if isinstance(stated.as_tuple().exponent, int) else 0
    step = Decimal(1).scaleb(-max(places, 0))
    for value in values:
        for shown in (value * _PERCENT, *(value / scale for scale in _SCALES)):
            if abs(abs(shown) - abs(stated)) * 2 <= step:
                return True
    return False


def _overlap(note: Note, sources: Mapping[str, Source]) -> Iterator[Finding]:
    """Count the characters of each document that the note gives word for word, against what its licence lets."""
    quoted: dict[str, list[tuple[int, str]]] = {}
    for sentence in note.sentences:
        for support in sentence.supports:
            if isinstance(support, QuoteSupport):
                quoted.setdefault(support.document, []).append((support.page, support.text))
    for document, quotes in quoted.items():
        source = sources.get(document)
        if source is None or source.quote_characters is None:
            continue
        characters = copied_characters((sentence.text for sentence in note.sentences), quotes, source.pages)
        if characters > source.quote_characters:
            yield _finding(0, "too much quoted", f"{source.name}: {characters} / {source.quote_characters}")


def _finding(sentence: int, kind: Kind, shown: str) -> Finding:
    return Finding(sentence=sentence, kind=kind, said=_SAID[kind], shown=shown[:120])
