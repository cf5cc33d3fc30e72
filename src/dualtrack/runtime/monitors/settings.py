"""What is watched, how often, and at which rate of false alarms: the dated figures of `data/monitoring.yaml`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError

__all__ = ["HOURS_PER_YEAR", "MonitorSettings", "Schedule", "Watched", "monitor_settings"]

HOURS_PER_YEAR = 8_766
"""Hours of a mean Julian year."""

Watched = Literal[
    "failed", "fallback", "slow", "blocked", "routed", "guard_fired", "guard_score", "disagreement", "overridden"
]
"""What can be watched: shares of decisions, except `overridden`, which is a share of reviews that ended."""


class Schedule(Record, frozen=True):
    """A length of window in hours, the windows that a reference spans at least, and what is watched."""

    name: str
    hours: int
    reference_windows: int
    watches: tuple[Watched, ...]

    @property
    def windows_per_year(self) -> float:
        """Windows of a year in which something is decided in every one."""
        return HOURS_PER_YEAR / self.hours


class MonitorSettings(Record, frozen=True):
    """The figures in use, with what they rest on."""

    basis: Literal["ours", "firm", "text"]
    checked_on: str
    false_alarms_per_year: float
    reference_min: int
    reference_risk: float
    decisions_read_max: int
    grace_seconds: int
    score_edges: tuple[int, ...]
    ratios: tuple[float, ...]
    schedules: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.score_edges, self.score_edges[1:], strict=False))
        names = {each.name for each in self.schedules}
        wrong = (
            self.false_alarms_per_year <= 0 or not 0 < self.reference_risk < 1 or not rising or not self.score_edges
            or not self.ratios or min(self.ratios) <= 1 or len(names) != len(self.schedules) or not names
            or min(self.reference_min, self.decisions_read_max) < 1
            or any(each.hours not in {1, 2, 3, 4, 6, 8, 12, 24} or not each.watches or each.reference_windows < 1 for each in self.schedules)
        )  # fmt: skip
        if wrong:
            raise FieldError("figures that cannot be", where="monitoring settings", fix="compare with the shipped file")

    def false_alarms(self, schedule: Schedule) -> float:
        """Return the false alarms a year that a schedule may make: all have the same share."""
        del schedule
        return self.false_alarms_per_year / len(self.schedules)

    def threshold(self, schedule: Schedule, series: int) -> float:
        """Return the evidence at which one of so many series raises an alarm: its mean number of windows to a false one.

        Expected false alarms a year are at most windows a year times series over this number (`detector`).
        """
        return schedule.windows_per_year * max(series, 1) / self.false_alarms(schedule)


@cache
def monitor_settings() -> MonitorSettings:
    """Return the shipped figures."""
    data = (resources.files("dualtrack.runtime") / "data" / "monitoring.yaml").read_bytes()
    return read_record(read_yaml(data, where="monitoring.yaml"), MonitorSettings, where="monitoring.yaml")
