"""A sentence held against its supports: it says nothing that they do not say. In doubt it does not hold.

The words of a sentence stand in the statement of its quotation or name the line of its figure; directions, denials, doubts and losses
are those of the source and belong to the same words; each number stands by the same line or year; currencies and years are the source's.
What no comparison of words sees is who did what to whom, and what is left out: a person reads the note before it goes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.notes.figure_words import states, years_hold
from dualtrack.apps.research.notes.wording import read_sentence
from dualtrack.runtime.guards.figures import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dualtrack.apps.research.notes.figure_words import FigureRead
    from dualtrack.apps.research.notes.findings import Kind
    from dualtrack.apps.research.notes.quotes import QuoteRead
    from dualtrack.apps.research.notes.wording import Said
    from dualtrack.runtime.guards.figures import Figure as Stated

__all__ = ["Backing", "held_against"]

_CHANGED = frozenset({"change", "chang", "變動", "變化", "變幅"})
_YEAR_DIGITS = 4
_SHOWN = 8


class Backing(NamedTuple):
    """What supports a sentence, as it is read: quotations with their own words, figures, and the names of the issuers that these are of."""

    quotes: Sequence[tuple[str, QuoteRead]]
    figures: Sequence[FigureRead]
    issuers: frozenset[str]

    def statements(self) -> Iterator[Said]:
        """Return every statement of every quotation."""
        return (statement for _, quote in self.quotes for statement in quote.statements)


def held_against(text: str, backing: Backing) -> Iterator[tuple[Kind, str]]:
    """Yield what of a sentence its supports do not bear out: the kind of finding and the words or number."""
    said = read_sentence(text)
    numbers = list(_numbers(text, said, backing))
    yield from numbers
    yield from _words(said, backing, numbers_stand=not numbers)
    for figure in backing.figures:
        if not figure.named_in(said):
            yield "line", figure.name
        elif not figure.positive and not said.marks("down", "loss") and not _minus(text):
            yield "sign", text
    if not _marks_hold(said, backing):
        yield "turned round", text
    if not numbers and (odd_money := _foreign_money(said, backing)):
        yield "currency", ", ".join(odd_money)


def _words(said: Said, backing: Backing, *, numbers_stand: bool) -> Iterator[tuple[Kind, str]]:
    """Yield words that no support has: of several quotations one must have them all, in its order."""
    single = [backing._replace(quotes=[quote]) for quote in backing.quotes] or [backing]
    held = min(single, key=lambda each: len(_foreign(said, each)))
    if odd := _foreign(said, held) or _instead(said, held):
        yield "words", ", ".join(dict.fromkeys(odd[:_SHOWN]))
    elif not _in_order(said, held):
        yield "words", ", ".join([part.raw for part in said.parts if part.kind == "word"][:_SHOWN])
    elif numbers_stand and not _numbers_in_order(said, held):
        yield "number elsewhere", ", ".join((*said.texts("year"), *said.texts("number")))


def _minus(text: str) -> bool:
    return any(f"{sign}{digit}" in text for sign in "-−(" for digit in "0123456789")


def _foreign(said: Said, backing: Backing) -> list[str]:
    """Return the words and lines of a sentence that stand in none of its supports."""
    statements = list(backing.statements())
    words = {word for each in statements for word in each.texts("word")} | backing.issuers
    whole = "\0".join(each.plain for each in statements)
    lines = {one for each in statements for line in each.texts("line") for one in line.split("|")}
    for figure in backing.figures:
        words |= figure.words | (_CHANGED if figure.later else frozenset())
        lines |= figure.meanings
    return [
        part.raw
        for part in said.parts
        if (part.kind == "word" and part.text not in words and (part.text.isascii() or part.text not in whole))
        or (part.kind == "line" and not set(part.text.split("|")) & lines and part.text not in backing.issuers)
    ]


def _instead(said: Said, backing: Backing) -> list[str]:
    """Return the issuer's name where a sentence puts it in a statement that has another beginning: it may stand for another's."""
    texts = {each.text for each in said.parts}
    for statement in backing.statements():
        added = [word for word in said.texts("word") if word in backing.issuers and word not in statement.texts("word")]
        first = next((each.text for each in statement.parts if each.kind in {"word", "line"}), "")
        if added and not backing.figures and first not in texts:
            return added
    return []


def _in_order(said: Said, backing: Backing) -> bool:
    """Say whether the words of a sentence come in the order of its quotation, at each place: who did it stands before to whom."""
    aside = backing.issuers.union(*(figure.words | _CHANGED for figure in backing.figures))
    wanted = [word for word in said.texts("word") if word.isascii() and word not in aside]
    return all(_is_within(wanted, statement.texts("word")) for statement in backing.statements())


def _numbers_in_order(said: Said, backing: Backing) -> bool:
    """Say whether years and numbers come in the order of the quotation: from what and to what."""
    wanted = _series(said)
    return bool(backing.figures) or all(_is_within(wanted, _series(each)) for each in backing.statements())


def _series(said: Said) -> list[str]:
    return [each.text for each in said.parts if each.kind in {"year", "number"}]


def _is_within(wanted: Iterable[str], words: Iterable[str]) -> bool:
    left = iter(words)
    return all(word in left for word in wanted)


def _marks_hold(said: Said, backing: Backing) -> bool:
    """Say whether directions, denials, doubts and losses are those of every support that has them, and of one at least."""
    verdicts = [_quote_marks(said, statement) for statement in backing.statements()]
    verdicts += [_figure_marks(said, figure, alone=not backing.quotes) for figure in backing.figures]
    return False not in verdicts and (True in verdicts or not said.marks("up", "down"))


def _quote_marks(said: Said, source: Said) -> bool | None:
    kept, of_source = said.marks("denied", "hedged", "loss"), source.marks("denied", "hedged", "loss")
    if Counter(mark for _, mark in kept) != Counter(mark for _, mark in of_source):
        return False
    ways, source_ways = said.marks("up", "down"), source.marks("up", "down")
    if not source_ways:
        return None
    if len(of_source) + len(source_ways) > 1:
        return not Counter(ways + kept) - Counter(source_ways + of_source)
    return {mark for _, mark in ways} <= {mark for _, mark in source_ways}


def _figure_marks(said: Said, figure: FigureRead, *, alone: bool) -> bool | None:
    if alone and (said.marks("denied", "hedged") or bool(said.marks("loss")) != figure.loss):
        return False
    ways = {mark for _, mark in said.marks("up", "down")}
    if not ways or figure.direction is None:
        return None
    return ways == {figure.direction}


def _foreign_money(said: Said, backing: Backing) -> list[str]:
    known = {code for each in backing.statements() for code in each.currencies}
    for figure in backing.figures:
        for found in (figure.result, figure.later, figure.earlier):
            known |= {name for name, _ in found[1].parts} if found else set()
    return sorted(said.currencies - known)


def _numbers(text: str, said: Said, backing: Backing) -> Iterator[tuple[Kind, str]]:
    known = {(item.kind, item.value) for words, _ in backing.quotes for item in figures(words)}
    stated = figures(text)
    years = [item for item in stated if _is_year(item, said)]
    for item in stated:
        if (item.kind, item.value) in known:
            if item not in years and item.kind != "date" and not _beside_the_same(item, said, backing):
                yield "number elsewhere", item.value
        elif item in years and backing.figures:
            if not all(years_hold(figure, said.texts("year")) for figure in backing.figures):
                yield "number", item.value
        elif not any(states(figure, item, text) for figure in backing.figures):
            yield "number", item.value


def _is_year(item: Stated, said: Said) -> bool:
    return item.kind == "number" and len(item.value) == _YEAR_DIGITS and item.value in said.texts("year")


def _beside_the_same(item: Stated, said: Said, backing: Backing) -> bool:
    """Say whether a number of a sentence belongs to the same word, line or year as in every statement that is quoted for it."""
    places = {after for after in _after(item.value, said) if after not in backing.issuers}
    if not places:
        return True
    for _, quote in backing.quotes:
        if any(item.value in _values(statement) for statement in quote.statements):
            return all(places <= set(_after(item.value, statement)) for statement in quote.statements)
    return True


def _values(said: Said) -> list[str]:
    return said.texts("number")


def _after(value: str, said: Said) -> list[str]:
    return [each.after for each in said.parts if each.kind == "number" and each.text == value]
