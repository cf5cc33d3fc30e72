"""The bank's book: the carried accounts as features that a model may see, and the seeded division of rows.

Sex, marital status, education and age are kept out of the features of every use; sex and marital status serve only to measure
outcomes by group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.evidence.numeric import NDArray, np
from dualtrack.evidence.resampling import generator
from dualtrack.evidence.tables import load_taiwan, table_digest

if TYPE_CHECKING:
    from dualtrack.evidence.tables import Table

__all__ = [
    "FEATURES",
    "MONTHS",
    "NOT_DOCUMENTED",
    "NO_USE",
    "PAID_DULY",
    "TRAIN_SHARE",
    "Portfolio",
    "Reals",
    "Split",
    "load_portfolio",
    "split_rows",
]

Reals = NDArray[np.float64]

MONTHS = ("0", "2", "3", "4", "5", "6")
"""Suffixes of the repayment status, newest month first; the published table has no 1."""

PAID_DULY = -1
"""Status of a month paid duly."""

NO_USE = -2
"""Status that the publisher leaves undefined; users of the data read it as no use of the card."""

NOT_DOCUMENTED = "not documented"
"""What stands for a code that the publisher does not explain."""

TRAIN_SHARE = 0.4
"""Two fifths to learn from, three fifths to measure on: these small models gain little from more rows, the intervals gain much."""

FEATURES = (
    "limit",
    *(f"status_{month}" for month in range(1, 7)),
    *(f"bill_{month}" for month in range(1, 7)),
    *(f"paid_{month}" for month in range(1, 7)),
    *(f"utilisation_{month}" for month in range(1, 7)),
    *(f"share_paid_{month}" for month in range(1, 6)),
    "months_late_total",
    "times_late",
    "months_late_worst",
    "utilisation_mean",
    "utilisation_highest",
    "share_paid_mean",
    "share_paid_least",
    "paid_total",
    "paid_total_of_limit",
    "months_without_payment",
    "bill_change",
    "utilisation_change",
    "paid_least",
    "paid_mean_recent",
    "months_without_use",
    "months_paid_in_full",
)
"""Names of the columns of `Portfolio.features`; month 1 is the newest (September 2005)."""


class Portfolio(NamedTuple):
    """The book in columns of equal length; `digest` is that of the whole carried table."""

    digest: str
    features: Reals
    defaulted: NDArray[np.bool_]
    status: NDArray[np.int64]  # current repayment status, -2 to 8
    late: NDArray[np.int64]  # months late in each of six months, newest first, never below 0
    limit: Reals
    utilisation: Reals  # newest bill over limit
    share_paid: Reals  # newest payment over the bill before it, 0 to 1
    groups: dict[str, NDArray[Any]]  # protected attributes, in words


class Split(NamedTuple):
    """Row numbers to learn from and to measure on."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def load_portfolio() -> Portfolio:
    """Load the carried accounts and derive what models and rules see."""
    table = load_taiwan()
    status = _stack(table, "pay_", MONTHS)
    bill, paid = _stack(table, "bill_amt", "123456"), _stack(table, "pay_amt", "123456")
    limit = table["limit_bal"].astype(np.float64)
    utilisation = bill / limit[:, None]
    share_paid = np.clip(paid[:, :5] / np.maximum(bill[:, 1:], 1), 0, 2)
    late = np.maximum(status, 0)
    return Portfolio(
        digest=table_digest(table),
        features=_features(limit, status, bill, paid, utilisation, share_paid),
        defaulted=table["default_next_month"] == 1,
        status=status[:, 0].astype(np.int64),
        late=late.astype(np.int64),
        limit=limit,
        utilisation=utilisation[:, 0],
        share_paid=np.minimum(share_paid[:, 0], 1),
        groups={
            "sex": np.array([NOT_DOCUMENTED, "male", "female"])[table["sex"]],
            "marital_status": np.array([NOT_DOCUMENTED, "married", "single", "others"])[table["marriage"]],
        },
    )


def split_rows(rows: NDArray[np.int64], *, seed: int) -> Split:
    """Divide row numbers at random into the two parts; the same seed gives the same parts."""
    shuffled = generator(seed).permutation(rows)
    middle = int(len(rows) * TRAIN_SHARE)
    return Split(shuffled[:middle], shuffled[middle:])


def _stack(table: Table, prefix: str, suffixes: tuple[str, ...] | str) -> Reals:
    return np.column_stack([table[f"{prefix}{suffix}"] for suffix in suffixes]).astype(np.float64)


def _features(limit: Reals, status: Reals, bill: Reals, paid: Reals, utilisation: Reals, share_paid: Reals) -> Reals:
    late = np.maximum(status, 0)
    derived = (
        late.sum(1),
        (late > 0).sum(1),
        late.max(1),
        utilisation.mean(1),
        utilisation.max(1),
        share_paid.mean(1),
        share_paid.min(1),
        paid.sum(1),
        paid.sum(1) / limit,
        (paid == 0).sum(1),
        bill[:, 0] - bill[:, 1],
        utilisation[:, 0] - utilisation[:, 5],
        paid.min(1),
        paid[:, :3].mean(1),
        (status == NO_USE).sum(1),
        (status == PAID_DULY).sum(1),
    )
    features = np.column_stack([limit, status, bill, paid, utilisation, share_paid, *derived])
    assert features.shape[1] == len(FEATURES)
    return features
