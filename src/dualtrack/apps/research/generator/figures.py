"""The figures of an issuer over its years: each year is rolled forward from the one before, so that every identity holds exactly.

Money is in whole grains of the issuer, with the sign that a statement prints: costs and payments are negative. Profit and cash flows move
the balance sheet (HKAS 1 and HKAS 7), nothing is plugged after the first year: assets equal liabilities and equity because the flows do.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.research.generator.issuer import Issuer

__all__ = ["YEARS", "Figures", "year_figures"]

YEARS = (2018, 2035)
"""Years of reports that can be made; the roll begins six years before, for the summary of five years."""

_OPENING = YEARS[0] - 7
_CASH_MIN, _CASH_MAX = 0.06, 0.30
"""Cash as a share of revenue below which a made company borrows more, and above which it pays a larger dividend."""


class Figures(NamedTuple):
    """One year: `money` in grains by line; revenue and result of each segment; counts and physical quantities."""

    year: int
    money: Mapping[str, int]
    segments: tuple[tuple[int, int], ...]
    counts: Mapping[str, int]
    half_share: float


def year_figures(issuer: Issuer, year: int) -> Mapping[int, Figures]:
    """Return the figures of a year and of the five before it. Raises FieldError outside `YEARS`."""
    if not YEARS[0] <= year <= YEARS[1]:
        raise FieldError(str(year), where="year", expected=f"a year from {YEARS[0]} to {YEARS[1]}")
    base = _base(issuer)
    before, found = _opening(issuer, base), dict[int, Figures]()
    for each in range(_OPENING + 1, year + 1):
        found[each] = _year(issuer, base, before, each)
        before = dict(found[each].money)
    return {each: found[each] for each in range(year - 5, year + 1)}


class _Base(NamedTuple):
    """What stays the same of a company: its size, and shares of its revenue."""

    revenue: int
    cost: float
    running: float
    research: float
    inventories: float
    receivables: float
    payables: float
    debt: float
    weights: tuple[int, ...]
    tonnes: float


def _base(issuer: Issuer) -> _Base:
    chance = random.Random(f"base {issuer.seed}")  # noqa: S311 - a made report, no secret
    dollars = chance.randint(3, 30) * (100_000_000 if issuer.manner.scale == 3 else 1_000_000_000)  # noqa: PLR2004 - a power of ten
    cost = chance.uniform(0.55, 0.75)
    return _Base(
        revenue=dollars // issuer.grain,
        cost=cost,
        running=1 - cost - chance.uniform(0.05, 0.14),
        research=chance.uniform(0.01, 0.03) if issuer.research else 0.0,
        inventories=chance.uniform(0.06, 0.16),
        receivables=chance.uniform(0.08, 0.2),
        payables=chance.uniform(0.06, 0.14),
        debt=chance.uniform(0.12, 0.35),
        weights=tuple(chance.randint(2, 9) for _ in issuer.segments),
        tonnes=chance.uniform(8, 40),
    )


def _opening(issuer: Issuer, base: _Base) -> dict[str, int]:
    """Return a balance sheet to begin with; retained earnings are what is left."""

    def part(share: float) -> int:
        return round(base.revenue * share)

    money = {
        "revenue": base.revenue,
        "profit_owners": part(0.05),
        "property_plant": part(0.4),
        "goodwill_intangibles": part(0.06),
        "associates": part(0.06) if issuer.associates else 0,
        "inventories": part(base.inventories),
        "receivables": part(base.receivables),
        "prepayments": part(0.03),
        "cash": part(0.15),
        "payables": part(base.payables),
        "accruals": part(0.05),
        "borrowings_current": part(base.debt * 0.3),
        "tax_payable": part(0.01),
        "borrowings_non_current": part(base.debt * 0.7),
        "deferred_tax": part(0.015),
        "share_capital": part(0.15),
        "other_reserves": part(0.02),
        "equity_minority": part(0.03) if issuer.minority else 0,
    }
    assets = (
        "property_plant",
        "goodwill_intangibles",
        "associates",
        "inventories",
        "receivables",
        "prepayments",
        "cash",
    )
    others = ("payables", "accruals", "borrowings_current", "tax_payable", "borrowings_non_current", "deferred_tax",
              "share_capital", "other_reserves", "equity_minority")  # fmt: skip
    money["retained_earnings"] = sum(money[each] for each in assets) - sum(money[each] for each in others)
    return money


def _year(issuer: Issuer, base: _Base, before: Mapping[str, int], year: int) -> Figures:
    chance = random.Random(f"year {issuer.seed} {year}")  # noqa: S311 - a made report, no secret
    money = _income(issuer, base, before, chance)
    _flows(issuer, base, before, money, chance)
    _position(before, money)
    segments = _segments(base, money, chance)
    money["unallocated"] = money["operating_profit"] - sum(result for _, result in segments)
    return Figures(year, money, segments, _counts(issuer, base, money, chance), chance.uniform(0.44, 0.54))


def _income(issuer: Issuer, base: _Base, before: Mapping[str, int], chance: random.Random) -> dict[str, int]:
    revenue = round(before["revenue"] * chance.uniform(0.9, 1.16))

    def cost(share: float) -> int:
        return -round(revenue * share)

    money = {"revenue": revenue, "cost_of_sales": cost(base.cost * chance.uniform(0.95, 1.07))}
    money["gross_profit"] = revenue + money["cost_of_sales"]
    money["other_income"] = chance.choice((0, 1, 1, 1)) * round(revenue * chance.uniform(0.002, 0.012))
    money["selling_admin"] = cost(base.running * chance.uniform(0.92, 1.08))
    money["research_development"] = cost(base.research * chance.uniform(0.8, 1.2))
    spent = ("gross_profit", "other_income", "selling_admin", "research_development")
    money["operating_profit"] = sum(money[each] for each in spent)
    owed = before["borrowings_current"] + before["borrowings_non_current"]
    money["interest_expense"] = -round(owed * chance.uniform(0.025, 0.06))
    money["share_of_associates"] = round(before["associates"] * chance.uniform(-0.04, 0.14))
    money["profit_before_tax"] = sum(
        money[each] for each in ("operating_profit", "interest_expense", "share_of_associates")
    )
    rate = chance.uniform(0.13, 0.21) if money["profit_before_tax"] > 0 else chance.uniform(0, 0.08)
    money["tax"] = -round(money["profit_before_tax"] * rate)
    money["tax_hong_kong"] = round(money["tax"] * (0.7 if issuer.abroad else 1.0))
    money["tax_elsewhere"] = money["tax"] - money["tax_hong_kong"]
    money["profit"] = money["profit_before_tax"] + money["tax"]
    money["profit_minority"] = round(money["profit"] * chance.uniform(0.04, 0.1)) if issuer.minority else 0
    money["profit_owners"] = money["profit"] - money["profit_minority"]
    money["exchange_differences"] = round(before["cash"] * chance.uniform(-0.02, 0.02)) if issuer.abroad else 0
    money["comprehensive_income"] = money["profit"] + money["exchange_differences"]
    money["staff_costs"] = cost(base.running * 0.5 + base.cost * 0.12)
    money["auditor_pay"] = min(-1, cost(0.0006))
    money["short_leases"] = chance.choice((0, 1, 1)) * cost(0.002)
    return money


def _flows(
    issuer: Issuer, base: _Base, before: Mapping[str, int], money: dict[str, int], chance: random.Random
) -> None:
    """Add the cash flows, by the indirect method."""
    revenue = money["revenue"]
    for line, share in (("inventories", base.inventories), ("receivables", base.receivables), ("prepayments", 0.03),
                        ("payables", base.payables), ("accruals", 0.05)):  # fmt: skip
        money[line] = round(revenue * share * chance.uniform(0.85, 1.15))
    worn, used = round(before["property_plant"] * 0.09), round(before["goodwill_intangibles"] * 0.03)
    money["depreciation_amortisation"] = worn + used
    money["add_finance_costs"], money["less_associates"] = -money["interest_expense"], -money["share_of_associates"]
    money["change_inventories"] = before["inventories"] - money["inventories"]
    owing = ("receivables", "prepayments")
    money["change_receivables"] = sum(before[each] - money[each] for each in owing)
    money["change_payables"] = sum(money[each] - before[each] for each in ("payables", "accruals"))
    adjusted = ("profit_before_tax", "depreciation_amortisation", "add_finance_costs", "less_associates",
                "change_inventories", "change_receivables", "change_payables")  # fmt: skip
    money["cash_generated"] = sum(money[each] for each in adjusted)
    money["tax_paid"] = -max(0, before["tax_payable"] + round(max(0, -money["tax"]) * chance.uniform(0.3, 0.7)))
    money["operating_cash_flow"] = money["cash_generated"] + money["tax_paid"]
    wanted = round(revenue * 0.38 * chance.uniform(0.9, 1.1)) - before["property_plant"] + worn
    money["capital_expenditure"] = -max(round(worn * 0.4), min(wanted, worn * 3), 1)
    money["dividends_received"] = round(before["associates"] * 0.03) * chance.choice((0, 1))
    money["investing_cash_flow"] = money["capital_expenditure"] + money["dividends_received"]
    _financing(issuer, base, before, money, chance)
    three = ("operating_cash_flow", "investing_cash_flow", "financing_cash_flow")
    money["cash_change"] = sum(money[each] for each in three)
    money["cash_start"], money["exchange_effect"] = before["cash"], money["exchange_differences"]
    money["cash_end"] = money["cash_start"] + money["cash_change"] + money["exchange_effect"]
    money["goodwill_intangibles"] = before["goodwill_intangibles"] - used
    money["property_plant"] = before["property_plant"] - worn - money["capital_expenditure"]


def _financing(
    issuer: Issuer, base: _Base, before: Mapping[str, int], money: dict[str, int], chance: random.Random
) -> None:
    money["interest_paid"] = money["interest_expense"]
    rich = before["cash"] > round(before["revenue"] * _CASH_MAX)
    paid = chance.uniform(0.2, 0.45) + (0.4 if rich else 0.0)
    money["dividends_paid"] = -round(max(0, before["profit_owners"]) * paid)
    money["dividends_minority"] = -round(before["equity_minority"] * 0.02) if issuer.minority else 0
    owed = before["borrowings_current"] + before["borrowings_non_current"]
    money["borrowings_repaid"] = -round(before["borrowings_current"] * chance.uniform(0.8, 1.0))
    left = owed + money["borrowings_repaid"]
    money["borrowings_new"] = max(0, round(money["revenue"] * base.debt * chance.uniform(0.85, 1.1)) - left)
    lines = ("borrowings_new", "borrowings_repaid", "interest_paid", "dividends_paid", "dividends_minority")
    flows = sum(money[each] for each in (*lines, "operating_cash_flow", "investing_cash_flow", "exchange_differences"))
    short = round(money["revenue"] * _CASH_MIN) - before["cash"] - flows
    money["borrowings_new"] += max(0, short)
    money["financing_cash_flow"] = sum(money[each] for each in lines)
    money["debt"] = left + money["borrowings_new"]
    money["borrowings_current"] = round(money["debt"] * chance.uniform(0.2, 0.4))
    money["borrowings_non_current"] = money["debt"] - money["borrowings_current"]
    money["within_1"], money["within_2"] = money["borrowings_current"], round(money["borrowings_non_current"] * 0.4)
    money["within_5"] = money["borrowings_non_current"] - money["within_2"]


def _position(before: Mapping[str, int], money: dict[str, int]) -> None:
    """Add the balance sheet at the end, each line from the year before and the flows, and its totals."""
    money["associates"] = before["associates"] + money["share_of_associates"] - money["dividends_received"]
    money["cash"] = money["cash_end"]
    money["tax_payable"] = before["tax_payable"] - money["tax"] + money["tax_paid"]
    money["deferred_tax"], money["share_capital"] = before["deferred_tax"], before["share_capital"]
    money["other_reserves"] = before["other_reserves"] + money["exchange_differences"]
    money["retained_earnings"] = before["retained_earnings"] + money["profit_owners"] + money["dividends_paid"]
    money["equity_minority"] = before["equity_minority"] + money["profit_minority"] + money["dividends_minority"]

    def total(*lines: str) -> int:
        return sum(money[each] for each in lines)

    money["non_current_assets"] = total("property_plant", "goodwill_intangibles", "associates")
    money["current_assets"] = total("inventories", "receivables", "prepayments", "cash")
    money["total_assets"] = total("non_current_assets", "current_assets")
    money["current_liabilities"] = total("payables", "accruals", "borrowings_current", "tax_payable")
    money["non_current_liabilities"] = total("borrowings_non_current", "deferred_tax")
    money["total_liabilities"] = total("current_liabilities", "non_current_liabilities")
    money["net_current_assets"] = money["current_assets"] - money["current_liabilities"]
    money["net_assets"] = money["total_assets"] - money["total_liabilities"]
    money["equity_owners"] = total("share_capital", "other_reserves", "retained_earnings")
    money["equity"] = total("equity_owners", "equity_minority")
    money["due_90"], money["due_more"] = round(money["receivables"] * 0.16), round(money["receivables"] * 0.05)
    money["due_current"] = money["receivables"] - money["due_90"] - money["due_more"]


def _segments(base: _Base, money: Mapping[str, int], chance: random.Random) -> tuple[tuple[int, int], ...]:
    """Return revenue and result of each segment: revenues add up to the whole, results are before costs of the head office."""
    weights = [weight * chance.uniform(0.85, 1.15) for weight in base.weights]
    result = money["operating_profit"] + round(money["revenue"] * chance.uniform(0.004, 0.012))
    found, left = list[tuple[int, int]](), (money["revenue"], result)
    for weight in weights[:-1]:
        one = (round(money["revenue"] * weight / sum(weights)), round(result * weight / sum(weights)))
        found.append(one)
        left = (left[0] - one[0], left[1] - one[1])
    return (*found, left)


def _counts(issuer: Issuer, base: _Base, money: Mapping[str, int], chance: random.Random) -> dict[str, int]:
    """Return people, and what the business emits and uses; tonnes are in proportion to revenue."""
    millions = money["revenue"] * issuer.grain / 1_000_000
    one, two = (round(millions * base.tonnes * share * chance.uniform(0.88, 1.08)) for share in (0.3, 0.7))
    return {
        "employees": round(millions * chance.uniform(0.75, 0.85)) + 20,
        "scope_1": one,
        "scope_2": two,
        "scopes": one + two,
        "energy": round(two * 2.1),
        "renewable": chance.choice((0, 1, 1)) * round(two * 0.04),
        "water": round(millions * 45 * chance.uniform(0.9, 1.1)),
        "waste": round(millions * 0.9 * chance.uniform(0.85, 1.1)),
    }
