"""The two steps by which a measurement is made: first without an answer, then with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, to_plain
from dualtrack.evidence.measurement import Fact, Measurement, Method, Outcome, Part
from dualtrack.evidence.resampling import record_draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.evidence.interval import Interval
    from dualtrack.evidence.measure import Estimating

__all__ = ["answered", "part", "unanswered"]


def unanswered(
    measure: str,
    unit: str,
    n: int,
    method: Method,
    how: Estimating,
    statistics: Record,
    facts: dict[str, Fact] | None = None,
) -> Measurement:
    """Return a measurement without an estimate: what stands where the data cannot answer."""
    plain = to_plain(statistics)
    assert isinstance(plain, dict)
    return Measurement(
        measure=measure,
        unit=unit,
        n=n,
        outcome="underpowered",
        method=method,
        data_digest=how.data_digest,
        level=how.level,
        statistics=plain,
        facts=facts or {},
    )


def answered(
    bare: Measurement,
    estimate: float,
    limits: Interval,
    *,
    enough: bool = True,
    facts: Mapping[str, Fact] | None = None,
    parts: tuple[Part, ...] = (),
    drawn: Estimating | None = None,
) -> Measurement:
    """Return the measurement with its estimate; `underpowered` still where there is not `enough`, `drawn` where draws made it.

    Percentiles of a quantity that leans upwards may leave the point outside: the interval is then widened to hold it.
    """
    outcome: Outcome = "measured" if enough else "underpowered"
    return replace(
        bare,
        outcome=outcome,
        estimate=estimate,
        low=min(limits.low, estimate),
        high=max(limits.high, estimate),
        facts=bare.facts | dict(facts or {}),
        parts=parts or bare.parts,
        draws=record_draws(drawn.seed, drawn.draws) if drawn else None,
    )


def part(label: str, n: int, least: int, estimate: float, limits: Interval) -> Part:
    """Return one part; `underpowered` where it rests on fewer than `least` rows."""
    return Part(
        label=label,
        n=n,
        outcome="measured" if n >= least else "underpowered",
        estimate=estimate,
        low=limits.low,
        high=limits.high,
    )
