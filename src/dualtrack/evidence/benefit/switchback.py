"""`benefit.switchback`: the AI switched on and off by period for everybody, compared by the means of periods.

For where rows touch each other (one queue, one team), so that they cannot be assigned one by one. A period is the unit: its mean
counts once, however many rows it has. Periods just after a switch still feel the arm before and are dropped.
Source: Bojinov, Simchi-Levi and Zhao (2023), Management Science 69, 3759-3777 (carry-over).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.arms import CONTROL, TREATED
from dualtrack.evidence.benefit.effects import Effect, answer_effect, needed_in_periods, unanswered
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.benefit.periods import Cut, Periods, add_periods, instant_seconds, periods_of, periods_tally
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["PERIODS_LEAST", "Switchback", "SwitchbackSettings"]

PERIODS_LEAST = 4
"""Fewest periods in each arm: with fewer, Student's interval is so wide that it is hardly one."""


class SwitchbackSettings(Record, frozen=True):
    """Periods of `period_hours` from `starts_at`; `carry_over_periods` after each switch are not counted. All from the plan."""

    plan: Plan
    starts_at: str
    period_hours: float
    carry_over_periods: int
    scale_bits: int = 40

    def __post_init__(self) -> None:
        instant_seconds(self.starts_at)
        if not (self.period_hours > 0 and math.isfinite(self.period_hours)) or self.carry_over_periods < 0:
            found = f"{self.period_hours} hours, {self.carry_over_periods} periods of carry-over"
            raise FieldError(found, where="switchback", expected="hours above 0, periods of at least 0")


class _Means(NamedTuple):
    treated: NDArray[np.float64]
    control: NDArray[np.float64]
    dropped: int


class Switchback(CountingMeasure[Periods, SwitchbackSettings]):
    """Difference of the means of periods with AI and without."""

    name: ClassVar[str] = "benefit.switchback"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Benefit by switching on and off", zh="輪流開關的效益")
    unit: ClassVar[str] = "unit of the plan"
    needs: ClassVar[tuple[str, ...]] = ("label", "time", "arm")
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="difference of means of period means, carry-over dropped, Welch interval",
        version="1",
        source="Bojinov et al. 2023; Welch 1947",
    )
    misleads: ClassVar[Text] = Text(
        en="When switching follows a pattern of the day or week instead of a lot, when carry-over lasts longer than the periods "
        "dropped, or when staff put off hard cases until the other arm.",
        zh="若開關跟隨日子或星期的規律而非抽籤、餘效比剔除的時段更長，或員工把難題留到另一組時段才處理，結果便不可信。",
    )
    settings: ClassVar[type[Record]] = SwitchbackSettings
    statistics: ClassVar[type[Record]] = Periods

    def tallies(self, roles: Roles, settings: SwitchbackSettings) -> tuple[Tally, ...]:
        """Ask for rows and sums by time and arm."""
        return (periods_tally(self.name, roles, arms=True, bits=settings.scale_bits),)

    def from_counted(self, counted: Sequence[Counted], settings: SwitchbackSettings) -> Periods:
        """Return the periods by arm; raises FieldError for an arm that is neither 0 nor 1, or a period with both."""
        return _checked(periods_of(counted[0], Cut(instant_seconds(settings.starts_at), settings.period_hours * 3_600)))

    def merge(self, parts: Sequence[Periods]) -> Periods:
        """Add periods of separate rows; raises FieldError where a period then has both arms."""
        return _checked(add_periods(parts))

    def estimate(self, statistics: Periods, settings: SwitchbackSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the difference, signed for the AI."""
        means = _means(statistics, settings.carry_over_periods)
        treated, control = len(means.treated), len(means.control)
        facts: dict[str, Fact] = {
            "design": "switchback experiment",
            "periods_ai": treated,
            "periods_control": control,
            "periods_dropped": means.dropped,
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
        if min(treated, control) < PERIODS_LEAST:
            return (unanswered(bare, "too few periods in an arm", facts | {"periods_needed": 2 * PERIODS_LEAST}),)
        parts = [(each.var(ddof=1) / len(each), len(each)) for each in (means.treated, means.control)]
        variance = float(sum(part for part, _ in parts))
        degrees = variance**2 / float(sum(part**2 / (n - 1) for part, n in parts)) if variance > 0 else 0.0
        effect = Effect(
            float(means.treated.mean() - means.control.mean()),
            math.sqrt(variance),
            degrees,
            scale=float(np.abs(np.concatenate([means.treated, means.control])).max()),
        )
        return (needed_in_periods(answer_effect(bare, settings.plan, effect, facts), settings.plan, treated + control),)


def _checked(periods: Periods) -> Periods:
    wrong = {each.arm for each in periods.periods} - {CONTROL, TREATED}
    if wrong:
        raise FieldError(f"arm {min(wrong)!r}", where="arm", expected="0 or 1; 1 worked with AI")
    numbers = [each.number for each in periods.periods]
    twice = {number for number in numbers if numbers.count(number) > 1} if len(set(numbers)) < len(numbers) else set()
    if twice:
        raise FieldError(
            f"period {min(twice)} has both arms",
            where="arm",
            expected="one arm a period",
            fix="check starts_at and period_hours",
        )
    return periods


def _means(statistics: Periods, carry_over: int) -> _Means:
    """Return period means by arm without those within `carry_over` periods of a switch; a gap or the start counts as a switch."""
    kept: dict[str, list[float]] = {CONTROL: [], TREATED: []}
    before, since, dropped = None, 0, 0
    for each in statistics.periods:
        steady = before is not None and (before.arm, before.number + 1) == (each.arm, each.number)
        since = since + 1 if steady else 0
        before = each
        if since < carry_over:
            dropped += 1
        else:
            kept[each.arm].append(statistics.mean(each))
    return _Means(np.array(kept[TREATED]), np.array(kept[CONTROL]), dropped)
