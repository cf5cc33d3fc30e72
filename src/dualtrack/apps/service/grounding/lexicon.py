"""The words of the check, from `lexicon.yaml`, in the form in which they are looked up: longest phrase first, English by stems, Chinese by characters."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

from dualtrack.apps.service.grounding.phrases import Book, root, words_of
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.guards.texts import fold_phrase

__all__ = ["Lexicon", "SlotKind", "SlotSense", "SlotUse", "lexicon"]

SlotKind = Literal["number", "date", "subject", "polarity", "instruction", "coverage"]
SlotUse = Literal["strict", "rival", "presence"]

_AUTHORITY_ENDS = "局署會处處"
_FOLDER = "dualtrack.apps.service.grounding"


class _Phrases(Record, frozen=True):
    en: list[str] = []
    zh: list[str] = []


class _Bound(Record, frozen=True):
    name: str
    side: Literal["before_it", "after_it"]
    en: list[str] = []
    zh: list[str] = []


class _Slot(Record, frozen=True):
    category: str
    kind: SlotKind
    use: SlotUse
    values: dict[str, _Phrases]


class _Signed(Record, frozen=True):
    name: str
    plus: _Phrases
    minus: _Phrases


class _File(Record, frozen=True):
    format: Literal["dualtrack.grounding.lexicon/1"]
    dated: str
    source: str
    stop_en: list[str]
    stop_zh: list[str]
    neutral_en: list[str]
    neutral_zh: list[str]
    modal: dict[str, _Phrases]
    bounds: list[_Bound]
    signed: list[_Signed]
    slots: list[_Slot]
    things: list[_Phrases]
    parties: dict[str, _Phrases]
    asked: dict[str, _Phrases]
    same_en: list[list[str]]
    same_zh: list[list[str]]


class SlotSense(NamedTuple):
    """One value of a category: what a phrase may mean."""

    category: str
    value: str
    kind: SlotKind
    use: SlotUse


class Lexicon(NamedTuple):
    """All lists of the file. `modal` holds what a clause does to its statement, neutral phrases as an empty name; bounds are by side, longest first.

    `same` gives the word that stands for a phrase and its sign, -1 where it says what a negation of the word says; an empty word carries no subject.
    """

    modal: Book[str]
    slots: Book[SlotSense]
    same: Book[tuple[str, int]]
    sided: frozenset[str]
    authorities: frozenset[str]
    parties: Book[str]
    asked: Book[str]
    stop_en: frozenset[str]
    before_it: tuple[tuple[str, frozenset[str]], ...]
    after_it: tuple[tuple[str, frozenset[str]], ...]
    before_ends: tuple[str, ...]
    after_begins: tuple[str, ...]


@cache
def lexicon() -> Lexicon:
    """Read the lists, once."""
    file = read_record(_data("lexicon.yaml"), _File, where="lexicon.yaml")
    before, after = _bounds(file, "before_it"), _bounds(file, "after_it")
    return Lexicon(
        modal=_modal(file),
        slots=_slots(file),
        same=_same(file),
        sided=frozenset(f"={each.name}" for each in file.signed),
        authorities=_authorities(file.things),
        parties=_named(file.parties),
        asked=_named(file.asked),
        stop_en=frozenset(root(word) for word in file.stop_en),
        before_it=before,
        after_it=after,
        before_ends=tuple(phrase for phrase, _ in before),
        after_begins=tuple(phrase for phrase, _ in after),
    )


def _slots(file: _File) -> Book[SlotSense]:
    book: Book[SlotSense] = Book()
    for slot in file.slots:
        for value, phrases in slot.values.items():
            sense = SlotSense(slot.category, value, slot.kind, slot.use)
            for phrase in (*phrases.en, *phrases.zh):
                book.add(phrase, sense)
    for number, phrases in enumerate(file.things):
        for phrase in (*phrases.en, *phrases.zh):
            book.add(phrase, SlotSense(f"thing {number}", "", "coverage", "strict"))
    return book


def _same(file: _File) -> Book[tuple[str, int]]:
    book: Book[tuple[str, int]] = Book()
    for signed in file.signed:
        for phrases, sign in ((signed.plus, 1), (signed.minus, -1)):
            for phrase in (*phrases.en, *phrases.zh):
                book.add(phrase, (f"={signed.name}", sign))
    for group in (*file.same_en, *file.same_zh):
        for phrase in group:
            book.add(phrase, (f"={fold_phrase(group[0])}", 1))
    for phrase in file.stop_zh:
        book.add(phrase, ("", 1))
    return book


def _authorities(things: list[_Phrases]) -> frozenset[str]:
    """Return the last three characters of the listed authorities, which are held as things, under any of their names."""
    return frozenset(
        fold_phrase(phrase)[-3:] for phrases in things for phrase in phrases.zh if phrase[-1] in _AUTHORITY_ENDS
    )


def _named(lists: dict[str, _Phrases]) -> Book[str]:
    book: Book[str] = Book()
    for name, phrases in lists.items():
        for phrase in (*phrases.en, *phrases.zh):
            book.add(phrase, name)
    return book


def _modal(file: _File) -> Book[str]:
    book: Book[str] = Book()
    for name, phrases in file.modal.items():
        for phrase in (*phrases.en, *phrases.zh):
            book.add(phrase, name)
    holding = [
        *file.neutral_en, *file.neutral_zh,
        *(
            each
            for slot in file.slots
            if slot.use != "presence"
            for values in slot.values.values()
            for each in (*values.en, *values.zh)
        ),
        *(each for signed in file.signed for side in (signed.plus, signed.minus) for each in (*side.en, *side.zh)),
        *(each for bound in file.bounds for each in (*bound.en, *bound.zh)),
    ]  # fmt: skip
    own = {fold_phrase(each) for phrases in file.modal.values() for each in (*phrases.en, *phrases.zh)}
    for phrase in holding:
        if fold_phrase(phrase) in own and phrase not in file.neutral_zh:
            continue
        folded = fold_phrase(phrase)
        if book.find(folded, words_of(folded)) or phrase in file.neutral_zh or phrase in file.neutral_en:
            book.add(phrase, "")
    return book


def _bounds(file: _File, side: str) -> tuple[tuple[str, frozenset[str]], ...]:
    found: dict[str, set[str]] = {}
    for bound in file.bounds:
        if bound.side == side:
            for phrase in (*bound.en, *bound.zh):
                found.setdefault(fold_phrase(phrase), set()).add(bound.name)
    return tuple((phrase, frozenset(found[phrase])) for phrase in sorted(found, key=len, reverse=True))


def _data(name: str) -> object:
    return read_yaml((resources.files(_FOLDER) / name).read_bytes(), where=name)
