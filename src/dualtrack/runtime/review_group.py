"""Evidence on human review as a whole: whether people as a group catch what is wrong, change texts, and take their time.

Never on one person. There is no figure unless ten people or more took part in what it counts and none of them in more
than half of it, and every figure is a function of the answers without their authors. Wilson's interval takes items as
independent; answers of one person are alike, so the true interval is somewhat wider, and to widen it by person would make
it tell about persons. Wilson (1927), J. Am. Stat. Assoc. 22; median's interval by order statistics: Conover (1999),
Practical Nonparametric Statistics, section 3.2.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.decision import DecisionId
from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record
from dualtrack.domain.review import ActionName
from dualtrack.errors import FieldError
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measurement import LEVEL, Fact, Measurement, Method
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.runtime.review_state import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dualtrack.domain.review import ReviewAction, ReviewOpened

__all__ = [
    "REVIEWERS_MIN",
    "REVIEWS_MAX",
    "GroupDecision",
    "GroupReview",
    "group_review",
    "measure_reviewers",
    "median_interval",
    "wilson",
]

REVIEWERS_MIN = 10
"""People behind any figure: with fewer, colleagues can work out whose figure it is."""

REVIEWS_MAX = 1_000_000
"""Reviews of one measurement: a year of a very large desk."""

_VERSION = "1"
_SOURCE = "dualtrack.runtime.review_group"
_QUARTER, _HALF, _THREE_QUARTERS, _NINE_TENTHS = 0.25, 0.5, 0.75, 0.9


class GroupDecision(Record, frozen=True):
    """One person's decision on one review; `by` serves to count people and is in no result."""

    by: Slug
    action: ActionName
    seconds: int
    edit_distance: int | None = None


class GroupReview(Record, frozen=True):
    """One review as the group is measured: `caught` is None where nothing was planted or people have not decided."""

    review: DecisionId
    decisions: list[GroupDecision]
    caught: bool | None = None


class _Rows(Record, frozen=True):
    """What one figure counts: values without authors, how often each author took part, and the reviews."""

    values: list[int]
    authors: list[int]
    reviews: list[str]


def group_review(
    opened: ReviewOpened, actions: Sequence[ReviewAction], *, seeded_wrong: bool = False, repaired: bool = False
) -> GroupReview:
    """Return a review as the group is measured.

    A planted error is caught where the draft was rejected or the conversation ended, or where the text was changed and the
    evidence side found that the error is gone (`repaired`). What expired was decided by nobody and does not count.
    """
    status = fold(opened, actions).status
    caught = status in {"rejected", "terminated"} or (status == "modified" and repaired)
    decided = status in {"approved", "modified", "rejected", "terminated"}
    return GroupReview(
        review=opened.id,
        caught=caught if seeded_wrong and decided else None,
        decisions=[
            GroupDecision(by=one.by, action=one.action, seconds=one.seconds, edit_distance=one.edit_distance)
            for one in actions
            if one.action not in {"claim", "unclaim", "expire"} and one.by is not None and one.seconds is not None
        ],
    )


def measure_reviewers(
    reviews: Sequence[GroupReview], *, floor_seconds: int, level: float = LEVEL
) -> tuple[Measurement, ...]:
    """Return the four measurements: planted errors caught, edit distance, seconds, and approvals faster than the floor."""
    if len(reviews) > REVIEWS_MAX or len({item.review for item in reviews}) != len(reviews):
        raise FieldError(f"{len(reviews)} reviews", where="review group", expected=f"{REVIEWS_MAX} at most, each once")
    if floor_seconds < 1:
        raise FieldError(f"floor of {floor_seconds} seconds", where="review group", expected="at least 1")
    caught = _rows(
        (item.review, int(item.caught), sorted({one.by for one in item.decisions}))
        for item in reviews
        if item.caught is not None
    )
    edits = _decision_rows(reviews, lambda one: one.edit_distance if one.action == "modify" else None)
    seconds = _decision_rows(reviews, lambda one: one.seconds)
    fast = _decision_rows(reviews, lambda one: int(one.seconds < floor_seconds) if one.action == "approve" else None)
    return (
        _share("review.caught", caught, level, {}),
        _median("review.edit_distance", "code points", edits, level),
        _median("review.seconds", "s", seconds, level),
        _share("review.fast_approvals", fast, level, {"floor_seconds": floor_seconds}),
    )


