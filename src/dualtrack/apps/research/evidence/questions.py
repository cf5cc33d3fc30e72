"""Test questions whose answers are known: about lines, changes and figures of a made report, and about what it does not have.

A group is one question in several wordings. What counts as right is every value that the report itself prints for it, whatever the page:
rounding on another page is no error of the answer.
"""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import count
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.research.documents.labels import labels
from dualtrack.apps.research.generator.issuer import make_issuer
from dualtrack.apps.research.generator.make import make_truth
from dualtrack.apps.research.generator.truth import in_language
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from dualtrack.apps.research.generator.truth import Fact, Truth

__all__ = ["KINDS", "Amount", "Kind", "KnownQuestion", "make_questions"]

Kind = Literal["value", "before", "change", "ratio", "missing_line", "missing_page", "other_issuer", "other_year"]

KINDS: tuple[Kind, ...] = (
    "value",
    "before",
    "change",
    "ratio",
    "missing_line",
    "missing_page",
    "other_issuer",
    "other_year",
)
"""Kinds of questions; of the last four no document of the desk holds an answer."""

_FILE = "wordings.yaml"
_STATED = frozenset({"income", "position", "cash_flow"})
_YEARS_BACK = 9
"""Years before the report for which it has no figure: its summary goes back four."""

_STRANGER = 1_000_003
"""Added to a seed for an issuer that is in no store; a prime, so that seeds of a run do not meet it."""

_NOT_ALONE = frozenset({"profit_minority", "equity_minority"})
"""Lines of one name in two statements: a question by that name means two numbers."""

_BY_CONCEPT = frozenset({"earnings_per_share", "profit_owners"})
"""Lines whose printed label says little without the heading above it ("Basic"): asked by their usual name."""


class Amount(NamedTuple):
    """A value that is right, in base units, and the pages that each hold all it takes."""

    value: Decimal
    pages: frozenset[int]


class KnownQuestion(NamedTuple):
    """A question: its group, its words, what an analyst would search for, what is right (nothing: there is no answer)."""

    group: str
    kind: Kind
    wording: int
    text: str
    search: str
    issuer: str
    right: tuple[Amount, ...]


class _Names(Record, frozen=True, rename={"zh": "zh-Hant"}):
    en: list[str]
    zh: list[str]

    def of(self, language: str) -> list[str]:
        return self.en if language == "en" else self.zh


class _Wordings(Record, frozen=True):
    value: _Names
    change: _Names
    ratio: _Names
    ratios: dict[str, _Names]
    absent: list[_Names]
    names: dict[str, _Names]


@cache
def _wordings() -> _Wordings:
    data = (resources.files("dualtrack.apps.research.evidence") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), _Wordings, where=_FILE)


def make_questions(truth: Truth, *, lines: int = 3, known: Collection[str] = ()) -> tuple[KnownQuestion, ...]:
    """Return questions to a made report in its language, from its seed; `lines` is how many lines are asked of each year.

    `known` are names of issuers whose reports are loaded too: the one that is in no store has none of them. Lines are drawn without looking at what the desk can read. The language must be one of the two: a report in both is asked in each.
    """
    chance = random.Random(f"questions {truth.seed} {truth.year}")  # noqa: S311 - a test set, no secret
    return tuple(_numbered(truth, _groups(truth, chance, lines, known)))


class _Group(NamedTuple):
    kind: Kind
    names: Sequence[str]
    wordings: Sequence[str]
    year: int
    right: tuple[Amount, ...] = ()
    issuer: str = ""


def _groups(truth: Truth, chance: random.Random, lines: int, known: Collection[str]) -> Iterator[_Group]:
    words, language, year = _wordings(), truth.language, truth.year
    found = _lines(truth)
    drawn = chance.sample(sorted(found), min(3 * lines, len(found)))
    for concept in drawn[:lines]:
        yield _Group(
            "value", _said(found[concept], language), words.value.of(language), year, _values(truth, concept, year)
        )
    for concept in drawn[lines : 2 * lines]:
        right = _values(truth, concept, year - 1)
        yield _Group("before", _said(found[concept], language), words.value.of(language), year - 1, right)
    for concept in drawn[2 * lines :]:
        yield _Group(
            "change", _said(found[concept], language), words.change.of(language), year, _changes(truth, concept)
        )
    for name, said in words.ratios.items():
        yield _Group("ratio", said.of(language), words.ratio.of(language), year, _ratios(truth, name))
    some = found[drawn[0]]
    absent = chance.sample(words.absent, 2)
    for missing in absent:
        yield _Group("missing_line", missing.of(language), words.value.of(language)[:2], year)
    two = words.value.of(language)[:2]
    yield _Group("other_issuer", _said(some, language), two, year, issuer=_stranger(truth, known))
    yield _Group("other_year", _said(some, language), words.value.of(language)[:2], year - _YEARS_BACK)
    for fact in _left_out(truth, chance):
        yield _Group("missing_page", _said(fact, language), words.value.of(language)[:2], year)


def _stranger(truth: Truth, known: Collection[str]) -> str:
    """Return the name of an issuer that is none of those known, as the language of the report has it."""
    taken = {*known, in_language(truth.issuer.name, truth.language)}
    names = (in_language(make_issuer(truth.seed + _STRANGER + more).name, truth.language) for more in count())
    return next(name for name in names if name not in taken)


