"""The non-AI way of each use: a table of buckets and two hand-written orders. Nothing here is fitted but the bucket rates.

Each is meant to be the best that somebody with a pencil and the bank's experience would use: several were tried for each use
and the strongest on these accounts is the one that the AI must beat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.evidence.numeric import NDArray, np

if TYPE_CHECKING:
    from dualtrack.evidence.demo.portfolio import Portfolio

__all__ = [
    "HARDLY_PAID",
    "NEARLY_USED",
    "SMALLEST_LIMIT",
    "SMALL_LIMIT",
    "STATUSES",
    "TIMES",
    "WORST",
    "Reals",
    "Rows",
    "bucket_rates",
    "collection_order",
    "early_contact_points",
]

Reals = NDArray[np.float64]
Rows = NDArray[np.int64]

STATUSES, WORST, TIMES = 6, 3, 4
"""Sizes of the bucket table: current status (-2 to 3 and more), worst earlier month (0, 1, 2 and more), times late (0 to 3 and more)."""

NEARLY_USED, HARDLY_PAID = 0.8, 0.05
"""Shares of the limit and of the bill at which the contact card gives points."""

SMALL_LIMIT, SMALLEST_LIMIT = 50_000, 30_000
"""Limits in New Taiwan dollars at which the contact card gives points."""


def bucket_rates(book: Portfolio, defaulted: NDArray[np.bool_], train: Rows, test: Rows) -> Reals:
    """Estimate each test account's probability of default as the default rate of its delinquency bucket.

    Buckets: current status x worst of the five months before x number of those months late, as in a roll-rate table. One account
    at the book's average rate is added to each bucket, so that a bucket never seen has the average.
    """
    status = np.clip(book.status, -2, 3) + 2
    earlier = book.late[:, 1:]
    bucket = (status * WORST + np.minimum(earlier.max(1), WORST - 1)) * TIMES + np.minimum(
        (earlier > 0).sum(1), TIMES - 1
    )
    size = STATUSES * WORST * TIMES
    accounts = np.bincount(bucket[train], minlength=size)
    defaults = np.bincount(bucket[train], weights=defaulted[train], minlength=size)
    rates = (defaults + defaulted[train].mean()) / (accounts + 1)
    chosen: Reals = rates[bucket[test]]
    return chosen


def early_contact_points(book: Portfolio, test: Rows) -> Reals:
    """Points of the contact team's card: late now 20, each earlier late month 10, limit nearly used 5, hardly paid 5, small limit 5 or 10.

    Equal points are ordered by utilisation.
    """
    late, utilisation, limit = book.late[test], book.utilisation[test], book.limit[test]
    points = 20.0 * (late[:, 0] > 0) + 10.0 * (late[:, 1:] > 0).sum(1)
    points += 5.0 * (utilisation > NEARLY_USED) + 5.0 * (book.share_paid[test] < HARDLY_PAID)
    points += 5.0 * (limit <= SMALL_LIMIT) + 5.0 * (limit <= SMALLEST_LIMIT)
    order: Reals = points + _tie(utilisation)
    return order


def collection_order(book: Portfolio, test: Rows) -> Reals:
    """Order accounts in collection by months late, summed over six months; equal sums are ordered by utilisation."""
    order: Reals = book.late[test].sum(1) + _tie(book.utilisation[test])
    return order


def _tie(utilisation: Reals) -> Reals:
    """Return utilisation squeezed below one half point: it decides between equals and nothing else."""
    squeezed: Reals = np.clip(utilisation, 0, 2) / 4
    return squeezed
