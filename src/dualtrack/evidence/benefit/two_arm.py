"""`benefit.two-arm`: an experiment with and without AI on different rows (A/B), by counts that every engine gathers alike.

A share without clusters has Newcombe's interval, everything else Welch's. Where the split of units is not the one that
was drawn, the experiment is broken and there is no estimate: rows were lost for a reason that may be the effect itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.benefit.arms import Arms, add_arms, arms_of, difference, ratio_mismatch_p
from dualtrack.evidence.benefit.counted_moments import moments_by_level, moments_tally
from dualtrack.evidence.benefit.effects import Effect, answer_effect, half_as_error, unanswered
from dualtrack.evidence.benefit.moments import UNITS_LEAST
from dualtrack.evidence.benefit.paired import Plan
from dualtrack.evidence.intervals.answer import Interval
from dualtrack.evidence.intervals.newcombe import newcombe
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.tally import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted, Tally

__all__ = ["TwoArm", "TwoArmSettings"]


class TwoArmSettings(Record, frozen=True):
    """`share_expected` of units were to be treated; below `mismatch_level` the split counts as broken. Both from the plan.

    `adjust` subtracts what the role baseline (a value known before assignment) explains. `scale_bits` of fixed point: with
    30 outcomes may be as large as 46,000, since squares are summed; lower it for larger ones.
    """

    plan: Plan
    outcome: Literal["share", "mean"]
    share_expected: float
    mismatch_level: float
    adjust: bool = False
    scale_bits: int = 30

    def __post_init__(self) -> None:
        for name in ("share_expected", "mismatch_level"):
            if not 0 < getattr(self, name) < 1:
                raise FieldError(f"{getattr(self, name)}", where=name, expected="between 0 and 1")


class TwoArm(CountingMeasure[Arms, TwoArmSettings]):
    """Difference of shares or means between the arm with AI and the arm without."""

    name: ClassVar[str] = "benefit.two-arm"
    family: ClassVar[Family] = "benefit"
    title: ClassVar[Text] = Text(en="Benefit in an experiment with two arms", zh="雙組對照試驗的效益")
    unit: ClassVar[str] = "unit of the plan"
    needs: ClassVar[tuple[str, ...]] = ("label", "arm")
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="difference of two arms: Newcombe's interval for shares of rows, Welch's otherwise",
        version="1",
        source="Newcombe 1998, method 10; Welch 1947; Deng et al. 2013",
    )
    misleads: ClassVar[Text] = Text(
        en="When arms touch each other (the same staff serve both), when whole customers or branches were assigned but rows are "
        "counted, when the novelty wears off, or when the run was stopped at a good moment.",
        zh="若兩組互相影響（例如由同一批員工服務）、分組以客戶或分行為單位卻按行計算、新鮮感會消退，或挑好時機停止試驗，結果便不可信。",
    )
    settings: ClassVar[type[Record]] = TwoArmSettings
    statistics: ClassVar[type[Record]] = Arms

    def tallies(self, roles: Roles, settings: TwoArmSettings) -> tuple[Tally, ...]:
        """Ask for the moments of the outcome by arm."""
        check = Key(column=counted_column(roles, "label")) if settings.outcome == "share" else None
        values = _values(settings)
        return (moments_tally(self.name, roles, values, by="arm", bits=settings.scale_bits, check=check),)

    def from_counted(self, counted: Sequence[Counted], settings: TwoArmSettings) -> Arms:
        """Return the arms; raises FieldError for a share of something that is not 0 or 1."""
        values = _values(settings)
        levels = moments_by_level(counted[0], values, by="arm")
        if settings.outcome == "share":
            wrong = {cell[len(values)] for cell in counted[0].cells} - {"0", "1"}
            if wrong:
                raise FieldError(f"value {min(wrong)}", where="label", expected="0 or 1 for a share")
        return arms_of(levels)

    def merge(self, parts: Sequence[Arms]) -> Arms:
        """Add arms of separate rows; parts must not share a cluster."""
        return add_arms(parts)

    def estimate(self, statistics: Arms, settings: TwoArmSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the difference, signed for the AI; without an estimate where the split is not the one drawn."""
        p = ratio_mismatch_p(statistics, settings.share_expected)
        facts: dict[str, Fact] = {
            "design": "two-arm experiment",
            "n_ai": statistics.treated.rows,
            "n_control": statistics.control.rows,
            "independent_units": statistics.control.units + statistics.treated.units,
            "sample_ratio_p": p,
            "sample_ratio_mismatch": p < settings.mismatch_level,
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
        if p < settings.mismatch_level:
            return (unanswered(bare, "the split of units is not the one drawn", facts),)
        if statistics.smaller < UNITS_LEAST:
            return (unanswered(bare, "too few units", facts),)
        return (answer_effect(bare, settings.plan, _effect(statistics, settings, how.level), facts),)


def _effect(arms: Arms, settings: TwoArmSettings, level: float) -> Effect:
    gap = difference(arms, "label", adjust_by="baseline" if settings.adjust else None)
    by_row = arms.control.units == arms.control.rows and arms.treated.units == arms.treated.rows
    if settings.outcome != "share" or settings.adjust or not by_row:
        return Effect(gap.estimate, gap.standard_error, gap.degrees, scale=0.0)
    treated, control = (round(arm.mean("label") * arm.rows) for arm in (arms.treated, arms.control))
    limits = newcombe(treated, arms.treated.rows, control, arms.control.rows, level=level)
    assert isinstance(limits, Interval)  # both arms have rows
    return Effect(gap.estimate, half_as_error(limits, level), arms.rows - 2, limits=limits)


def _values(settings: TwoArmSettings) -> tuple[str, ...]:
    return ("label", "baseline") if settings.adjust else ("label",)
