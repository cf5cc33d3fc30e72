"""The statements of a report as tables: income, financial position, changes in equity, cash flows, five years and highlights."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.generator.book import Column, Number, Row, Table
from dualtrack.apps.research.generator.wording import day_words, end_day, line_label, year_words
from dualtrack.apps.research.units import NUMBER, Unit, unit_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.research.generator.book import RowKind, Stated
    from dualtrack.apps.research.generator.figures import Figures
    from dualtrack.apps.research.generator.issuer import Issuer

__all__ = [
    "PER_SHARE",
    "Drawn",
    "cents",
    "count",
    "income_title",
    "money",
    "row",
    "section",
    "stated_table",
    "statement_tables",
    "years_of",
]

PER_SHARE = Unit(parts=(("HKD", 1), ("share", -1)))

_INSTANTS = frozenset(
    {"property_plant", "goodwill_intangibles", "associates", "non_current_assets", "inventories", "receivables", "prepayments", "cash",
     "current_assets", "total_assets", "payables", "accruals", "borrowings_current", "tax_payable", "current_liabilities",
     "net_current_assets", "borrowings_non_current", "deferred_tax", "non_current_liabilities", "total_liabilities", "net_assets",
     "share_capital", "other_reserves", "retained_earnings", "equity_owners", "equity_minority", "equity", "debt", "within_1", "within_2",
     "within_5", "due_current", "due_90", "due_more", "receivables_total", "employees"}
)  # fmt: skip
"""Lines that are of a day and not of a year."""

_INCOME = (
    "revenue", "cost_of_sales", "*gross_profit", "other_income", "selling_admin", "research_development", "*operating_profit",
    "interest_expense", "share_of_associates", "*profit_before_tax", "tax", "*profit",
)  # fmt: skip
_POSITION = (
    "#Non-current assets|非流動資產", "property_plant", "goodwill_intangibles", "associates", "*non_current_assets",
    "#Current assets|流動資產", "inventories", "receivables", "prepayments", "cash", "*current_assets", "*total_assets",
    "#Current liabilities|流動負債", "payables", "accruals", "borrowings_current", "tax_payable", "*current_liabilities",
    "*net_current_assets", "#Non-current liabilities|非流動負債", "borrowings_non_current", "deferred_tax",
    "*non_current_liabilities", "*total_liabilities", "*net_assets", "#Equity|權益", "share_capital", "other_reserves",
    "retained_earnings", "*equity_owners", "equity_minority", "*equity",
)  # fmt: skip
_CASH_FLOW = (
    "#Operating activities|經營活動", "profit_before_tax", "#Adjustments for:|調整項目：", "depreciation_amortisation",
    "add_finance_costs", "less_associates", "change_inventories", "change_receivables", "change_payables", "*cash_generated",
    "tax_paid", "*operating_cash_flow", "#Investing activities|投資活動", "capital_expenditure", "dividends_received",
    "*investing_cash_flow", "#Financing activities|融資活動", "borrowings_new", "borrowings_repaid", "interest_paid",
    "dividends_paid", "dividends_minority", "*financing_cash_flow", "*cash_change", "cash_start", "exchange_effect", "*cash_end",
)  # fmt: skip
_FIVE = ("revenue", "operating_profit", "profit_before_tax", "*profit", "profit_attributable")
_FIVE_POSITION = ("total_assets", "total_liabilities", "*equity")
_NOTES = {"revenue": "5", "other_income": "6", "interest_expense": "6", "profit_before_tax": "7", "tax": "8", "receivables": "11",
          "borrowings_current": "12", "borrowings_non_current": "12", "share_capital": "13"}  # fmt: skip
_SAME_AS = {"profit_attributable": "profit_owners", "tax_total": "tax", "receivables_total": "receivables",
            "segment_operating": "operating_profit", "segment_revenue": "revenue"}  # fmt: skip


class Drawn(NamedTuple):
    """What a report is made from: the issuer, its year, and the figures of this year and the five before."""

    issuer: Issuer
    year: int
    figures: Mapping[int, Figures]

    def amount(self, line: str, year: int) -> int:
        """Return the grains of a line in a year."""
        return self.figures[year].money[_SAME_AS.get(line, line)]


def money(drawn: Drawn, line: str, year: int) -> Number:
    """Return a line of a year as a number of money at the issuer's scale."""
    manner = drawn.issuer.manner
    return Number(
        line=line,
        value=Decimal(drawn.amount(line, year) * drawn.issuer.grain),
        year=year,
        months=None if line in _INSTANTS else 12,
        unit=unit_of("HKD"),
        scale=manner.scale,
        places=manner.places,
    )


