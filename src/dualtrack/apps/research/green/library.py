"""What a report has that can bear claims out: figures of its tables, figures said in its text, statements of assurers, definitions."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.apps.research.green.cells import Measure, Measures
from dualtrack.apps.research.green.claims import is_statement
from dualtrack.apps.research.green.compute import candidates, parts_in
from dualtrack.apps.research.green.reading import amounts, metric_in, shares_in, standards_in
from dualtrack.apps.research.green.records import Evidence
from dualtrack.apps.research.green.words import plain, says

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dualtrack.apps.research.green.compute import Computed
    from dualtrack.apps.research.green.records import Claim
    from dualtrack.apps.research.green.sentences import Sentence

__all__ = ["Library", "Statement"]

_SHOWN_MAX = 2


class Statement(NamedTuple):
    """A statement of an assurer: its page, the standards named on that page, and its words."""

    page: int
    standards: tuple[str, ...]
    evidence: Evidence


class Library:
    """What stands in one report, arranged to be looked up in bounded time."""

    def __init__(
        self, tables: Measures, sentences: Sequence[Sentence], claims: Sequence[Claim], year: int | None
    ) -> None:
        self.tables = tables
        self.year = year
        self._sentences = sentences
        self._by_key: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
        self._levels: dict[str, list[tuple[str, Measure]]] = defaultdict(list)
        self._targets: dict[tuple[int | None, str], list[Claim]] = defaultdict(list)
        for each in claims:
            if each.kind == "quantified":
                self._by_key[_key(each)].append(each)
            if each.kind == "quantified" and each.quantity == "level" and each.period and each.metric:
                self._levels[f"{each.metric} {each.language}"].append((each.sentence, _spoken(each)))
            if each.kind == "target":
                self._targets[each.period, each.language].append(each)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of assurers: pages with such a title, or with a sentence of that kind."""
        by_page: dict[int, list[Sentence]] = defaultdict(list)
        for each in self._sentences:
            by_page[each.page].append(each)
        found = []
        for page, said in by_page.items():
            first = next((each for each in said if is_statement(each.text)), None)
            if first is not None:
                standards = standards_in(plain("\n".join(each.text for each in said)))
                evidence = Evidence(kind="assurance statement", page=page, address="", text=first.text)
                found.append(Statement(page, standards, evidence))
        return tuple(found)

    def said(self, claim: Claim) -> Measures:
        """Return the amounts said of a quantity in other sentences of the claim's language; a translation bears nothing out."""
        here = self._levels.get(f"{claim.metric} {claim.language}", [])
        return Measures(each for sentence, each in here if sentence != claim.sentence)

    def again(self, claim: Claim) -> tuple[Claim, bool] | None:
        """Return another claim of the same quantity and period, and whether it says the same; one that does comes first."""
        others = [
            each
            for each in self._by_key.get(_key(claim), [])
            if plain(each.sentence) != plain(claim.sentence) and parts_in(each.text) == parts_in(claim.text)
        ]
        alike = next((each for each in others if _alike(claim, each)), None)
        if alike is not None:
            return alike, True
        exact = [each for each in others if not each.bound and not claim.bound]
        return (exact[0], False) if exact else None

    def changes(self, claim: Claim) -> Iterator[Computed]:
        """Yield the change of a claim's quantity between its baseline and its period, as the tables have it."""
        return candidates(replace(claim, quantity="change"), self.tables)

    def targets(self, claim: Claim) -> list[Claim]:
        """Return the other targets of the same year and language that are of the same quantity, or of none named."""
        known = self._targets.get((claim.period, claim.language), [])
        return [
            each
            for each in known
            if each.number != claim.number and (each.metric == claim.metric or None in {each.metric, claim.metric})
        ]

    def progress(self, metric: str, baseline: int | None) -> list[Evidence]:
        """Return what tells how far a target has come: figures of the base year and the report's year, or a sentence with a number."""
        if self.year is not None and baseline is not None:
            cells = [self.tables.of(metric, each)[:1] for each in (baseline, self.year)]
            if all(cells):
                return [
                    Evidence(kind="table cell", page=one.page, address=one.address, text=one.printed)
                    for (one,) in cells
                ]
        return [
            Evidence(kind="sentence", page=each.page, address="", text=each.text)
            for each in self._progressing.get(metric, [])
        ][:_SHOWN_MAX]

    @cached_property
    def _progressing(self) -> dict[str, list[Sentence]]:
        found: dict[str, list[Sentence]] = defaultdict(list)
        for each in self._sentences:
            known = plain(each.text)
            if says("target.progress", known) and (metric := metric_in(known)) and amounts(known):
                found[metric].append(each)
        return found

    def definition(self, word: str) -> Sentence | None:
        """Return the sentence that defines a word."""
        return next((each for each in self._defining if word in plain(each.text)), None)

    @cached_property
    def _defining(self) -> tuple[Sentence, ...]:
        return tuple(each for each in self._sentences if says("defines", plain(each.text)))

    def named_elsewhere(self, claim: Claim) -> Sentence | None:
        """Return another sentence that names a claim's standard."""
        wanted = set(claim.standards)
        return next(
            (
                each
                for each in self._naming
                if each.text != claim.sentence and wanted & set(standards_in(plain(each.text)))
            ),
            None,
        )

    @cached_property
    def _naming(self) -> tuple[Sentence, ...]:
        return tuple(each for each in self._sentences if standards_in(plain(each.text)))


def _key(claim: Claim) -> tuple[object, ...]:
    baseline = None if claim.quantity == "level" else claim.baseline
    return claim.metric, claim.scopes, claim.quantity, claim.unit, claim.language, claim.period, baseline


def _alike(claim: Claim, other: Claim) -> bool:
    return claim.value == other.value and claim.bound == other.bound


def _spoken(claim: Claim) -> Measure:
    (amount, *_) = (*amounts(plain(claim.printed), counts=True), *shares_in(plain(claim.printed))) or (None,)
    return Measure(
        metric=claim.metric or "", scopes=claim.scopes, unit=claim.unit, value=Decimal(claim.value or 0),
        step=amount.step if amount else Decimal(0), year=claim.period or 0, page=claim.page, address=f"page {claim.page}", printed=claim.printed,
        label=claim.text, whole=not parts_in(claim.text),
    )  # fmt: skip
