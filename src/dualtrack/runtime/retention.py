"""Which contents a law keeps although a person asks for erasure: classes by name, dated and cited in a data file."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.time import hong_kong_date

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PackBasis", "RetentionClass", "kept_until", "retention_classes"]


class PackBasis(Record, frozen=True):
    """A rule of a shipped pack that tests the same years, and the parameter it reads."""

    pack: str
    rule: str
    parameter: str


class RetentionClass(Record, frozen=True):
    """A class that a policy names. Without `years` nothing is kept; with them law and citation are there.

    `packs` are the shipped rules that test the same years; empty where none does.
    """

    says: Text
    years: int | None = None
    law: Text | None = None
    cites: str | None = None
    grade: Literal["primary", "secondary"] | None = None
    counted_from: Text | None = None
    packs: list[PackBasis] = []


class _Table(Record, frozen=True):
    checked_on: str
    classes: dict[str, RetentionClass]


@cache
def retention_classes() -> Mapping[str, RetentionClass]:
    """Return the shipped classes by name."""
    data = (resources.files("dualtrack.runtime") / "data" / "retention.yaml").read_bytes()
    return read_record(read_yaml(data, where="retention.yaml"), _Table, where="retention.yaml").classes


def kept_until(found: RetentionClass, at: datetime) -> date | None:
    """Return the first Hong Kong day on which a content of that instant may be erased; None if no law keeps it.

    Years are whole calendar years; what began on 29 February is kept to 1 March.
    """
    if found.years is None:
        return None
    day = hong_kong_date(at)
    try:
        return day.replace(year=day.year + found.years)
    except ValueError:
        return date(day.year + found.years, 3, 1)
