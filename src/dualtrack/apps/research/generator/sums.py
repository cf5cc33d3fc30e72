"""The sums that a made report keeps, and those that it breaks. A term is `table:line` in the sign in which it is printed.

`-` takes a term away, `@-1` is of the year before, `[*]` stands for every segment. A line that its table does not print counts as nothing;
a sum with a table that is not there, or in another currency, is not checked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.generator.truth import HALF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.research.generator.truth import Fact, Truth

__all__ = ["SUMS", "Changed", "Checked", "Sum", "broken_sums", "changed_comparatives", "check_sums"]

_TERM = re.compile(r"(?P<sign>-?)(?P<table>\w+):(?P<line>\w+)(?P<every>\[\*\])?(?:@(?P<before>-1))?")


class Sum(NamedTuple):
    """A sum: left is the sum of right."""

    name: str
    left: str
    right: tuple[str, ...]


class Checked(NamedTuple):
    """A sum in one year: the places that it is about (table, line, year), and by how much it is off more than rounding explains."""

    name: str
    year: int
    places: tuple[tuple[str, str, int], ...]
    off: Decimal


class Changed(NamedTuple):
    """A number that this report prints differently from the report of the year before; `marked` tells whether its column says restated."""

    table: str
    line: str
    year: int
    before: str
    after: str
    marked: bool


def _sum(name: str, left: str, *right: str) -> Sum:
    """Return a sum within one table where a term names none: `income:profit`, `tax`."""
    table = left.partition(":")[0]
    return Sum(name, left, tuple(each if ":" in each else _in(table, each) for each in right))


def _in(table: str, line: str) -> str:
    return f"-{table}:{line[1:]}" if line.startswith("-") else f"{table}:{line}"


SUMS: tuple[Sum, ...] = (
    _sum("gross_profit", "income:gross_profit", "revenue", "cost_of_sales"),
    _sum("operating_profit", "income:operating_profit", "gross_profit", "other_income", "selling_admin", "research_development"),
    _sum("before_tax", "income:profit_before_tax", "operating_profit", "interest_expense", "share_of_associates"),
    _sum("after_tax", "income:profit", "profit_before_tax", "tax"),
    _sum("owners_of_profit", "income:profit", "profit_owners", "profit_minority"),
    _sum("non_current_assets", "position:non_current_assets", "property_plant", "goodwill_intangibles", "associates"),
    _sum("current_assets", "position:current_assets", "inventories", "receivables", "prepayments", "cash"),
    _sum("total_assets", "position:total_assets", "non_current_assets", "current_assets"),
    _sum("current_liabilities", "position:current_liabilities", "payables", "accruals", "borrowings_current", "tax_payable"),
    _sum("net_current_assets", "position:net_current_assets", "current_assets", "-current_liabilities"),
    _sum("non_current_liabilities", "position:non_current_liabilities", "borrowings_non_current", "deferred_tax"),
    _sum("total_liabilities", "position:total_liabilities", "current_liabilities", "non_current_liabilities"),
    _sum("net_assets", "position:net_assets", "total_assets", "-total_liabilities"),
    _sum("balance", "position:total_assets", "total_liabilities", "equity"),
    _sum("equity_owners", "position:equity_owners", "share_capital", "other_reserves", "retained_earnings"),
    _sum("equity", "position:equity", "equity_owners", "equity_minority"),
    _sum("cash_generated", "cash_flow:cash_generated", "profit_before_tax", "depreciation_amortisation", "add_finance_costs", "less_associates", "change_inventories", "change_receivables", "change_payables"),
    _sum("operating_cash_flow", "cash_flow:operating_cash_flow", "cash_generated", "tax_paid"),
    _sum("investing_cash_flow", "cash_flow:investing_cash_flow", "capital_expenditure", "dividends_received"),
    _sum("financing_cash_flow", "cash_flow:financing_cash_flow", "borrowings_new", "borrowings_repaid", "interest_paid", "dividends_paid", "dividends_minority"),
    _sum("cash_change", "cash_flow:cash_change", "operating_cash_flow", "investing_cash_flow", "financing_cash_flow"),
    _sum("cash_end", "cash_flow:cash_end", "cash_start", "cash_change", "exchange_effect"),
    _sum("cash_agrees", "cash_flow:cash_end", "position:cash"),
    _sum("profit_agrees", "cash_flow:profit_before_tax", "income:profit_before_tax"),
    _sum("retained_moves", "equity:equity_end_retained_earnings", "equity_start_retained_earnings@-1", "equity_profit_retained_earnings", "equity_dividends_retained_earnings"),
    _sum("equity_moves", "equity:equity_end_equity", "equity_start_equity@-1", "equity_profit_equity", "equity_exchange_equity", "equity_dividends_equity"),
    _sum("equity_agrees", "equity:equity_end_equity", "position:equity"),
    *(_sum(f"{line}_by_segment_{table}", f"{table}:{line}", f"{line}[*]") for table in ("segments", "segments_before") for line in ("segment_revenue", "segment_result")),
    *(_sum(f"result_of_{table}", f"{table}:segment_operating", "segment_result", "unallocated") for table in ("segments", "segments_before")),
    _sum("segments_agree", "segments:segment_revenue", "income:revenue"),
    _sum("tax_parts", "taxation:tax_total", "tax_hong_kong", "tax_elsewhere"),
    _sum("tax_agrees", "taxation:tax_total", "-income:tax"),
    _sum("earnings_agree", "earnings:profit_attributable", "income:profit_owners"),
    _sum("ageing", "ageing:receivables_total", "due_current", "due_90", "due_more"),
    _sum("receivables_agree", "ageing:receivables_total", "position:receivables"),
    _sum("repayment", "borrowings:debt", "within_1", "within_2", "within_5"),
    _sum("borrowings_agree", "borrowings:debt", "position:borrowings_current", "position:borrowings_non_current"),
    _sum("scopes", "emissions:scopes", "scope_1", "scope_2"),
    *(_sum(f"{table}_{line}", f"{table}:{line}", f"{where}:{line}") for table, where, line in (
        ("summary", "income", "revenue"), ("summary", "income", "operating_profit"), ("summary", "income", "profit"),
        ("summary", "position", "total_assets"), ("summary", "position", "total_liabilities"), ("summary", "position", "equity"),
        ("highlights", "income", "revenue"), ("highlights", "income", "operating_profit"), ("highlights", "position", "total_assets"),
        ("highlights", "cash_flow", "operating_cash_flow"), ("two_periods", "income", "revenue"), ("two_periods", "income", "profit"),
        ("chairman", "income", "revenue"), ("chairman", "income", "operating_profit"), ("chairman", "income", "profit"),
        ("chairman", "position", "cash"), ("discussion", "income", "revenue"), ("discussion", "cash_flow", "operating_cash_flow"),
        ("discussion", "position", "total_assets"), ("discussion", "borrowings", "debt"),
    )),
)  # fmt: skip
"""Sums by name. The names are those that `Planted.breaks` uses."""

_Known = dict[tuple[str, str, int], "Fact"]


def check_sums(facts: tuple[Fact, ...]) -> tuple[Checked, ...]:
    """Check every sum in every year for which the report has its left side and the tables of its right side."""
    known: _Known = {}
    tables: dict[tuple[str, int], set[str]] = defaultdict(set)
    for fact in facts:
        if fact.period.months != HALF:
            known[fact.table, fact.line, fact.period.year] = fact
            tables[fact.table, fact.period.year].add(fact.line)
    years = sorted({fact.period.year for fact in facts})
    checked = (_check(each, year, known, tables) for each in SUMS for year in years)
    return tuple(each for each in checked if each is not None)


def broken_sums(truth: Truth) -> tuple[str, ...]:
    """Return the sums that the printed numbers break, as `name@year`."""
    return tuple(f"{each.name}@{each.year}" for each in check_sums(truth.facts) if each.off)


def _check(one: Sum, year: int, known: _Known, tables: Mapping[tuple[str, int], set[str]]) -> Checked | None:
    whole = Decimal(0)
    used: list[Fact] = []
    places: list[tuple[str, str, int]] = []
    for text, side in ((one.left, 1), *((each, -1) for each in one.right)):
        term = _TERM.fullmatch(text)
        assert term is not None, text
        at = year + int(term["before"] or 0)
        lines = tables.get((term["table"], at), set())
        if not lines or (side == 1 and term["line"] not in lines):
            return None
        wanted = [each for each in lines if each.startswith(f"{term['line']}[")] if term["every"] else [term["line"]]
        for line in sorted(wanted):
            fact = known.get((term["table"], line, at))
            if fact is not None:
                whole += (side if not term["sign"] else -side) * Decimal(fact.value)
                used.append(fact)
                places.append((term["table"], line, at))
    if len({fact.unit for fact in used}) > 1:
        return None
    tolerance = sum((fact.step for fact in used if fact.rounded), Decimal(0)) / 2
    return Checked(one.name, year, tuple(places), whole if abs(whole) > tolerance else Decimal(0))


def changed_comparatives(this: Truth, last: Truth) -> tuple[Changed, ...]:
    """Return what the report of a year says of the year before, differently from that year's own report."""
    before = {(fact.table, fact.line, fact.period): fact for fact in last.facts if not fact.prose}
    found = []
    for fact in this.facts:
        old = before.get((fact.table, fact.line, fact.period))
        if fact.prose or old is None or old.unit != fact.unit:
            continue
        tolerance = sum((each.step for each in (old, fact) if each.rounded), Decimal(0)) / 2
        if abs(Decimal(old.value) - Decimal(fact.value)) > tolerance:
            found.append(Changed(fact.table, fact.line, fact.period.year, old.value, fact.value, fact.restated))
    return tuple(found)
