"""Instants and dates. UTC inside, Asia/Hong_Kong at the edge; the clock is always passed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from dualtrack.errors import FieldError

__all__ = [
    "HONG_KONG",
    "Clock",
    "add_days",
    "format_instant",
    "hong_kong_date",
    "hong_kong_midnight",
    "parse_date",
    "parse_instant",
]

HONG_KONG = timezone(timedelta(hours=8), "HKT")
"""Hong Kong has kept UTC+8 without summer time since 1979, so a fixed offset is exact for every date we handle."""

_INSTANTS_REMEMBERED = 8192
"""Instants kept as read: an assessment reads the same few hundred again and again."""

Clock = Callable[[], datetime]

# `[0-9]`, since `\d` also takes digits of other scripts; hours to 23, since newer Pythons read 24:00 as the next day; years
# from 1000 to 2999, so that every year has four digits and no sum of days leaves the calendar.
_DATE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(rf"{_DATE.pattern}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


def parse_instant(text: str, *, where: str = "instant") -> datetime:
    """Read `YYYY-MM-DDTHH:MM:SSZ`; no other form is accepted, so equal instants have equal text."""
    found = _instant(text)
    if found is None:
        raise FieldError(
            f"{text!r} is not an instant", where=where, expected="YYYY-MM-DDTHH:MM:SSZ (UTC), 1000 to 2999"
        )
    return found


@lru_cache(maxsize=_INSTANTS_REMEMBERED)
def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC) if _INSTANT.fullmatch(text) else None
    except ValueError:
        return None


def format_instant(moment: datetime) -> str:
    """Write an aware datetime as UTC text with whole seconds."""
    if moment.tzinfo is None:
        raise FieldError("a time without a zone", where="instant", fix="pass an aware datetime")
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def parse_date(text: str, *, where: str = "date") -> date:
    """Read `YYYY-MM-DD`."""
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise FieldError(f"{text!r} is not a date", where=where, expected="YYYY-MM-DD, 1000 to 2999")
    return found


def add_days(moment: datetime, days: int) -> datetime:
    """Add whole 24-hour days."""
    return moment + timedelta(days=days)


def hong_kong_date(moment: datetime) -> date:
    """Return the calendar date in Hong Kong at that instant: rules take effect on Hong Kong dates.

    A time without a zone is a ValueError: its date there is unknown, and the machine's zone must not decide it.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone has no date in Hong Kong")
    return moment.astimezone(HONG_KONG).date()


def hong_kong_midnight(moment: datetime) -> datetime:
    """Return when the day began in Hong Kong."""
    return moment.astimezone(HONG_KONG).replace(hour=0, minute=0, second=0, microsecond=0)
