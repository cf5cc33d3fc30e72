"""Timeliness: the share of rows no older than a limit at a stated instant. Source: ISO/IEC 25012:2008, section 5.3.1.5 (currentness)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from msgspec.structs import asdict, replace

from dualtrack.domain.records import Record, Text
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Method
from dualtrack.evidence.quality.shares import Line, Shares, estimate_shares
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["Ages", "Timeliness", "TimelinessSettings", "epoch_seconds"]


class TimelinessSettings(Record, frozen=True):
    """`at`: the instant (YYYY-MM-DDTHH:MM:SSZ) by which age is counted; `age_days_max`: oldest row that is still timely, from the plan.

    `form` says how the column of role `time` writes time: ISO 8601 text, or seconds since 1970 UTC.
    """

    at: str
    age_days_max: float
    form: Literal["iso", "epoch"] = "iso"

    def __post_init__(self) -> None:
        parse_instant(self.at, where="timeliness, field at")
        if not (self.age_days_max > 0 and math.isfinite(self.age_days_max)):
            raise FieldError(f"{self.age_days_max} days", where="timeliness, field age_days_max", expected="above 0")


class Ages(Record, frozen=True):
    """Rows by age at the stated instant; `ahead` are dated after it, `unreadable` hold no time that can be read."""

    timely: int
    stale: int
    ahead: int
    missing: int
    unreadable: int


def epoch_seconds(text: str) -> float | None:
    """Return ISO 8601 text as seconds since 1970 UTC, None where it is not; without a zone it is Hong Kong time."""
    try:
        found = datetime.fromisoformat(text.strip())
        zoned = found if found.tzinfo else found.replace(tzinfo=HONG_KONG)
        return (zoned - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None


class Timeliness(CountingMeasure[Ages, TimelinessSettings]):
    """Share of all rows that are timely; a row without a readable time, or dated ahead, is not."""

    name: ClassVar[str] = "quality.timeliness"
    family: ClassVar[Family] = "quality"
    title: ClassVar[Text] = Text(en="Timeliness of the data", zh="數據時效")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ("time",)
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="share of rows no older than the limit, Wilson interval",
        version="1",
        source="ISO/IEC 25012:2008; Wilson 1927",
    )
    misleads: ClassVar[Text] = Text(
        en="The time of a row is when it was written, not when the fact was true: a record re-saved yesterday looks fresh.",
        zh="資料列的時間是寫入時間，而非事實發生的時間：昨日重新儲存的舊資料看似最新。",
    )
    settings: ClassVar[type[Record]] = TimelinessSettings
    statistics: ClassVar[type[Record]] = Ages

    def tallies(self, roles: Roles, settings: TimelinessSettings) -> tuple[Tally, ...]:
        """Count rows by time: by the two edges where they are seconds, by text where they are text."""
        if roles.time is None:
            raise FieldError("no column plays 'time'", where="plan, field columns", fix="name the column of 'time'")
        if settings.form == "iso":
            return (Tally(name="time", keys=(Key(column=roles.time),)),)
        return (Tally(name="time", keys=(Key(column=roles.time, how="bins", edges=_edges(settings)),)),)

    def from_counted(self, counted: Sequence[Counted], settings: TimelinessSettings) -> Ages:
        """Return rows by age; the times themselves are forgotten here."""
        rows = dict.fromkeys(("timely", "stale", "ahead", "missing", "unreadable"), 0)
        for (level,), count in zip(counted[0].cells, counted[0].counts, strict=True):
            rows[_state(level, settings)] += count
        return Ages(**rows)

    def merge(self, parts: Sequence[Ages]) -> Ages:
        """Add rows of separate parts."""
        if not parts:
            raise FieldError("no parts", where=self.name)
        return Ages(**{name: sum(getattr(part, name) for part in parts) for name in Ages.__struct_fields__})

    def estimate(self, statistics: Ages, settings: TimelinessSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share of timely rows; without a readable time there is none."""
        rows = sum(getattr(statistics, name) for name in Ages.__struct_fields__)
        none = rows == statistics.missing + statistics.unreadable
        line = Line(label="time", good=statistics.timely, judged=0 if none else rows, absent=rows if none else 0)
        found = estimate_shares(
            self.name,
            self.method,
            Shares(lines=(line,), rows=rows),
            how,
            {
                "at": settings.at,
                "age_days_max": settings.age_days_max,
                **{name: getattr(statistics, name) for name in ("stale", "ahead", "missing", "unreadable")},
            },
        )
        return (replace(found, statistics=asdict(statistics)),)


def _edges(settings: TimelinessSettings) -> tuple[float, float]:
    now = parse_instant(settings.at).timestamp()
    return now - settings.age_days_max * 86_400, math.nextafter(now, math.inf)


def _state(level: str, settings: TimelinessSettings) -> str:
    if settings.form == "epoch":
        return {"-1": "missing", "0": "stale", "1": "timely"}.get(level, "ahead")
    if not level.strip():
        return "missing"
    seconds = epoch_seconds(level)
    if seconds is None:
        return "unreadable"
    oldest, after = _edges(settings)
    return "stale" if seconds < oldest else "timely" if seconds < after else "ahead"
