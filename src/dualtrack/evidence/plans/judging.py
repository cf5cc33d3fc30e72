"""From measurements and a registered threshold to a standing: met, missed, or what sample would settle it.

The whole interval must lie on the right side: an estimate alone never meets a threshold. Where versions were tried on the
same data, one of them looks good by chance, so the interval's coverage is raised: 1 - (1 - level) / variants (Bonferroni; Dunn 1961).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.power import POWER
from dualtrack.evidence.quantiles import z_two_sided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import Gate, Standing

__all__ = ["N_NEEDED_MAX", "Judged", "corrected_level", "judge", "judge_numbers", "picked"]

N_NEEDED_MAX = 10**9
"""A sample beyond this is said as none: an estimate that close to its threshold will not be told from it."""


class Judged(NamedTuple):
    """A standing with its reason in words (None where it was met) and the sample that would settle it."""

    standing: Standing
    reason: str | None
    n_needed: int | None


def corrected_level(level: float, variants: int) -> float:
    """Return the coverage at which each of `variants` tried on the same data must be shown."""
    return 1 - (1 - level) / variants


def picked(measurements: Sequence[Measurement], gate: Gate) -> Measurement:
    """Return the measurement that a gate is about: what `pick` leaves, and of several the one that looks worst.

    Raises FieldError where `pick` leaves nothing: a threshold on a number that is not made would never be looked at.
    """
    wanted = dict(gate.pick)
    name = wanted.pop("measure", None)
    left = [
        each
        for each in measurements
        if (name is None or each.measure == name)
        and all(each.facts.get(fact) == value for fact, value in wanted.items())
    ]
    if not left:
        names = sorted({each.measure for each in measurements})
        raise FieldError(
            f"pick {gate.pick} leaves no result", where="gate", expected=f"a measure of {', '.join(names)}"
        )
    if not gate.pick and (gate.topic == "benefit" or left[0].measure != left[-1].measure):
        return left[0]  # the principal one comes first
    return min(left, key=lambda each: _worst_first(each, gate))


def judge(measured: Measurement, gate: Gate, *, rows_min: int) -> Judged:
    """Hold a measurement against its gate; see the module's text."""
    if measured.n < rows_min:
        return Judged("underpowered", f"{measured.n} rows, the plan asks for {rows_min}", rows_min)
    if measured.estimate is None or measured.low is None or measured.high is None:
        return Judged("underpowered", "no estimate could be formed on these data", _said(measured))
    if measured.outcome == "underpowered":
        return Judged("underpowered", "the data cannot answer: see its parts and its power", _said(measured))
    return judge_numbers(measured, gate)


def judge_numbers(measured: Measurement, gate: Gate) -> Judged:
    """Hold estimate and limits against the gate, whatever else speaks against them; there must be an estimate."""
    if gate.topic == "benefit":
        return _judge_benefit(measured)
    failing = (_hold(measured, threshold, sign) for threshold, sign in _sides(gate))
    return next((each for each in failing if each is not None), Judged("met", None, None))


def _hold(measured: Measurement, threshold: float, sign: int) -> Judged | None:
    """Return what is wrong on one side: the interval must lie above (sign 1) or below (sign -1) the threshold; None if it does."""
    assert measured.estimate is not None
    assert measured.low is not None
    assert measured.high is not None
    near, far = (measured.low, measured.high) if sign > 0 else (measured.high, measured.low)
    word = "below" if sign > 0 else "above"
    if sign * (near - threshold) >= 0:
        return None
    if sign * (far - threshold) < 0:
        return Judged("missed", f"the whole interval lies {word} {threshold:g}", None)
    said = "and so does the estimate" if sign * (measured.estimate - threshold) < 0 else "the estimate does not"
    return Judged("underpowered", f"the interval reaches {word} {threshold:g}, {said}", _needed(measured, threshold))


def _judge_benefit(measured: Measurement) -> Judged:
    assert measured.estimate is not None
    assert measured.low is not None
    assert measured.high is not None
    margin, effect = measured.facts.get("margin"), measured.facts.get("declared_effect")
    floor = -float(margin) if isinstance(margin, (int, float)) else 0.0
    least = floor if isinstance(margin, (int, float)) else float(effect) if isinstance(effect, (int, float)) else 0.0
    if measured.low > floor and measured.estimate >= least:
        return Judged("met", None, None)
    if measured.high < least or measured.high <= floor:
        return Judged("missed", f"the whole interval lies below {least:g}", None)
    if measured.low > floor:
        return Judged("missed", f"the estimate is below the declared {least:g}", None)
    return Judged("underpowered", f"the interval reaches {floor:g} or below", _needed(measured, floor))


def _sides(gate: Gate) -> list[tuple[float, int]]:
    """Return thresholds with the side on which the interval must lie: above (1) or below (-1)."""
    sides = [(gate.target, 1), (gate.limit, -1), (gate.limit_low, 1), (gate.limit_high, -1)]
    return [(threshold, sign) for threshold, sign in sides if threshold is not None]


def _needed(measured: Measurement, threshold: float) -> int | None:
    """Return about how many rows would settle it, four times in five, if the estimate is the truth.

    A half-width shrinks with the root of n; where it just reaches the threshold, chance alone decides (Chow et al. 2008, 3.1).
    """
    assert measured.estimate is not None
    assert measured.low is not None
    assert measured.high is not None
    distance, half = abs(measured.estimate - threshold), (measured.high - measured.low) / 2
    sided = z_two_sided(measured.level)
    power = (sided + NormalDist().inv_cdf(POWER)) / sided
    if distance <= power * half * math.sqrt(
        measured.n / N_NEEDED_MAX
    ):  # beyond what is worth saying, or no distance at all
        return _said(measured)
    needed = math.ceil(measured.n * (power * half / distance) ** 2)
    return needed if needed > measured.n else _said(measured)


def _said(measured: Measurement) -> int | None:
    value = measured.facts.get("n_needed")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _worst_first(measured: Measurement, gate: Gate) -> float:
    """Order by what counts against the use: no estimate at all first, then the limit nearest to the wrong side."""
    if measured.low is None or measured.high is None:
        return -math.inf
    return min(sign * ((measured.low if sign > 0 else measured.high) - threshold) for threshold, sign in _sides(gate))
