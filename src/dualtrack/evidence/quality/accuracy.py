"""Accuracy: values that agree with a verified column, or that lie in a declared range or list of codes.

Agreement with what was verified is accuracy; lying in a range is only that a value could be right (ISO/IEC 25012:2008,
section 5.3.1.1, calls both syntactic and semantic accuracy by their difference). Lines say which of the two they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Method
from dualtrack.evidence.quality.shares import Line, Shares, estimate_shares, merge_shares
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["Accuracy", "AccuracySettings", "Codes", "Range", "Verified"]


class Verified(Record, frozen=True):
    """A column and the column that holds what was verified; a row without a verified value is not judged."""

    column: str
    truth: str


class Range(Record, frozen=True):
    """The numbers that a column may hold, both ends included."""

    column: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise FieldError(f"{self.low} to {self.high}", where=f"range of {self.column}", expected="low <= high")


class Codes(Record, frozen=True):
    """The codes that a column may hold, as text; whole numbers without a point."""

    column: str
    allowed: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.allowed or "" in self.allowed:
            raise FieldError("no code, or an empty one", where=f"codes of {self.column}", expected="codes as text")


class AccuracySettings(Record, frozen=True):
    """The checks; at least one. Ranges and codes are the plan's, since only its owner knows what a column means."""

    verified: tuple[Verified, ...] = ()
    ranges: tuple[Range, ...] = ()
    codes: tuple[Codes, ...] = ()


class Accuracy(CountingMeasure[Shares, AccuracySettings]):
    """Share of values that pass each check; the estimate is that of the worst check."""

    name: ClassVar[str] = "quality.accuracy"
    family: ClassVar[Family] = "quality"
    title: ClassVar[Text] = Text(en="Accuracy of the data", zh="數據準確性")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="lowest share of right values over checks, simultaneous Wilson limits",
        version="1",
        source="ISO/IEC 25012:2008; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="A value inside its range may still be wrong. A verified sample speaks for the table only if its rows were drawn by lot. "
        "Missing values are not judged here: read it beside completeness.",
        zh="在範圍之內的值仍可能是錯的；核實樣本須以抽籤方式選出，才能代表整個數據表。缺失值不在此評核，須與完整性一併閱讀。",
    )
    settings: ClassVar[type[Record]] = AccuracySettings
    statistics: ClassVar[type[Record]] = Shares

    def tallies(self, roles: Roles, settings: AccuracySettings) -> tuple[Tally, ...]:  # noqa: ARG002 - the contract of a measure
        """Count pairs of value and verified value, numbers by whether they are in range, and codes."""
        found = (
            *(
                Tally(name=_pair(each), keys=(Key(column=each.column), Key(column=each.truth)))
                for each in settings.verified
            ),
            *(
                Tally(name=_range(each), keys=(Key(column=each.column, how="bins", edges=_edges(each)),))
                for each in settings.ranges
            ),
            *(Tally(name=_codes(each), keys=(Key(column=each.column),)) for each in settings.codes),
        )
        if not found:
            raise FieldError("no check", where=self.name, fix="declare verified columns, ranges or codes in the plan")
        return found

    def from_counted(self, counted: Sequence[Counted], settings: AccuracySettings) -> Shares:
        """Return right values by check."""
        codes = {_codes(each): set(each.allowed) for each in settings.codes}
        pairs = {_pair(each) for each in settings.verified}
        return Shares(
            lines=tuple(_line(each, codes.get(each.tally.name), paired=each.tally.name in pairs) for each in counted),
            rows=counted[0].n,
        )

    def merge(self, parts: Sequence[Shares]) -> Shares:
        """Add rows of separate parts."""
        return merge_shares(parts)

    def estimate(self, statistics: Shares, settings: AccuracySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the lowest share, parts by check; `verified_checks` says how many rest on verified values."""
        facts = {"verified_checks": len(settings.verified)}
        return (estimate_shares(self.name, self.method, statistics, how, dict(facts)),)


def _line(counted: Counted, allowed: set[str] | None, *, paired: bool) -> Line:
    good = judged = absent = 0
    nothing = "-1" if counted.tally.keys[0].how == "bins" else ""
    right = {"1"} if allowed is None else allowed  # bin 1 lies between the two edges
    for cell, count in zip(counted.cells, counted.counts, strict=True):
        if nothing in cell:
            absent += count
            continue
        judged += count
        good += count if (cell[0] == cell[1] if paired else cell[0] in right) else 0
    return Line(label=counted.tally.name, good=good, judged=judged, absent=absent)


def _edges(each: Range) -> tuple[float, float]:
    return each.low, math.nextafter(each.high, math.inf)  # a bin excludes its upper edge, a range includes it


def _pair(each: Verified) -> str:
    return f"{each.column} as verified in {each.truth}"


def _range(each: Range) -> str:
    return f"{each.column} from {each.low:g} to {each.high:g}"


def _codes(each: Codes) -> str:
    return f"{each.column} among {len(each.allowed)} codes"
