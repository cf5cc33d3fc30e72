"""Which table is which financial statement, and its lines as facts.

A statement is told by a title above a table, and holds at least two lines that such a statement has: a list of contents or a note that
mentions it does not. Facts outside statements keep their label and get a concept only where the label can mean nothing else.
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.documents.columns import column_meanings, lines_above
from dualtrack.apps.research.documents.facts import Fact
from dualtrack.apps.research.documents.headings import plain_label, read_heading
from dualtrack.apps.research.documents.labels import concept_of, label_rank, labels, statement_named
from dualtrack.apps.research.documents.model import Address
from dualtrack.apps.research.documents.rows import join_lines
from dualtrack.apps.research.reported import read_reported
from dualtrack.apps.research.units import NUMBER, UNSTATED, Unit, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.documents.columns import Meaning
    from dualtrack.apps.research.documents.labels import StatementKind
    from dualtrack.apps.research.documents.model import Box, Cell, Document, Page, Table
    from dualtrack.apps.research.documents.periods import Period

__all__ = ["document_facts", "page_facts", "table_statement"]

_RANK_MAX = 10**6

_LINES_MIN = 2
"""Known lines that a table under a statement's title must have."""

_NOTES = re.compile(
    r"notes? to (?:the )?(?:condensed |consolidated |interim |unaudited )*financial (?:statements|report|information)|財務報表附註|財務資料附註|財務報告附註"
)
_COMPANY = re.compile(
    r"\bcompany(?:'s)? (?:statement|balance)|^(?:statement|balance sheet).* of the company|本公司(?:之|的)?(?:財務狀況|資產負債)"
)
_PER_SHARE = re.compile(r"per share|a share|每股")
_CENTS = re.compile(r"\bcents?\b|仙")
_SHARES = re.compile(
    r"number of (?:ordinary )?shares|weighted average.*shares|shares in issue|股數|加權平均數|已發行股份"
)
_PEOPLE = re.compile(r"number of (?:employees|staff)|headcount|(?:僱員|員工)(?:人數|總數|數目)")
_RATE = re.compile(r"%|\bratio\b|\bmargin\b|\brate\b(?! changes)|比率|百分比|率$")
_OF_SHARE = re.compile(r"basic|diluted|basic and diluted|interim|final|special|基本|攤薄|基本及攤薄|中期|末期|特別")
_PRICES = frozenset({"earnings_per_share", "dividend_per_share"})
_PHYSICAL = (
    ("tCO2e", re.compile(r"tonnes? (?:of )?co2e?\b|tco2e?\b|二氧化碳當量")),
    ("tonne", re.compile(r"\(tonnes?\)|\bin tonnes\b|[(（]公噸[)）]")),
    ("MWh", re.compile(r"\bmwh\b|兆瓦時")),
    ("m3", re.compile(r"cubic met(?:re|er)s?|\bm3\b|立方米")),
)
"""Units of an environmental report that a label states."""

_WHOLE = re.compile(r"comprehensive|全面")
_OF_OWNERS = re.compile(r"attributable|應佔|歸屬")


def document_facts(document: Document) -> tuple[Fact, ...]:
    """Return every number of every table whose column has a period, as facts; none of a page that was read from a picture."""
    return tuple(
        fact
        for page in document.pages
        if page.confidence is None
        for fact in page_facts(document.name, page, document.about.currency)
    )


def page_facts(name: str, page: Page, currency: str = "") -> tuple[Fact, ...]:
    """Return the facts of one page; `currency` is that of numbers for which no heading says one."""
    taken = [table.box for table in page.tables if table.box]
    lines = [(line.text, line.box.bottom) for line in page.lines if line.box and not _inside(line.box, taken)]
    return tuple(
        fact for table in page.tables for fact in _table_facts(name, table, lines_above(table, lines), currency)
    )


def _inside(box: Box, taken: Sequence[Box]) -> bool:
    """Tell whether a line stands in a table: its words are of that table alone."""
    middle = (box.top + box.bottom) / 2
    return any(each.top <= middle <= each.bottom for each in taken)


