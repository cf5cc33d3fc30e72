"""`benefit.cost-and-minutes`: what a case costs or takes with AI, against without: the difference, and the ratio with Fieller's limits.

Paired (both are known for each case: roles score with AI, baseline without) or two-arm (role label by role arm). Cost is whatever
the column holds; what it leaves out (set-up, checking, errors put right later) is left out here too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.arms import Arms, arms_of, difference
from dualtrack.evidence.benefit.counted_moments import moments_by_level, moments_tally
from dualtrack.evidence.benefit.effects import Effect, answer_effect, unanswered
from dualtrack.evidence.benefit.moments import UNITS_LEAST, Moments, add_moments
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.intervals.answer import NoInterval
from dualtrack.evidence.intervals.fieller import Pair, fieller
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.quantiles import student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["CostAndMinutes", "CostSettings", "Costs"]


class CostSettings(Record, frozen=True):
    """The plan (unit: HKD or minutes a case, lower is better), the design, and the scale of fixed point (see `two_arm`)."""

    plan: Plan
    design: Literal["paired", "two-arm"]
    scale_bits: int = 30

    def __post_init__(self) -> None:
        if self.plan.direction != "lower is better":
            raise FieldError(self.plan.direction, where="plan.direction", expected="lower is better")


class Costs(Record, frozen=True):
    """Moments of pairs (one part) or of the arms without and with AI (two)."""

    parts: tuple[Moments, ...]


class _Means(NamedTuple):
    pair: Pair
    error: float
    degrees: float


class CostAndMinutes(CountingMeasure[Costs, CostSettings]):
    """Cost or minutes a case saved, and the ratio of with AI to without."""

    name: ClassVar[str] = "benefit.cost-and-minutes"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Cost or minutes a case", zh="每宗個案的成本或時間")
    unit: ClassVar[str] = "unit of the plan"
    needs: ClassVar[tuple[str, ...]] = ()  # by design: score and baseline, or label and arm
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="difference of means, Student or Welch interval; ratio of means, Fieller's interval",
        version="1",
        source="Cochran 1977, section 9A; Welch 1947; Fieller 1954",
    )
    misleads: ClassVar[Text] = Text(
        en="When time saved is not time used for something else, when checking and putting right are not in the column, when a few "
        "very long cases decide the mean, or when people knew that they were timed.",
        zh="若省下的時間沒有用於其他工作、覆核與更正不計在內、少數極長個案左右平均值，或員工知道正被計時，結果便不可信。",
    )
    settings: ClassVar[type[Record]] = CostSettings
    statistics: ClassVar[type[Record]] = Costs

    def tallies(self, roles: Roles, settings: CostSettings) -> tuple[Tally, ...]:
        """Ask for the moments of both columns, or of the label by arm."""
        by = None if settings.design == "paired" else "arm"
        return (moments_tally(self.name, roles, _values(settings), by=by, bits=settings.scale_bits),)

    def from_counted(self, counted: Sequence[Counted], settings: CostSettings) -> Costs:
        """Return the moments."""
        if settings.design == "paired":
            return Costs(parts=tuple(moments_by_level(counted[0], _values(settings), by=None).values()))
        arms = arms_of(moments_by_level(counted[0], _values(settings), by="arm"))
        return Costs(parts=(arms.control, arms.treated))

    def merge(self, parts: Sequence[Costs]) -> Costs:
        """Add moments of separate rows; parts must not share a cluster."""
        if len({len(part.parts) for part in parts}) != 1:
            raise FieldError("costs of different designs", where=self.name, expected="one design in every part")
        return Costs(parts=tuple(add_moments(each) for each in zip(*(part.parts for part in parts), strict=True)))

    def estimate(self, statistics: Costs, settings: CostSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the difference (above zero: the AI saves), then the ratio of with AI to without (below one: the AI saves)."""
        units = min(part.units for part in statistics.parts)
        facts: dict[str, Fact] = {
            "design": settings.design,
            "independent_units": sum(p.units for p in statistics.parts),
        }
        bare = Measurement(
            measure=self.name,
            unit=settings.plan.unit,
            n=sum(part.rows for part in statistics.parts),
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
        )
        ratio = replace(bare, measure="benefit.cost-ratio", unit="ratio of means")
        if units < UNITS_LEAST:
            return unanswered(bare, "too few units", facts), unanswered(ratio, "too few units", facts)
        if settings.design == "paired" and _stated(statistics.parts[0]):
            why = "one column is the same in every row: stated, not measured"
            return unanswered(bare, why, facts), unanswered(ratio, why, facts)
        means = _paired(statistics.parts[0]) if settings.design == "paired" else _two_arm(*statistics.parts)
        effect = Effect(means.pair.top - means.pair.bottom, means.error, means.degrees, scale=0.0)
        facts |= {"mean_with_ai": means.pair.top, "mean_without": means.pair.bottom}
        return answer_effect(bare, settings.plan, effect, facts), _ratio(ratio, means, facts)


def _ratio(bare: Measurement, means: _Means, facts: dict[str, Fact]) -> Measurement:
    if means.degrees <= 0:
        return unanswered(bare, "no spread", facts)
    limits = fieller(means.pair, student_quantile(0.5 + bare.level / 2, means.degrees))
    if isinstance(limits, NoInterval):
        return unanswered(bare, limits.reason, facts)
    ratio = means.pair.top / means.pair.bottom
    return replace(bare, outcome="measured", estimate=ratio, low=limits.low, high=limits.high, facts=facts)


def _paired(moments: Moments) -> _Means:
    top, bottom = moments.covariance("score", "score"), moments.covariance("baseline", "baseline")
    shared = moments.covariance("score", "baseline")
    pair = Pair(moments.mean("score"), moments.mean("baseline"), top, bottom, shared)
    error = math.sqrt(moments.difference_variance("score", "baseline"))
    return _Means(pair, error, moments.units - 1)


def _stated(moments: Moments) -> bool:
    """Say whether a column does not vary: a tariff or a guess in the place of what was measured."""
    return min(moments.covariance("score", "score"), moments.covariance("baseline", "baseline")) <= 0


def _two_arm(control: Moments, treated: Moments) -> _Means:
    gap = difference(Arms(control=control, treated=treated), "label")
    top, bottom = treated.covariance("label", "label"), control.covariance("label", "label")
    return _Means(Pair(treated.mean("label"), control.mean("label"), top, bottom), gap.standard_error, gap.degrees)


def _values(settings: CostSettings) -> tuple[str, ...]:
    return ("score", "baseline") if settings.design == "paired" else ("label",)