def cents(drawn: Drawn, line: str, of: str, year: int) -> Number:
    """Return a line of a year by the share, printed in cents with two places."""
    dollars = Decimal(drawn.amount(of, year) * drawn.issuer.grain) / drawn.issuer.shares
    return Number(line, dollars, year, 12, PER_SHARE, -2, 2)


def count(drawn: Drawn, line: str, year: int, unit: Unit = NUMBER) -> Number:
    """Return a count or quantity of a year."""
    value = Decimal(drawn.figures[year].counts[line])
    return Number(line, value, year, None if line in _INSTANTS else 12, unit, 0, 0)


def years_of(drawn: Drawn, count_of: int = 2) -> tuple[int, ...]:
    """Return the years of the columns, the newest first."""
    return tuple(range(drawn.year, drawn.year - count_of, -1))


def section(both: str) -> Row:
    """Return a row with words only, given as `English|中文`."""
    en, _, zh = both.partition("|")
    return Row("section", "", Text(en=en, zh=zh))


def row(drawn: Drawn, line: str, years: Sequence[int], kind: RowKind = "line") -> Row:
    """Return a row of money."""
    label = line_label(drawn.issuer, line, tuple(drawn.amount(line, year) for year in years))
    return Row(kind, line, label, tuple(money(drawn, line, year) for year in years), _NOTES.get(line, ""))


def _rows(drawn: Drawn, lines: Sequence[str], years: Sequence[int]) -> list[Row]:
    """Return rows by a list of lines (`*` a total, `#` a section); a line without any amount in these years is not printed."""
    found = []
    for each in lines:
        line = each.lstrip("*")
        if each.startswith("#"):
            found.append(section(each[1:]))
        elif each.startswith("*") or any(drawn.amount(line, year) for year in years):
            found.append(row(drawn, line, years, "total" if each.startswith("*") else "line"))
    return found


def stated_table(
    drawn: Drawn,
    key: str,
    title: str,
    rows: Sequence[Row],
    *,
    statement: Stated | None = None,
    years: Sequence[int] = (),
    at: bool = False,
    notes: bool = False,
) -> Table:
    """Return a table with a column a year under a title (`English|中文`) and the day that it is of."""
    en, _, zh = title.partition("|")
    day = day_words(drawn.issuer, end_day(drawn.issuer, drawn.year))
    subtitle = (
        Text(en=f"As at {day.en}", zh=f"於{day.zh}")
        if at
        else Text(en=f"For the year ended {day.en}", zh=f"截至{day.zh}止年度")
    )
    return Table(
        key=key,
        title=Text(en=en, zh=zh),
        subtitle=subtitle,
        columns=tuple(Column(year_words(drawn.issuer, year)) for year in years or years_of(drawn)),
        rows=tuple(rows),
        statement=statement,
        scale=drawn.issuer.manner.scale,
        notes=notes,
    )


def statement_tables(drawn: Drawn) -> dict[str, Table]:
    """Return the statements by their keys."""
    two, five = years_of(drawn), years_of(drawn, 5)
    position = _rows(drawn, _POSITION, two)
    flows = _rows(drawn, _CASH_FLOW, two)
    return {
        "income": stated_table(drawn, "income", income_title(drawn.issuer), _income_rows(drawn, two), statement="income", notes=True),
        "position": stated_table(drawn, "position", "Consolidated statement of financial position|綜合財務狀況表", position, statement="position", at=True, notes=True),
        "cash_flow": stated_table(drawn, "cash_flow", "Consolidated statement of cash flows|綜合現金流量表", flows, statement="cash_flow"),
        "equity": _equity(drawn),
        "summary": stated_table(drawn, "summary", "Five-year financial summary|五年財務概要", _summary_rows(drawn, five), statement="summary", years=five),
        "highlights": _highlights(drawn, two),
    }  # fmt: skip


def income_title(issuer: Issuer) -> str:
    """Return the title of the income statement, as `English|中文`: with other comprehensive income where there is any."""
    if issuer.abroad:
        return "Consolidated statement of profit or loss and other comprehensive income|綜合損益及其他全面收益表"
    return "Consolidated statement of profit or loss|綜合損益表"