def table_statement(table: Table, above: Sequence[str]) -> StatementKind | None:
    """Return which statement a table is, from the lines above it, the nearest first; None for a note or a company's own."""
    if any(_NOTES.search(plain_label(line)) for line in above):
        return None
    own = table.title.splitlines()[::-1]  # a further table with a title of its own is not what the page's title says
    lines = own if table.number > 1 and own else above
    for place, line in enumerate(lines):
        kind = statement_named(line)
        if kind is None and place + 1 < len(lines):
            kind = statement_named(join_lines(lines[place + 1], line))  # a title over two lines
        if kind is not None:
            known = {concept_of(row[0].text, kind) for row in table.rows if row and row[0].column == 1} - {None}
            company = _COMPANY.search(plain_label(line)) is not None
            return kind if len(known) >= _LINES_MIN and not company else None
    return None


def _other_year(label: str, period: Period) -> bool:
    years = {each.year for each in read_heading(label).periods}
    return bool(years) and period.year not in years


class _Line(NamedTuple):
    """A row of numbers in its section, with the concept that its label is; `day` is that of a row which is a date, as in changes of equity."""

    label: str
    section: str
    concept: str | None
    cells: tuple[Cell, ...]
    period: Period | None
    day: Period | None = None


def _table_facts(name: str, table: Table, above: list[str], currency: str) -> list[Fact]:
    meanings = column_meanings(table, above)
    meanings = {
        place: each if each.currency else each._replace(currency=currency or None) for place, each in meanings.items()
    }
    kind = table_statement(table, above)
    found = []
    for line in _lines(table, kind):
        for cell in line.cells:
            meaning = meanings.get(cell.column)
            around = None if meaning is None else meaning.period if meaning.own else line.period or meaning.period
            period = line.day or around or line.period
            if period is not None and not line.day and meaning and not meaning.own and _other_year(line.label, period):
                continue  # a label that names another year is not of the title's
            if meaning is not None and period is not None:
                fact = _fact(name, table, line, cell, meaning._replace(period=period), kind)
                found += [] if fact is None else [fact]
    return _signed(_single(found))


def _lines(table: Table, kind: StatementKind | None) -> list[_Line]:
    section, found = "", list[_Line]()
    period: Period | None = None
    for row in table.rows:
        label = row[0].text if row and row[0].column == 1 else ""
        cells = tuple(cell for cell in row if cell.column > 1)
        if label and not cells:
            section = label
            heading = read_heading(label)
            if heading.says and len({each.year for each in heading.periods}) == 1:
                period = heading.periods[0]
        elif cells:
            concept = _concept(label, section, kind) if label else _subtotal(section, cells, found, kind)
            own = read_heading(label)
            day = own.periods[0] if own.says and len(own.periods) == 1 and own.periods[0].end else None
            found.append(_Line(label, section, concept, cells, period, day))
    return found


def _subtotal(section: str, cells: tuple[Cell, ...], above: Sequence[_Line], kind: StatementKind | None) -> str | None:
    """Return the concept of a sum without a label: that of its section, where the lines of the section add up to it."""
    parts = list(takewhile(lambda line: line.section == section and line.label, reversed(above)))
    for cell in cells:
        found = [read_reported(one.text) for line in parts for one in line.cells if one.column == cell.column]
        whole, places = read_reported(cell.text), len(cell.text.partition(".")[2].strip(")"))
        if not parts or whole is None or None in found:
            return None
        off = abs(sum((each.value for each in found if each), Decimal(0)) - whole.value)
        if off > Decimal(len(found) + 1).scaleb(-places) / 2:
            return None
    return concept_of(section, kind)


def _concept(label: str, section: str, kind: StatementKind | None) -> str | None:
    """Return the concept of a label in its section: `basic` means earnings a share only below a heading that says so."""
    concept = concept_of(label, kind)
    if concept is None:
        return None
    plain, over = plain_label(label), plain_label(section)
    if concept in {"profit_owners", "profit_minority"}:
        both = f"{over} {plain}"
        return concept if _OF_OWNERS.search(both) and not _WHOLE.search(both) else None
    if concept == "earnings_per_share":
        return concept if _PER_SHARE.search(f"{over} {plain}") and not re.search("dilut|攤薄", plain) else None
    return concept


