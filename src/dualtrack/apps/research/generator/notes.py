"""The notes of a report as tables: segments, expenses, tax, earnings a share, receivables, borrowings, and emissions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from dualtrack.apps.research.generator.book import Column, Number, Row
from dualtrack.apps.research.generator.statements import (
    cents,
    count,
    money,
    row,
    section,
    stated_table,
    years_of,
)
from dualtrack.apps.research.generator.wording import day_words, end_day, half_day, line_label
from dualtrack.apps.research.units import unit_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.apps.research.generator.book import RowKind, Table
    from dualtrack.apps.research.generator.statements import Drawn
    from dualtrack.apps.research.units import Unit

__all__ = ["QUANTITIES", "note_tables", "two_period_table"]

QUANTITIES: dict[str, Unit] = {
    "scope_1": unit_of("tCO2e"),
    "scope_2": unit_of("tCO2e"),
    "scopes": unit_of("tCO2e"),
    "energy": unit_of("MWh"),
    "renewable": unit_of("MWh"),
    "water": unit_of("m3"),
    "waste": unit_of("tonne"),
}
"""Lines of the table of emissions with their units."""


def note_tables(drawn: Drawn) -> dict[str, Table]:
    """Return the tables of the notes and of the environment by their keys."""
    tables = [
        _segments(drawn, "segments", drawn.year),
        _segments(drawn, "segments_before", drawn.year - 1),
        stated_table(drawn, "expenses", "Profit before tax is after charging|除稅前溢利已扣除", _lines(drawn, ("staff_costs", "auditor_pay", "short_leases"), positive=True)),
        stated_table(drawn, "taxation", "Income tax expense|所得稅開支", _lines(drawn, ("tax_hong_kong", "tax_elsewhere", "*tax_total"), positive=True)),
        _earnings(drawn),
        stated_table(drawn, "ageing", "Trade receivables by age|應收貿易賬款賬齡", _lines(drawn, ("due_current", "due_90", "due_more", "*receivables_total")), at=True),
        stated_table(drawn, "borrowings", "Bank borrowings by date of repayment|銀行借貸還款期", _lines(drawn, ("within_1", "within_2", "within_5", "*debt")), at=True),
        _emissions(drawn),
    ]  # fmt: skip
    return {table.key: table for table in tables}


def _lines(drawn: Drawn, lines: Iterable[str], *, positive: bool = False) -> list[Row]:
    """Return rows of a note; costs are positive there, since its title says what they are."""
    years, found = years_of(drawn), list[Row]()
    for each in lines:
        line = each.lstrip("*")
        if each.startswith("*") or any(drawn.amount(line, year) for year in years):
            kind: RowKind = "total" if each.startswith("*") else "line"
            made = row(drawn, line, years, kind)
            cells = tuple(cell and cell._replace(value=-cell.value if positive else cell.value) for cell in made.cells)
            found.append(made._replace(cells=cells, note=""))
    return found


def _segments(drawn: Drawn, key: str, year: int) -> Table:
    """Return revenue and result by segment, with a column each and one for the whole."""
    issuer, figures = drawn.issuer, drawn.figures[year]

    def cells(line: str, which: int) -> tuple[Number, ...]:
        whole = money(drawn, "revenue", year)
        return tuple(
            whole._replace(line=line, value=Decimal(each[which] * issuer.grain), segment=at)
            for at, each in enumerate(figures.segments)
        )

    nothing = (None,) * len(issuer.segments)
    result = sum(each[1] for each in figures.segments)
    whole = money(drawn, "revenue", year)._replace(line="segment_result", value=Decimal(result * issuer.grain))
    rows = (
        Row("line", "segment_revenue", line_label(issuer, "segment_revenue"), (*cells("segment_revenue", 0), money(drawn, "segment_revenue", year))),
        Row("line", "segment_result", line_label(issuer, "segment_result"), (*cells("segment_result", 1), whole)),
        Row("line", "unallocated", line_label(issuer, "unallocated"), (*nothing, money(drawn, "unallocated", year))),
        Row("total", "segment_operating", line_label(issuer, "operating_profit", (drawn.amount("operating_profit", year),)), (*nothing, money(drawn, "segment_operating", year))),
    )  # fmt: skip
    table = stated_table(drawn, key, "Segment information|分部資料", rows)
    day = day_words(issuer, end_day(issuer, year))
    heads = (*issuer.segments, Text(en="Total", zh="總計"))
    return table._replace(
        columns=tuple(Column(head) for head in heads),
        subtitle=Text(en=f"For the year ended {day.en}", zh=f"截至{day.zh}止年度"),
    )


def _earnings(drawn: Drawn) -> Table:
    years, issuer = years_of(drawn), drawn.issuer
    owners = row(drawn, "profit_attributable", years)
    shares = tuple(Number("shares", Decimal(issuer.shares), year, 12, unit_of("share"), 0, 0) for year in years)
    shown = tuple(cents(drawn, "basic_earnings_per_share", "profit_owners", year) for year in years)
    rows = (
        owners,
        Row("line", "shares", line_label(issuer, "shares"), shares),
        Row("total", "basic_earnings_per_share", line_label(issuer, "basic_earnings_per_share"), shown),
    )
    return stated_table(drawn, "earnings", "Earnings per share|每股盈利", rows)


def _emissions(drawn: Drawn) -> Table:
    years = years_of(drawn)
    rows = tuple(
        Row("total" if line == "scopes" else "line", line, line_label(drawn.issuer, line), tuple(count(drawn, line, year, unit) for year in years))
        for line, unit in QUANTITIES.items()
    )  # fmt: skip
    table = stated_table(drawn, "emissions", "Environmental data|環境數據", rows)
    return table._replace(currency=None, scale=None)


def two_period_table(drawn: Drawn) -> Table:
    """Return a table whose one column holds half a year and the whole year, below headings of their own."""
    issuer, figures = drawn.issuer, drawn.figures[drawn.year]
    half = half_day(issuer, drawn.year)
    first, last = day_words(issuer, half), day_words(issuer, end_day(issuer, drawn.year))
    lines = ("revenue", "operating_profit", "profit")
    rows: list[Row] = [section(f"Six months ended {first.en}|截至{first.zh}止六個月")]
    for line in lines:
        made = row(drawn, line, (drawn.year,))
        grains = round(drawn.amount(line, drawn.year) * figures.half_share)
        cell = money(drawn, line, drawn.year)._replace(value=Decimal(grains * issuer.grain), months=6)
        rows.append(made._replace(kind="line", cells=(cell,), note=""))
    rows.append(section(f"Year ended {last.en}|截至{last.zh}止年度"))
    rows += [row(drawn, line, (drawn.year,))._replace(note="") for line in lines]
    table = stated_table(
        drawn, "two_periods", "Results of the half-year and the year|半年及全年業績", rows, years=(drawn.year,)
    )
    empty = Text(en="", zh="")
    return table._replace(subtitle=empty, columns=(Column(empty),))
