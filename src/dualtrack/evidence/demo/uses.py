"""The three uses: what each is for, whom it covers, what it claims and against what.

What this cannot show: the accounts are public, and the uses, their capacities, baselines and declared minimums were chosen by
people who had measured these same accounts. A bank registers its claim before it has the data; here the order is only shown. The
benefit of early calls depends on the capacity: with room for a tenth of the customers, instead of a fifth, it is about one
point over the best card tried and often cannot be told from zero.
"""

from __future__ import annotations

from typing import Literal

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.benefit.paired import Plan

__all__ = ["COLLECTION", "DEMO_SEED", "EARLY_CONTACT", "PROVISIONING", "USES", "Use"]

DEMO_SEED = 1
"""Seed of the shown run. `scripts/demo_seeds.py` repeats it with others: in ten, the benefit gate gives the same answer each time,
but the power of `early-contact-order` for its declared minimum lies on either side of 0.8 (0.76 to 0.84)."""


class Use(Record, frozen=True):
    """One use of AI and its benefit claim.

    `population` chooses the accounts; `metric` is `brier` (paired loss of stated probabilities) or `capture` (share of coming
    defaults on a list of `capacity`, a fraction of the accounts). `by` names the ways of forming groups, none where no outcome
    affects a person.
    """

    slug: str
    title: Text
    claim: Text
    baseline: str
    baseline_text: Text
    population: Literal["all", "not yet two months late", "two months late or more"]
    metric: Literal["brier", "capture"]
    plan: Plan
    capacity: float | None = None
    by: tuple[tuple[str, ...], ...] = ()


PROVISIONING = Use(
    slug="provisioning-estimates",
    title=Text(en="Default probabilities for provisioning pools", zh="撥備組合的違約概率估計"),
    claim=Text(
        en="For the whole card book, the model's probabilities of default next month have a Brier score lower than the "
        "delinquency-bucket table's by at least 0.0015. Used for pools only; no account is treated differently because of it.",
        zh="就整個信用卡組合而言，模型對下月違約概率的估計，其布賴爾分數較逾期分級表低至少 0.0015。只用於組合撥備，不會因此對任何個別帳戶作不同處理。",
    ),
    baseline="delinquency-bucket-table",
    baseline_text=Text(
        en="Default rate of the account's bucket: current status, worst of the five months before, times late",
        zh="按帳戶所屬級別的違約率：當前還款狀況、之前五個月最差狀況及逾期次數",
    ),
    population="all",
    metric="brier",
    plan=Plan(unit="squared probability", direction="lower is better", effect=0.0015),
)

EARLY_CONTACT = Use(
    slug="early-contact-order",
    title=Text(en="Order of early calls to card customers", zh="信用卡客戶提早聯絡次序"),
    claim=Text(
        en="Among customers not yet two months late, calling the fifth whom the model ranks highest reaches at least two "
        "percentage points more of the coming defaults than calling the fifth whom the contact team's points card ranks highest.",
        zh="在逾期未滿兩個月的客戶中，按模型排序聯絡最前的五分之一，較按聯絡小組計分表排序，可多觸及至少兩個百分點的即將違約個案。",
    ),
    baseline="contact-points-card",
    baseline_text=Text(
        en="Hand-written points: late now, earlier late months, limit nearly used, hardly paid, small limit",
        zh="人手訂立的計分表：現時逾期、過往逾期月數、額度接近用盡、還款極少、額度偏低",
    ),
    population="not yet two months late",
    metric="capture",
    plan=Plan(unit="share of coming defaults", direction="higher is better", effect=0.02),
    capacity=0.2,
    by=(("sex",), ("marital_status",), ("sex", "marital_status")),
)

COLLECTION = Use(
    slug="collection-ranking",
    title=Text(en="Ranking of accounts in collection", zh="催收帳戶排序"),
    claim=Text(
        en="Among accounts two or more months late, giving the senior collectors the half that the model ranks highest covers at "
        "least five percentage points more of the coming defaults than giving them the half longest late over six months.",
        zh="在逾期兩個月或以上的帳戶中，把模型排序最前的一半交予資深催收員，較把六個月內累計逾期最久的一半交予他們，可多涵蓋至少五個百分點的即將違約個案。",
    ),
    baseline="longest-late-first",
    baseline_text=Text(
        en="Months late summed over six months, then share of the limit used",
        zh="先按六個月累計逾期月數，再按額度使用率",
    ),
    population="two months late or more",
    metric="capture",
    plan=Plan(unit="share of coming defaults", direction="higher is better", effect=0.05),
    capacity=0.5,
    by=(("sex",), ("marital_status",), ("sex", "marital_status")),
)

USES = (PROVISIONING, EARLY_CONTACT, COLLECTION)
"""In the order in which the demo shows them."""