def _fact(
    name: str, table: Table, line: _Line, cell: Cell, meaning: Meaning, kind: StatementKind | None
) -> Fact | None:
    reported = read_reported(cell.text)
    if reported is None or meaning.period is None:
        return None
    unit, scale = _unit(line, meaning)
    if reported.percent:
        unit, scale = NUMBER, 0
    elif reported.currency:
        price = Unit(parts=tuple(sorted(((reported.currency, 1), ("share", -1)))))
        unit, scale = (price if ("share", -1) in unit.parts else unit_of(reported.currency)), 0
    scale = 0 if reported.scale is not None else scale
    value = numeral(reported.value.scaleb(scale))
    return Fact(
        document=name,
        address=str(Address(name, table.page, table.number, cell.row, cell.column)),
        statement=kind,
        concept=line.concept if meaning.plain and not reported.percent else None,
        label=line.label or line.section,
        printed=cell.text,
        value=value,
        role_value=value,
        unit=unit,
        scale=scale,
        period=meaning.period,
        column=meaning.text,
        restated=meaning.restated,
        nil=reported.nil,
    )


def _unit(line: _Line, meaning: Meaning) -> tuple[Unit, int]:
    """Return unit and scale of a line; one that says it is a share, a ratio or a count is not in the money of its column."""
    money = UNSTATED if meaning.currency is None else unit_of(meaning.currency)
    own, label = read_heading(line.label), plain_label(line.label)
    under = f"{plain_label(line.section)} {label}" if _OF_SHARE.fullmatch(label) or line.concept in _PRICES else label
    if _SHARES.search(label):
        return unit_of("share"), max(0, own.scale or 0)
    if _PER_SHARE.search(under):
        cents = _CENTS.search(f"{under} {plain_label(meaning.text)}") is not None
        price = Unit(parts=tuple(sorted(((meaning.currency, 1), ("share", -1))))) if meaning.currency else UNSTATED
        return price, -2 if cents else 0
    for name, pattern in _PHYSICAL:
        if pattern.search(label):
            return unit_of(name), max(0, own.scale or 0)
    if label and (_PEOPLE.search(label) or _RATE.search(label)):
        return NUMBER, 0
    if own.currency and own.scale is not None and own.scale >= 0:
        return unit_of(own.currency), own.scale
    return money, meaning.scale


def _single(facts: list[Fact]) -> list[Fact]:
    """Leave a concept with one number a column: two different ones (equity of owners, total equity) cannot both be it."""
    best: dict[tuple[str, str], tuple[int, str]] = {}
    for fact in facts:
        if fact.concept:
            key = (fact.concept, _column(fact))
            best[key] = min(best.get(key, (_RANK_MAX, "")), (label_rank(fact.label, fact.concept), fact.value))
    return [
        replace(each, concept=None) if each.concept and best[each.concept, _column(each)][1] != each.value else each
        for each in facts
    ]


def _column(fact: Fact) -> str:
    """Return the column of a fact with its period, since stacked years share one."""
    return f"{fact.address.rpartition('c')[2]} {fact.period.year}"


def _signed(facts: list[Fact]) -> list[Fact]:
    """Give costs the sign that their roles ask for: where a table prints most of its costs in brackets, a bracket is a cost."""
    costs = [each for each in facts if each.concept and labels().concepts[each.concept].cost]
    told = [each for each in costs if each.concept != "depreciation_amortisation" and not each.nil]
    negative = sum(each.value.startswith("-") for each in told)
    turned = negative * 2 >= len(told) and negative > 0
    return [_turned(each, turned=turned) if each in costs else each for each in facts]


def _turned(fact: Fact, *, turned: bool) -> Fact:
    below = fact.value.startswith("-")
    if fact.concept == "depreciation_amortisation":
        turned = below  # added back in a statement of cash flows, taken away in one of income
    value = fact.value
    if turned:
        value = value[1:] if below else value if value == "0" else f"-{value}"
    return replace(fact, role_value=value)