def _numbered(truth: Truth, groups: Iterable[_Group]) -> Iterator[KnownQuestion]:
    own = in_language(truth.issuer.name, truth.language)
    for number, each in enumerate(groups, 1):
        issuer = each.issuer or own
        for wording, form in enumerate(each.wordings):
            line = each.names[wording % len(each.names)]
            text = form.format(name=issuer, line=line, year=each.year, before=each.year - 1)
            yield KnownQuestion(
                group=f"{truth.seed}-{number}", kind=each.kind, wording=wording + 1, text=text, search=line, issuer=issuer, right=each.right
            )  # fmt: skip


def _lines(truth: Truth) -> dict[str, Fact]:
    """Return the lines of statements that can be asked for by name in both years, by concept."""
    found: dict[str, Fact] = {}
    years = defaultdict[str, set[int]](set)
    for fact in truth.facts:
        if fact.statement in _STATED and fact.concept and fact.line not in _NOT_ALONE and not (fact.image or fact.nil):
            years[fact.concept].add(fact.period.year)
            found.setdefault(fact.concept, fact)
    return {name: fact for name, fact in found.items() if {truth.year, truth.year - 1} <= years[name]}


def _said(fact: Fact, language: str) -> list[str]:
    """Return the names of a line: as printed, as printed, then another name for the same number.

    A label with a choice in it ("(Loss)/profit") or that needs the heading above it is no name: the usual one stands in its place.
    """
    concept = labels().concepts.get(fact.concept or "")
    printed = fact.label.en if language == "en" else fact.label.zh
    if concept is not None and (set("/／") & set(printed) or fact.line in _BY_CONCEPT):
        printed = (concept.en if language == "en" else concept.zh)[0]
    known = _wordings().names.get(fact.concept or "")
    other = known.of(language)[0] if known is not None else printed
    return [_lowered(printed), _lowered(printed), other]


def _lowered(name: str) -> str:
    """Return a name as it stands within a sentence."""
    return name[:1].lower() + name[1:]


def _of(truth: Truth, concept: str, year: int) -> list[Fact]:
    """Return every whole-year number of a line that the report prints, by its concept."""
    return [
        each
        for each in truth.facts
        if each.concept == concept
        and each.period.year == year
        and each.period.months in {None, 12}
        and "[" not in each.line
        and not each.image
    ]


def _values(truth: Truth, concept: str, year: int) -> tuple[Amount, ...]:
    pages = defaultdict[Decimal, set[int]](set)
    for fact in _of(truth, concept, year):
        for value in (Decimal(fact.value), Decimal(fact.role_value)):
            pages[value].add(fact.page)
    return _amounts(pages)


def _changes(truth: Truth, concept: str) -> tuple[Amount, ...]:
    """Return the change of a line as a share, from numbers of one table, or as the report prints it."""
    pages = defaultdict[Decimal, set[int]](set)
    for now in _of(truth, concept, truth.year):
        for then in _of(truth, concept, truth.year - 1):
            if now.table == then.table and Decimal(then.value):
                pages[(Decimal(now.value) - Decimal(then.value)) / Decimal(then.value)].add(now.page)
    for fact in truth.facts:
        if fact.line == f"{concept}_change" and fact.period.year == truth.year:
            pages[Decimal(fact.value)].add(fact.page)
    return _amounts(pages)


def _ratios(truth: Truth, name: str) -> tuple[Amount, ...]:
    """Return gross margin or current ratio from numbers of one statement, and as the report prints it."""
    above, below = {
        "gross_margin": ("gross_profit", "revenue"),
        "current_ratio": ("current_assets", "current_liabilities"),
    }[name]
    pages = defaultdict[Decimal, set[int]](set)
    for top in _of(truth, above, truth.year):
        for bottom in _of(truth, below, truth.year):
            if top.table == bottom.table and Decimal(bottom.value):
                pages[Decimal(top.value) / Decimal(bottom.value)].add(top.page)
    for fact in truth.facts:
        if fact.line == name and fact.period.year == truth.year:
            pages[Decimal(fact.value)].add(fact.page)
    return _amounts(pages)


def _amounts(pages: dict[Decimal, set[int]]) -> tuple[Amount, ...]:
    return tuple(Amount(value, frozenset(found)) for value, found in pages.items())


def _left_out(truth: Truth, chance: random.Random) -> list[Fact]:
    """Return two lines that stood on the page that was left out and stand on no other."""
    planted = [each.kind for each in truth.planted]
    if "missing_page" not in planted:
        return []
    kept = [each for each in planted if each != "missing_page"]
    whole = make_truth(truth.seed, issuer=truth.issuer, year=truth.year, language=truth.language, errors=kept)
    there = {(each.line, each.concept) for each in truth.facts}
    names = {each.concept for each in truth.facts if each.concept}
    gone: dict[str, Fact] = {
        each.line: each
        for each in whole.facts
        if (each.line, each.concept) not in there
        and each.concept
        and each.concept not in names
        and each.period.year == truth.year
        and "[" not in each.line
    }
    return [gone[line] for line in chance.sample(sorted(gone), min(2, len(gone)))]
