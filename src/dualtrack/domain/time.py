"""Instants and dates. UTC inside, Asia/Hong_Kong at the edge; the clock is always passed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

from dualtrack.errors import FieldError

__all__ = ["HONG_KONG", "Clock", "add_days", "format_instant", "hong_kong_date", "parse_date", "parse_instant"]

HONG_KONG = timezone(timedelta(hours=8), "HKT")
"""Hong Kong has kept UTC+8 without summer time since 1979, so a fixed offset is exact for every date we handle."""

Clock = Callable[[], datetime]

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def parse_instant(text: str, *, where: str = "instant") -> datetime:
    """Read `YYYY-MM-DDTHH:MM:SSZ`; no other form is accepted, so equal instants have equal text."""
    try:
        found = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    except ValueError:
        found = None
    if found is None or not _INSTANT.fullmatch(text):
        raise FieldError(f"{text!r} is not an instant", where=where, expected="YYYY-MM-DDTHH:MM:SSZ (UTC)")
    return found


def format_instant(moment: datetime) -> str:
    """Write an aware datetime as UTC text with whole seconds."""
    if moment.tzinfo is None:
        raise FieldError("a time without a zone", where="instant", fix="pass an aware datetime")
    return moment.astimezone(UTC).strftime(_FORM)


def parse_date(text: str, *, where: str = "date") -> date:
    """Read `YYYY-MM-DD`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not _DATE.fullmatch(text):
        raise FieldError(f"{text!r} is not a date", where=where, expected="YYYY-MM-DD")
    return found


def add_days(moment: datetime, days: int) -> datetime:
    """Add whole 24-hour days."""
    return moment + timedelta(days=days)


def hong_kong_date(moment: datetime) -> date:
    """Return the calendar date in Hong Kong at that instant: rules take effect on Hong Kong dates."""
    return moment.astimezone(HONG_KONG).date()
