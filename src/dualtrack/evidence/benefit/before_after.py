"""`benefit.before-after`: an interrupted series, the level after a change against the level and trend before it.

A weak design, and it says so: whatever else changed at that time is in the estimate. The facts name the design, so that it never
passes for an experiment. Sources: Wagner, Soumerai, Zhang and Ross-Degnan (2002), Journal of Clinical Pharmacy and
Therapeutics 27, 299-309; Penfold and Zhang (2013), Academic Pediatrics 13, S38-S44 (at least eight periods on each side).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.effects import Effect, answer_effect, needed_in_periods, unanswered
from dualtrack.evidence.benefit.newey_west import fit_newey_west, usual_lags
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.benefit.periods import Cut, Periods, add_periods, instant_seconds, periods_of, periods_tally
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["PERIODS_LEAST", "BeforeAfter", "BeforeAfterSettings"]

PERIODS_LEAST = 8
"""Fewest periods on each side: with fewer, a trend and its noise cannot be told apart (Penfold and Zhang 2013)."""

_CANNOT_EXCLUDE = "anything else that changed at the same time: season, staff, prices, case mix, recording, attention"


class BeforeAfterSettings(Record, frozen=True):
    """`changed_at` when the AI came in; periods of `period_hours` are cut so that one begins then.

    `trend` allows the level to drift over the whole series; `lags` of autocorrelation, the usual number where none is given.
    """

    plan: Plan
    changed_at: str
    period_hours: float
    trend: bool = True
    lags: int | None = None
    scale_bits: int = 40

    def __post_init__(self) -> None:
        instant_seconds(self.changed_at)
        if not (self.period_hours > 0 and math.isfinite(self.period_hours)):
            raise FieldError(f"{self.period_hours}", where="period_hours", expected="above 0")
        if self.lags is not None and self.lags < 0:
            raise FieldError(f"{self.lags}", where="lags", expected="at least 0")


class BeforeAfter(CountingMeasure[Periods, BeforeAfterSettings]):
    """Step in the level of a series of period means, with an interval that allows for autocorrelation."""

    name: ClassVar[str] = "benefit.before-after"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Level before and after the change", zh="引入前後的水平")
    unit: ClassVar[str] = "unit of the plan"
    needs: ClassVar[tuple[str, ...]] = ("label", "time")
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="interrupted series: least squares on period means, Newey-West variance, Student interval",
        version="1",
        source="Wagner et al. 2002; Newey and West 1987",
    )
    misleads: ClassVar[Text] = Text(
        en="It compares two times, not two ways of working: season, staff, case mix or a change of recording show up as benefit. "
        "When the AI came in because figures were bad, they would have come back by themselves.",
        zh="比較的是兩段時間而不是兩種做法：季節、人手、個案組合或記錄方式的轉變都會被當成效益。若因數字欠佳才引入人工智能，數字本來也會回升。",
    )
    settings: ClassVar[type[Record]] = BeforeAfterSettings
    statistics: ClassVar[type[Record]] = Periods

    def tallies(self, roles: Roles, settings: BeforeAfterSettings) -> tuple[Tally, ...]:
        """Ask for rows and sums by time."""
        return (periods_tally(self.name, roles, arms=False, bits=settings.scale_bits),)

    def from_counted(self, counted: Sequence[Counted], settings: BeforeAfterSettings) -> Periods:
        """Return the periods, the first after the change being number 0."""
        return periods_of(counted[0], Cut(instant_seconds(settings.changed_at), settings.period_hours * 3_600))

    def merge(self, parts: Sequence[Periods]) -> Periods:
        """Add periods of separate rows."""
        return add_periods(parts)

    def estimate(self, statistics: Periods, settings: BeforeAfterSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the step, signed for the AI."""
        number = np.array([each.number for each in statistics.periods], dtype=np.float64)
        after = number >= 0
        facts: dict[str, Fact] = {
            "design": "before-after",
            "cannot_exclude": _CANNOT_EXCLUDE,
            "periods_before": int((~after).sum()),
            "periods_after": int(after.sum()),
        }
        bare = Measurement(
            measure=self.name,
            unit=settings.plan.unit,
            n=statistics.rows,
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
        )
        if min(int(after.sum()), int((~after).sum())) < PERIODS_LEAST:
            needed = {"periods_needed": 2 * PERIODS_LEAST}
            return (unanswered(bare, "too few periods on a side", facts | needed),)
        values = np.array([statistics.mean(each) for each in statistics.periods])
        columns = [np.ones(len(number)), after.astype(np.float64)] + ([number] if settings.trend else [])
        lags = usual_lags(len(number)) if settings.lags is None else settings.lags
        fit = fit_newey_west(np.column_stack(columns), values, lags=lags)
        facts |= {"lags": lags, "neighbours_correlation": fit.neighbours}
        error = math.sqrt(max(0.0, float(fit.covariance[1, 1])))
        size = 1e3 * float(np.abs(values).max())  # a fit's rounding is larger than a mean's
        answer = answer_effect(bare, settings.plan, Effect(float(fit.coefficients[1]), error, fit.degrees, size), facts)
        return (needed_in_periods(answer, settings.plan, len(number)),)
