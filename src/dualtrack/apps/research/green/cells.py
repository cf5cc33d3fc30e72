"""The quantities of a report: each cell of its tables (and each fact) that is a number of something the claims are about, in a year.

A cell counts where its row names a quantity, its column one year, and its text is one number. Units come from the row, a column
of units, the header or the title, the nearest first; where none is stated the unit is empty, and no other is put in its place.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.documents.headings import read_heading
from dualtrack.apps.research.documents.model import Address
from dualtrack.apps.research.green.reading import metric_in, scopes_in, unit_in, years_in
from dualtrack.apps.research.green.words import green_words, pattern_of, plain
from dualtrack.apps.research.reported import read_reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dualtrack.apps.research.documents.facts import Fact
    from dualtrack.apps.research.documents.model import Cell, Document, Table

__all__ = ["Measure", "Measures", "measures_of"]


class Measure(NamedTuple):
    """A number of a quantity in a year. `whole` tells that its label names the quantity and no part of it."""

    metric: str
    scopes: tuple[int, ...]
    unit: str
    value: Decimal
    step: Decimal
    year: int
    page: int
    address: str
    printed: str
    label: str
    whole: bool


class Measures:
    """The quantities of a report by metric and year."""

    def __init__(self, found: Iterable[Measure]) -> None:
        self._by: dict[str, dict[int, list[Measure]]] = {}
        self.years: dict[int, int] = {}
        for each in found:
            self._by.setdefault(each.metric, {}).setdefault(each.year, []).append(each)
            self.years[each.year] = self.years.get(each.year, 0) + 1

    def of(self, metric: str, year: int) -> list[Measure]:
        """Return the numbers of a quantity in a year."""
        return self._by.get(metric, {}).get(year, [])

    def years_of(self, metric: str) -> tuple[int, ...]:
        """Return the years of which the report has numbers of a quantity."""
        return tuple(sorted(self._by.get(metric, {})))


def measures_of(document: Document, facts: Iterable[Fact] = ()) -> Measures:
    """Return the quantities of a report, from its tables, then from facts whose cell no table gave."""
    found = [each for page in document.pages for table in page.tables for each in _table(document, table)]
    known = {each.address for each in found}
    found += [each for fact in facts if fact.address not in known and (each := _fact(fact)) is not None]
    return Measures(found)


def _table(document: Document, table: Table) -> Iterator[Measure]:
    title = plain(table.title)
    years = _columns(table, title)
    if not years:
        return
    heading = ""
    for number, row in enumerate(table.rows, 1):
        label = plain(" ".join(cell.text for cell in row if cell.column == 1))
        numbers = [cell for cell in row if cell.column in years]
        if not numbers:
            heading = label or heading
            continue
        metric = _metric(label, heading, title)
        if metric is None:
            continue
        others = [plain(cell.text) for cell in row if cell.column not in years and cell.column != 1]
        around = (label, *others, heading)
        for cell in numbers:
            made = _measure(cell, metric, (*around, years[cell.column][1], title), label, heading)
            if made is not None:
                address = str(Address(document.name, table.page, table.number, number, cell.column))
                yield made._replace(year=years[cell.column][0], page=table.page, address=address)


def _columns(table: Table, title: str) -> dict[int, tuple[int, str]]:
    """Return the year and the text of each column that has one; a column of changes has none."""
    found = {}
    values = [column for column in table.columns if column.number != 1 and column.kind != "note"]
    for column in values:
        years = set(years_in(column.text))
        if len(values) == 1 and not years:
            years = set(years_in(title))
        heading = read_heading(column.text)
        if len(years) == 1 and not heading.change:
            found[column.number] = (years.pop(), plain(column.text))
    return found


def _metric(label: str, heading: str, title: str) -> str | None:
    """Return the quantity of a row; a label that only says `total` or a scope takes that of the heading or title."""
    named = metric_in(label)
    if named is not None:
        return named
    if scopes_in(label):
        return "emissions"
    if _rest(label):
        return None
    return metric_in(heading) or metric_in(title)


def _measure(cell: Cell, metric: str, around: tuple[str, ...], label: str, heading: str) -> Measure | None:
    reported = read_reported(cell.text)
    if reported is None or reported.nil:
        return None
    digits = re.sub(r"[^\d.]", "", cell.text).partition(".")[2]
    step = Decimal(1).scaleb(-len(digits) + (reported.scale or 0) - (2 if reported.percent else 0))
    unit, power = _unit(metric, around, percent=reported.percent, currency=reported.currency)
    if reported.percent or reported.scale is not None:
        power = 0
    scopes = scopes_in(label) or (scopes_in(heading) if metric in {"emissions", "intensity"} else ())
    return Measure(
        metric=metric, scopes=scopes, unit=unit, value=reported.value.scaleb(power), step=step.scaleb(power), year=0,
        page=0, address="", printed=cell.text, label=label, whole=not _rest(label),
    )  # fmt: skip


def _unit(metric: str, around: tuple[str, ...], *, percent: bool, currency: str | None) -> tuple[str, int]:
    """Return the unit and its power: that of the cell itself, else the nearest that this quantity can have."""
    if percent:
        return "%", 0
    wanted = green_words().metrics[metric].units
    if "money" in wanted:
        for text in around:
            heading = read_heading(text)
            if heading.currency or heading.scale is not None:
                return currency or heading.currency or "", heading.scale or 0
        return currency or "", 0
    for text in around:
        found = unit_in(text)
        if found is not None and (found[0] in wanted or "intensity" in metric):
            return found
    return "", 0


def _fact(fact: Fact) -> Measure | None:
    label = plain(fact.label)
    metric = metric_in(label)
    if metric is None:
        return None
    found = unit_in(label)
    unit = found[0] if found else "".join(name for name, _ in fact.unit.parts)
    value = Decimal(fact.value).scaleb(found[1] if found else 0)
    page = re.search(r"#p(\d+)/", fact.address)
    return Measure(
        metric=metric, scopes=scopes_in(label), unit=unit, value=value, step=Decimal(1).scaleb(fact.scale), year=fact.period.year,
        page=int(page[1]) if page else 0, address=fact.address, printed=fact.printed, label=label, whole=not _rest(label),
    )  # fmt: skip


def _rest(label: str) -> str:
    """Return what a label says beyond a quantity, scopes, totals and units; empty where it names the whole."""
    rest = re.sub(r"\b(?:scopes?|範圍|範疇)\s*[\d一二三,、and&+及和與至to\s-]+", " ", label)
    for pattern in _patterns():
        rest = pattern.sub(" ", rest)
    return re.sub(r"[\W\d_]+|\b[a-z0-9]\b", "", rest)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    words = green_words()
    return (
        pattern_of(text for each in words.units.values() for text in (*each.en, *each.zh)),
        pattern_of(text for each in words.metrics.values() for text in (*each.en, *each.zh)),
        pattern_of((*words.total.en, *words.total.zh, *words.filler.en, *words.filler.zh)),
    )
