"""From an effect and its standard error to the measurement of a plan: interval, power, and the rows that would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.evidence.benefit.paired import Plan, plan_facts, plan_outcome
from dualtrack.evidence.intervals.student import student_limits
from dualtrack.evidence.power import no_spread, rows_for_same_kind
from dualtrack.evidence.quantiles import z_two_sided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.evidence.interval import Interval
    from dualtrack.evidence.measurement import Fact, Measurement

__all__ = ["Effect", "answer_effect", "half_as_error", "needed_in_periods", "sign_of", "unanswered"]


class Effect(NamedTuple):
    """An effect as the metric has it (not yet signed for the AI), its standard error, and degrees of freedom.

    `limits` where a method other than Student's has them; `scale` the size of the values compared, for telling rounding from spread.
    """

    estimate: float
    standard_error: float
    degrees: float
    scale: float = 1.0
    limits: Interval | None = None


def answer_effect(bare: Measurement, plan: Plan, effect: Effect, facts: Mapping[str, Fact]) -> Measurement:
    """Return the measurement, signed so that above zero favours the AI; `bare` is it without an answer.

    Without a spread it stays unanswered. Where it is `underpowered`, `n_needed` says how many rows of the same kind would do.
    """
    if effect.degrees <= 0 or no_spread(effect.standard_error, scale=effect.scale):
        return unanswered(bare, "no spread", facts)
    sign = sign_of(plan)
    limits = effect.limits or student_limits(effect.estimate, effect.standard_error, effect.degrees, bare.level)
    low, high = sorted((sign * limits.low, sign * limits.high))
    outcome = plan_outcome(plan, low, high)
    found = {**facts, **plan_facts(plan, effect.standard_error, bare.level)}
    if outcome == "underpowered":
        wanted = plan.effect if plan.margin is None else plan.margin
        found["n_needed"] = rows_for_same_kind(bare.n, effect.standard_error, wanted, level=bare.level)
    return replace(bare, outcome=outcome, estimate=sign * effect.estimate, low=low, high=high, facts=found)


def unanswered(bare: Measurement, why: str, facts: Mapping[str, Fact]) -> Measurement:
    """Return the measurement without an estimate, with the reason as a fact."""
    return replace(bare, outcome="underpowered", facts={**facts, "why": why})


def sign_of(plan: Plan) -> int:
    """Return 1 where more of the metric is better, else -1."""
    return 1 if plan.direction == "higher is better" else -1


def needed_in_periods(answer: Measurement, plan: Plan, periods: int) -> Measurement:
    """Say what is needed in periods: more rows in the same periods do not help against what moves whole periods."""
    if "n_needed" not in answer.facts:
        return answer
    wanted = plan.effect if plan.margin is None else plan.margin
    needed = rows_for_same_kind(periods, float(answer.facts["standard_error"]), wanted, level=answer.level)
    return replace(answer, facts={**answer.facts, "periods_needed": needed})


def half_as_error(limits: Interval, level: float) -> float:
    """Return the standard error that limits of this width stand for, so that power is stated for the method that was used."""
    return (limits.high - limits.low) / (2 * z_two_sided(level))
