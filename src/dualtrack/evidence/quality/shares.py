"""Shares of good values by column or rule, and the one number that stands for them: the weakest.

An average over columns hides the column that is empty. So the estimate is the lowest share, its interval holds for the lowest
true share (every column's Wilson limits at a level divided by their number, Bonferroni: the lowest of the low limits and
the lowest of the high ones), and a line that could not be judged leaves the whole measurement without an estimate.
Sources: Wilson (1927), JASA 22, 209-212; Dunn (1961), JASA 56, 52-64 (simultaneous limits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, to_plain
from dualtrack.errors import FieldError
from dualtrack.evidence.intervals.wilson import wilson_limits
from dualtrack.evidence.measurement import Fact, Measurement, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Method

__all__ = ["LINES_MAX", "Line", "Shares", "estimate_shares", "merge_shares"]

LINES_MAX = 1_000
"""Most columns or rules of one measurement: wider tables are measured in parts, so that statistics stay readable."""


class Line(Record, frozen=True):
    """One column or rule: `good` of `judged` values; `absent` rows held nothing to judge. Raises FieldError where that is impossible."""

    label: str
    good: int
    judged: int
    absent: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.good <= self.judged and self.absent >= 0):
            raise FieldError(
                f"{self.good} good of {self.judged}, {self.absent} absent",
                where=self.label,
                expected="0 to judged, not below 0",
            )


class Shares(Record, frozen=True):
    """The lines of a measurement, labels distinct, and the rows behind them."""

    lines: tuple[Line, ...]
    rows: int

    def __post_init__(self) -> None:
        labels = [line.label for line in self.lines]
        if not 0 < len(labels) <= LINES_MAX or len(set(labels)) != len(labels):
            raise FieldError(f"{len(labels)} columns or rules", where="quality", expected=f"1 to {LINES_MAX}, distinct")


def merge_shares(parts: Sequence[Shares]) -> Shares:
    """Add lines of separate rows; every part must have the same lines in the same order."""
    if not parts or any([a.label for a in part.lines] != [b.label for b in parts[0].lines] for part in parts):
        raise FieldError("different columns or rules", where="quality", expected="the same ones in every part")
    return Shares(
        lines=tuple(
            Line(
                label=same[0].label,
                good=sum(line.good for line in same),
                judged=sum(line.judged for line in same),
                absent=sum(line.absent for line in same),
            )
            for same in zip(*(part.lines for part in parts), strict=True)
        ),
        rows=sum(part.rows for part in parts),
    )


def estimate_shares(
    measure: str, method: Method, shares: Shares, how: Estimating, facts: dict[str, Fact] | None = None
) -> Measurement:
    """Return the lowest share with its interval, parts by line.

    `underpowered` where a line has fewer judged values than `how.cell_size_min` (then `n_needed` says how many rows would do, if
    as many hold a value as now), without an estimate where a line has none at all.
    """
    empty = [line for line in shares.lines if not line.judged]
    thin = [line for line in shares.lines if line.judged < how.cell_size_min]
    said: dict[str, Fact] = {
        "lines": len(shares.lines),
        "lines_not_judged": len(empty),
        "absent": sum(line.absent for line in shares.lines),
        "cell_size_min": how.cell_size_min,
        **(facts or {}),
    }
    bare = Measurement(
        measure=measure,
        unit="share",
        n=shares.rows,
        outcome="underpowered",
        method=method,
        data_digest=how.data_digest,
        level=how.level,
        statistics={"lines": [to_plain(line) for line in shares.lines], "rows": shares.rows},
        facts=said,
        parts=tuple(_part(line, how) for line in shares.lines),
    )
    if empty:
        return replace(bare, facts=said | {"first_not_judged": empty[0].label})
    if thin:
        said["n_needed"] = max(-(-how.cell_size_min * shares.rows // line.judged) for line in thin)
    lowest = min(shares.lines, key=lambda line: (line.good / line.judged, line.label))
    said |= {"lowest": lowest.label, "mean": sum(line.good / line.judged for line in shares.lines) / len(shares.lines)}
    strict = 1 - (1 - how.level) / len(shares.lines)
    limits = [wilson_limits(line.good, line.judged, strict) for line in shares.lines]
    return replace(
        bare,
        outcome="underpowered" if thin else "measured",
        estimate=lowest.good / lowest.judged,
        low=min(limit.low for limit in limits),
        high=min(limit.high for limit in limits),
        facts=said,
    )


def _part(line: Line, how: Estimating) -> Part:
    if not line.judged:
        return Part(label=line.label, n=0, outcome="underpowered")
    low, high = wilson_limits(line.good, line.judged, how.level)
    return Part(
        label=line.label,
        n=line.judged,
        outcome="underpowered" if line.judged < how.cell_size_min else "measured",
        estimate=line.good / line.judged,
        low=low,
        high=high,
    )
