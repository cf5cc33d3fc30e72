"""The record that every measurement returns, and the records inside it.

A `Measurement` is an observation with its uncertainty. It holds everything that a rule may read (`estimate`, `low`, `high`,
`n`, `outcome`, `facts`), everything that a person may ask (`method`, `draws`, `data_digest`, `parts`) and the sufficient
`statistics` from which points recompute exactly and intervals exactly or within the error of the draws. It draws no conclusion.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from dualtrack.domain import canonical
from dualtrack.domain.evidence import Method
from dualtrack.domain.records import Record
from dualtrack.errors import DocumentError, FieldError

__all__ = ["LEVEL", "PARTS_MAX", "Draws", "Fact", "Measurement", "Method", "Outcome", "Part", "plain_statistics"]

LEVEL = 0.95
"""Coverage of every interval unless a caller asks otherwise: the convention of the field."""

PARTS_MAX = 10_000
"""Most parts of one measurement: a breakdown finer than this is a table, and tables are not evidence records."""

Outcome = Literal["measured", "underpowered"]
"""`underpowered`: the data cannot answer. It never counts as having answered well."""

Fact = bool | int | float | str
"""A typed field that a rule can read beside the estimate."""

_HEX_DIGITS = 64


class Draws(Record, frozen=True):
    """Random draws behind an interval: enough to draw them again."""

    generator: str
    numpy: str
    seed: int
    draws: int


class Part(Record, frozen=True):
    """One group, bin or scorer inside a measurement; no estimate where it could not be formed."""

    label: str
    n: int
    outcome: Outcome
    estimate: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        _check_interval(self.label, self.estimate, self.low, self.high)


class Measurement(Record, frozen=True):
    """One measured quantity. `estimate`, `low` and `high` are absent together, and only when `underpowered`.

    `measure` names the quantity (`benefit.capture`), `unit` its unit, `level` the interval's coverage, `n` the rows measured.
    Every number is finite; raises FieldError otherwise, so that a NaN can never become evidence,
    and DocumentError for what has no canonical form.
    """

    measure: str
    unit: str
    n: int
    outcome: Outcome
    method: Method
    data_digest: str
    statistics: dict[str, Any]
    level: float = LEVEL
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    facts: dict[str, Fact] = {}
    parts: tuple[Part, ...] = ()
    draws: Draws | None = None

    def __post_init__(self) -> None:
        _check_interval(self.measure, self.estimate, self.low, self.high)
        if self.estimate is None and self.outcome == "measured":
            raise FieldError("measured, but without an estimate", where=self.measure)
        if not 0 < self.level < 1:
            raise FieldError(f"level {self.level}", where=self.measure, expected="between 0 and 1")
        if self.n < 0 or len(self.parts) > PARTS_MAX:
            raise FieldError(f"n {self.n} and {len(self.parts)} parts", where=self.measure)
        if len(self.data_digest) != _HEX_DIGITS or not set(self.data_digest) <= set("0123456789abcdef"):
            raise FieldError("data digest is not SHA-256 in hexadecimal", where=self.measure)
        try:
            canonical.encode(self.plain())  # refuses what has no canonical form, wherever it hides
        except TypeError as error:
            raise DocumentError(str(error), where=self.measure, expected="plain numbers, text and lists") from error

    def plain(self) -> dict[str, Any]:
        """Return the record as plain data, ready for canonical encoding."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    def predicate(self) -> dict[str, Any]:
        """Return what a statement's predicate carries of this record beside its topic's own fields (docs/assessment.md, 5)."""
        plain = self.plain()
        kept = {name: plain[name] for name in ("measure", "unit", "level", "outcome", "facts", "parts", "draws")}
        return {
            "method": self.method,
            "data_digest": self.data_digest,
            "n": self.n,
            "seed": self.draws.seed if self.draws else None,
            "statistics": kept | {"sufficient": plain["statistics"]},
        }


def plain_statistics(statistics: Record) -> dict[str, Any]:
    """Return statistics as a measurement carries them: read back as the same record, they give the same estimate."""
    plain: dict[str, Any] = msgspec.to_builtins(statistics, str_keys=True)
    return plain


def _check_interval(where: str, estimate: float | None, low: float | None, high: float | None) -> None:
    present = [value for value in (estimate, low, high) if value is not None]
    if len(present) not in {0, 3}:
        raise FieldError("estimate, low and high must come together", where=where)
    if not all(math.isfinite(value) for value in present):
        raise FieldError("a number that is not finite", where=where, fix="report the outcome as underpowered instead")
    if low is not None and high is not None and low > high:
        raise FieldError(f"low {low} above high {high}", where=where)