def _income_rows(drawn: Drawn, years: Sequence[int]) -> list[Row]:
    rows = _rows(drawn, _INCOME, years)
    if drawn.issuer.abroad:
        rows.append(section("Other comprehensive income|其他全面收益"))
        rows += _rows(drawn, ("exchange_differences", "*comprehensive_income"), years)
    rows.append(section("Profit attributable to:|以下人士應佔溢利："))
    rows += _rows(drawn, ("profit_owners", "profit_minority"), years)
    rows.append(section("Earnings per share (HK cents)|每股盈利（港仙）"))
    label = line_label(drawn.issuer, "earnings_per_share")
    shown = tuple(cents(drawn, "earnings_per_share", "profit_owners", year) for year in years)
    return [*rows, Row("line", "earnings_per_share", label, shown, "9")]


def _equity(drawn: Drawn) -> Table:
    """Return the changes in equity: a column for each part, a row for each change of the year."""
    parts: tuple[str, ...] = (
        "share_capital",
        "other_reserves",
        "retained_earnings",
        "equity_owners",
        "equity_minority",
        "equity",
    )
    if not drawn.issuer.minority:
        parts = ("share_capital", "other_reserves", "retained_earnings", "equity")
    begun, ended = (end_day(drawn.issuer, year) for year in (drawn.year - 1, drawn.year))
    changes = (
        ("equity_start", f"At {day_words(drawn.issuer, begun).en}|於{day_words(drawn.issuer, begun).zh}", ()),
        ("equity_profit", "Profit for the year|年內溢利", ("", "", "profit_owners", "profit_owners", "profit_minority", "profit")),
        ("equity_exchange", "Exchange differences|匯兌差額", ("", "exchange_differences", "", "exchange_differences", "", "exchange_differences")),
        ("equity_dividends", "Dividends|股息", ("", "", "dividends_paid", "dividends_paid", "dividends_minority", "both")),
        ("equity_end", f"At {day_words(drawn.issuer, ended).en}|於{day_words(drawn.issuer, ended).zh}", ()),
    )  # fmt: skip
    order = ("share_capital", "other_reserves", "retained_earnings", "equity_owners", "equity_minority", "equity")
    rows = []
    for line, label, moved in changes:
        year = drawn.year - 1 if line == "equity_start" else drawn.year
        cells = []
        for part in parts:
            source = part if not moved else moved[order.index(part)]
            cells.append(_equity_cell(drawn, f"{line}_{part}", source, year, at=not moved))
        en, _, zh = label.partition("|")
        rows.append(Row("line" if moved else "total", line, Text(en=en, zh=zh), tuple(cells)))
    table = stated_table(
        drawn, "equity", "Consolidated statement of changes in equity|綜合權益變動表", rows, statement="equity"
    )
    return table._replace(columns=tuple(Column(line_label(drawn.issuer, part)) for part in parts))


def _equity_cell(drawn: Drawn, line: str, source: str, year: int, *, at: bool) -> Number:
    amount = 0
    if source == "both":
        amount = drawn.amount("dividends_paid", year) + drawn.amount("dividends_minority", year)
    elif source:
        amount = drawn.amount(source, year)
    manner = drawn.issuer.manner
    months = None if at else 12
    return Number(line, Decimal(amount * drawn.issuer.grain), year, months, unit_of("HKD"), manner.scale, manner.places)


def _summary_rows(drawn: Drawn, years: Sequence[int]) -> list[Row]:
    people = Row("line", "employees", line_label(drawn.issuer, "employees"), tuple(count(drawn, "employees", year) for year in years))  # fmt: skip
    results = _rows(drawn, _FIVE, years)
    shown = tuple(cents(drawn, "basic_earnings_per_share", "profit_owners", year) for year in years)
    earned = Row("line", "basic_earnings_per_share", line_label(drawn.issuer, "basic_earnings_per_share"), shown)
    rows = [section("Results|業績"), *results, earned, section("Assets and liabilities|資產及負債")]
    plain = [each._replace(note="") for each in (*rows, *_rows(drawn, _FIVE_POSITION, years))]
    return [*plain, people]


def _highlights(drawn: Drawn, years: Sequence[int]) -> Table:
    """Return the highlights: two years, and the change in per cent."""
    rows = []
    for each in _rows(
        drawn, ("revenue", "operating_profit", "profit_attributable", "total_assets", "operating_cash_flow"), years
    ):
        now, then = (drawn.amount(each.line, year) for year in years)
        change = None
        if now > 0 and then > 0:
            part = Decimal(now - then) / then
            change = Number(f"{each.line}_change", part, drawn.year, 12, NUMBER, 0, 1, percent=True)
        rows.append(each._replace(cells=(*each.cells, change), note="", kind="line"))
    table = stated_table(drawn, "highlights", "Financial highlights|財務摘要", rows, statement="summary")
    return table._replace(columns=(*table.columns, Column(Text(en="Change", zh="變動"))))