def wilson(count: int, n: int, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval of a proportion, n at least 1."""
    if not 0 <= count <= n or n == 0:
        raise FieldError(f"{count} of {n}", where="interval", expected="0 to n, n above 0")
    z, share = z_two_sided(level), count / n
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale, middle = 1 + z * z / n, share + z * z / (2 * n)
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return Interval(0.0 if count == 0 else max(low, 0.0), 1.0 if count == n else min(high, 1.0))


def median_interval(values: Sequence[int], level: float = LEVEL) -> Interval:
    """Return the interval of the median between two order statistics; the whole range where the values are too few."""
    ordered, n = sorted(values), len(values)
    if n == 0:
        raise FieldError("no value", where="interval", expected="at least one")
    rank = max(math.floor((n + 1) / 2 - z_two_sided(level) * math.sqrt(n) / 2), 1)
    return Interval(float(ordered[rank - 1]), float(ordered[n - rank]))


def _decision_rows(reviews: Iterable[GroupReview], value: Callable[[GroupDecision], int | None]) -> _Rows:
    return _rows(
        (item.review, found, [one.by])
        for item in reviews
        for one in item.decisions
        for found in [value(one)]
        if found is not None
    )


def _rows(found: Iterable[tuple[str, int, list[str]]]) -> _Rows:
    """Keep answers and authors apart: after this nothing can tell who gave which answer."""
    authors: Counter[str] = Counter()
    pairs = []
    for review, value, by in found:
        pairs.append((review, value))
        authors.update(by)
    pairs.sort()
    return _Rows(
        values=[value for _, value in pairs],
        authors=sorted(authors.values()),
        reviews=[review for review, _ in pairs],
    )


def _refused(rows: _Rows) -> str | None:
    if len(rows.authors) < REVIEWERS_MIN:
        return f"fewer than {REVIEWERS_MIN} reviewers"
    if 2 * rows.authors[-1] > len(rows.values):
        return "more than half by one reviewer"
    return None


def _share(measure: str, rows: _Rows, level: float, facts: dict[str, Fact]) -> Measurement:
    if reason := _refused(rows):
        return _no_figure(measure, "share", rows, level, reason)
    count, n = sum(rows.values), len(rows.values)
    interval = wilson(count, n, level)
    return Measurement(
        measure=measure, unit="share", n=n, outcome="measured", method=_method("Wilson score interval"),
        data_digest=_digest(rows, answers=True), statistics={"count": count, "n": n}, level=level,
        estimate=count / n, low=interval.low, high=interval.high, facts=facts,
    )  # fmt: skip


def _median(measure: str, unit: str, rows: _Rows, level: float) -> Measurement:
    if reason := _refused(rows):
        return _no_figure(measure, unit, rows, level, reason)
    ordered, interval = sorted(rows.values), median_interval(rows.values, level)
    names = {"p25": _QUARTER, "p75": _THREE_QUARTERS, "p90": _NINE_TENTHS}
    return Measurement(
        measure=measure, unit=unit, n=len(ordered), outcome="measured", method=_method("median by order statistics"),
        data_digest=_digest(rows, answers=True), statistics={"n": len(ordered)}, level=level,
        estimate=float(_quantile(ordered, _HALF)), low=interval.low, high=interval.high,
        facts={name: _quantile(ordered, share) for name, share in names.items()},
    )  # fmt: skip


def _no_figure(measure: str, unit: str, rows: _Rows, level: float, reason: str) -> Measurement:
    return Measurement(
        measure=measure, unit=unit, n=len(rows.values), outcome="underpowered", method=_method("refused"),
        data_digest=_digest(rows, answers=False), statistics={}, level=level, facts={"refused": reason},
    )  # fmt: skip


def _quantile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest value with at least that share at or below it: always a value that occurred."""
    return ordered[math.ceil(share * len(ordered)) - 1]


def _digest(rows: _Rows, *, answers: bool) -> str:
    """Return the digest of the rows; of a refused figure without answers, or they could be guessed from the digest."""
    kept = [list(pair) for pair in zip(rows.reviews, rows.values, strict=True)] if answers else rows.reviews
    return hashlib.sha256(canonical.encode(kept)).hexdigest()


def _method(name: str) -> Method:
    return Method(name=name, version=_VERSION, source=_SOURCE)
