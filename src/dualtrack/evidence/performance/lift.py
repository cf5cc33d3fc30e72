"""`performance.lift`: of all outcomes, how many stand among the highest scores? Capture, lift and the table of cumulative gains.

A list of a given share of the rows is cut where the score falls; rows tied at the cut are taken in proportion, which is what a lot
among them gives on average. Sources: Ling and Li (1998), Data Mining for Direct Marketing, KDD-98, 73-79; Efron and Tibshirani (1993), 6.4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, part, unanswered
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Measurement, Method, Part
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.binned_discrimination import class_facts
from dualtrack.evidence.performance.histogram import (
    GROUPS,
    Histogram,
    Scale,
    draw_tables,
    label_key,
    merge_histograms,
    pool,
    read_histogram,
    score_keys,
    suppressed_bins,
)
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.resampling import percentiles
from dualtrack.evidence.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["SHARES_MAX", "Lift", "LiftSettings", "captured"]

SHARES_MAX = 50
"""Most shares of one measurement, those of the table not counted."""

_METHOD = Method(
    name="share of outcomes among the highest scores, ties in proportion, multinomial bootstrap over groups of bins",
    version="1",
    source="Ling and Li 1998; Efron and Tibshirani 1993, 6.4",
)


class LiftSettings(Record, frozen=True):
    """Shares of the rows that a list may hold (the first is the principal one), lines of the gains table, and the scale."""

    shares: tuple[float, ...]
    table: int = 10
    low: float = 0.0
    high: float = 1.0
    bins: int = 2_000

    def __post_init__(self) -> None:
        if not 0 < len(self.shares) <= SHARES_MAX or not all(0 < share < 1 for share in self.shares):
            raise FieldError(f"shares {self.shares}", where="settings.shares", expected="shares between 0 and 1")
        if not 1 < self.table <= SHARES_MAX:
            raise FieldError(f"a table of {self.table}", where="settings.table", expected=f"2 to {SHARES_MAX}")

    @property
    def scale(self) -> Scale:
        """The bins."""
        return Scale(low=self.low, high=self.high, bins=self.bins)


class Lift(CountingMeasure[Histogram, LiftSettings]):
    """Capture and lift at given shares, with a table of cumulative gains."""

    name = "performance.lift"
    family = "performance"
    title = Text(en="Outcomes caught among the highest scores", zh="最高分個案所涵蓋的結果")
    unit = "share of outcomes"
    needs = ("label", "score")
    cost = "counts"
    method = _METHOD
    misleads = Text(
        en="Lift depends on the base rate: it cannot exceed one over it, so that lifts of two portfolios do not compare. "
        "Outcomes are known only for cases that were let through; those refused are not in the table.",
        zh="提升度取決於整體比率，最高為其倒數，故不同組合的提升度不可比較。只有獲批個案才有已知結果，被拒個案不在表內。",
    )
    settings = LiftSettings
    statistics = Histogram

    def tallies(self, roles: Roles, settings: LiftSettings) -> tuple[Tally, ...]:
        """Count rows by outcome and bin of the score."""
        return (Tally(name="scores", keys=(label_key(roles), *score_keys(roles, settings.scale))),)

    def from_counted(self, counted: Sequence[Counted], settings: LiftSettings) -> Histogram:
        """Return the histogram."""
        return read_histogram(counted[0], settings.scale)

    def merge(self, parts: Sequence[Histogram]) -> Histogram:
        """Add histograms."""
        return merge_histograms(parts)

    def suppressed(self, statistics: Histogram, settings: LiftSettings, least: int) -> Histogram:
        """Join bins of fewer people with their neighbours."""
        del settings
        return suppressed_bins(statistics, least)

    def estimate(self, statistics: Histogram, settings: LiftSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return capture and lift at the first share; parts are all shares and, of capture, the gains table."""
        facts = class_facts(statistics, how) | {"share": settings.shares[0]}
        capture = unanswered("lift.capture", "share of outcomes", statistics.n, _METHOD, how, statistics, facts)
        lift = unanswered("lift.lift", "ratio to base rate", statistics.n, _METHOD, how, statistics, facts)
        positives = sum(statistics.positives)
        table = tuple(at / settings.table for at in range(1, settings.table))
        shares = np.array([*settings.shares, *table])
        if not positives or not sum(statistics.negatives):
            return capture, lift
        points, drawn = _curves(statistics, shares, how)
        kept = drawn[~np.isnan(drawn).any(1)]
        if len(kept) < how.draws / 2 or no_spread(float(kept[:, 0].std())):
            return capture, lift
        limits = [percentiles(kept[:, at], how.level) for at in range(len(shares))]
        limits = [Interval(max(0.0, each.low), min(1.0, each.high)) for each in limits]
        least = how.cell_size_min
        asked = [(f"share {share:g}", at, share) for at, share in enumerate(settings.shares)]
        lines = [(f"gains {share:g}", len(asked) + at, share) for at, share in enumerate(table)]

        def parts(which: list[tuple[str, int, float]], *, ratio: bool) -> tuple[Part, ...]:
            return tuple(
                part(
                    name,
                    positives,
                    least,
                    points[at] / (share if ratio else 1),
                    Interval(*(limit / (share if ratio else 1) for limit in limits[at])),
                )
                for name, at, share in which
            )

        first, enough = settings.shares[0], min(positives, sum(statistics.negatives)) >= least
        return (
            answered(capture, points[0], limits[0], enough=enough, parts=parts(asked + lines, ratio=False), drawn=how),
            answered(
                lift,
                points[0] / first,
                Interval(limits[0].low / first, limits[0].high / first),
                enough=enough,
                parts=parts(asked, ratio=True),
                drawn=how,
            ),
        )


def captured(counts: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return the share of positives among the highest-scored `share` of rows, from tables (..., bins by rising score, 2).

    NaN where a table has no positive.
    """
    falling = counts[..., ::-1, :]
    rows, positive = falling.sum(-1), falling[..., 1]
    reached = np.cumsum(rows, axis=-1)
    size = share * reached[..., -1:]
    taken = np.clip(
        np.divide(size - (reached - rows), rows, out=np.zeros_like(rows), where=rows > 0), 0.0, 1.0
    )  # the part of each bin that is on the list
    caught, total = (taken * positive).sum(-1), positive.sum(-1)
    answer: NDArray[np.float64] = np.divide(caught, total, out=np.full(np.shape(total), math.nan), where=total > 0)
    return answer


def _curves(
    statistics: Histogram, shares: NDArray[np.float64], how: Estimating
) -> tuple[list[float], NDArray[np.float64]]:
    """Return captures at the shares and their draws (draws, shares), moved by what pooling of bins shifted the point."""
    counts = statistics.counts
    place = pool(counts, GROUPS)
    pooled = np.zeros((int(place[-1]) + 1, 2), dtype=np.int64)
    np.add.at(pooled, place, counts)
    tables = draw_tables(pooled, how)
    points = [float(captured(counts.astype(np.float64), float(share))) for share in shares]
    shift = [
        point - float(captured(pooled.astype(np.float64), float(share)))
        for point, share in zip(points, shares, strict=True)
    ]
    return points, np.column_stack(
        [captured(tables, float(share)) + moved for share, moved in zip(shares, shift, strict=True)]
    )
