"""Outcomes by period of time: rows and sums of each hour, shift, day or week, by arm where there is one.

Times are ISO 8601 text (without a zone: Hong Kong time) or seconds since 1970 UTC. Cut them to the hour beforehand where
an engine is to count them: it counts each distinct time.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Record
from dualtrack.domain.time import HONG_KONG
from dualtrack.errors import FieldError
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.tally import Amount, Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["PERIODS_MAX", "Cut", "Period", "Periods", "add_periods", "instant_seconds", "periods_of", "periods_tally"]

PERIODS_MAX = 3_000
"""Most periods kept: hours of four months, days of eight years; about 200 KB."""


class Cut(NamedTuple):
    """Where period 0 begins (seconds since 1970 UTC) and how long each is (seconds)."""

    start: float
    length: float


class Period(Record, frozen=True):
    """Rows and their sum (in units of 2^-bits) in one period; `arm` is empty where there are no arms."""

    number: int
    arm: str
    rows: int
    sum: str


class Periods(Record, frozen=True):
    """All periods that hold rows, in order."""

    bits: int
    periods: tuple[Period, ...]

    @property
    def rows(self) -> int:
        """Rows of all periods."""
        return sum(each.rows for each in self.periods)

    def mean(self, period: Period) -> float:
        """Return the mean of one period."""
        return math.ldexp(int(period.sum), -self.bits) / period.rows


def periods_tally(name: str, roles: Roles, *, arms: bool, bits: int) -> Tally:
    """Ask for rows and sums of the label by time, and by arm."""
    label = counted_column(roles, "label")
    keys = [Key(column=label, how="missing"), Key(column=counted_column(roles, "time"))]
    keys += [Key(column=counted_column(roles, "arm"))] if arms else []
    return Tally(name=name, keys=tuple(keys), amounts=(Amount(column=label, scale_bits=bits),))


def periods_of(counted: Counted, cut: Cut) -> Periods:
    """Fold times into periods; raises FieldError for missing values, unreadable times or more than PERIODS_MAX periods."""
    totals: dict[tuple[int, str], tuple[int, int]] = {}
    for cell, rows, sums in zip(counted.cells, counted.counts, counted.sums, strict=True):
        if cell[0] == "1":
            raise FieldError("missing values", where="label", fix="decide how rows without a value are treated")
        key = math.floor((instant_seconds(cell[1]) - cut.start) / cut.length), cell[2] if len(cell) > 2 else ""  # noqa: PLR2004 - the third key is the arm
        before = totals.get(key, (0, 0))
        totals[key] = before[0] + rows, before[1] + sums[0]
    return _periods(totals, counted.tally.amounts[0].scale_bits)


def add_periods(parts: Sequence[Periods]) -> Periods:
    """Add periods of separate rows; a period in two parts is one again."""
    if len({part.bits for part in parts}) != 1:
        raise FieldError("periods of different scales", where="periods", expected="one scale, at least one part")
    totals: dict[tuple[int, str], tuple[int, int]] = {}
    for part in parts:
        for each in part.periods:
            before = totals.get((each.number, each.arm), (0, 0))
            totals[each.number, each.arm] = before[0] + each.rows, before[1] + int(each.sum)
    return _periods(totals, parts[0].bits)


def instant_seconds(text: str) -> float:
    """Return a time as seconds since 1970 UTC; raises FieldError for anything else."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise FieldError(f"{text[:40]!r} is no time", where="time", expected="ISO 8601 or epoch seconds") from error
        return (found if found.tzinfo else found.replace(tzinfo=HONG_KONG)).timestamp()
    if not math.isfinite(seconds):
        raise FieldError(f"{text[:40]!r} is no time", where="time", expected="ISO 8601 or epoch seconds")
    return seconds


def _periods(totals: dict[tuple[int, str], tuple[int, int]], bits: int) -> Periods:
    if len(totals) > PERIODS_MAX:
        raise FieldError(
            f"{len(totals)} periods", where="period_hours", expected=f"at most {PERIODS_MAX}", fix="take longer periods"
        )
    kept = tuple(
        Period(number=number, arm=arm, rows=rows, sum=str(total))
        for (number, arm), (rows, total) in sorted(totals.items())
    )
    return Periods(bits=bits, periods=kept)
