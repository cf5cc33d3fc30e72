"""What monitors know of a use, to be shown: each series with its window, interval, threshold, error and last alarm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.records import Record
from dualtrack.runtime.monitors.detector import MICRONATS, evidence_log
from dualtrack.runtime.monitors.folding import SLOW, limits_of, series_count
from dualtrack.runtime.monitors.records import newest_run
from dualtrack.runtime.monitors.settings import monitor_settings
from dualtrack.runtime.review_group import wilson

if TYPE_CHECKING:
    from dualtrack.runtime.monitors.records import MonitorRun, Series
    from dualtrack.runtime.monitors.settings import MonitorSettings, Schedule
    from dualtrack.store.register import Register

__all__ = ["SeriesView", "Watching", "slow_us", "watching_of"]


class SeriesView(Record, frozen=True):
    """One series as it stands. `estimate`, `low` and `high` are the share of the last window and its 95 % interval (Wilson).

    `at` says which cut is shown where a series has several: a score per mille, or microseconds. `reference_low` and
    `reference_high` are the limits that a window is held against. `evidence` and `threshold` are natural logarithms. Of a busy
    window every `step`-th decision was read: `n` is of those.
    """

    schedule: str
    series: str
    phase: Literal["learning", "watching"]
    since: str
    until: str
    n: int
    estimate: float | None
    low: float | None
    high: float | None
    at: int | None
    reference_n: int
    reference_windows: int
    reference: float | None
    reference_low: float | None
    reference_high: float | None
    evidence: float | None
    threshold: float
    windows_to_false_alarm: int
    false_alarms_per_year: float
    last_alarm: str | None
    step: int = 1


class Watching(Record, frozen=True):
    """All series of a use; none where nothing has been watched yet. `false_alarms_per_year` is that of all together, at most."""

    use: str
    false_alarms_per_year: float
    basis: str
    checked_on: str
    series: tuple[SeriesView, ...] = ()


def watching_of(register: Register, use: str, *, settings: MonitorSettings | None = None) -> Watching:
    """Return what the newest run of each schedule says; reads a few entries."""
    figures = settings or monitor_settings()
    found: list[SeriesView] = []
    for schedule in figures.schedules:
        newest = newest_run(register, use, schedule.name)
        if newest is not None:
            found += [_view(newest[1], each, schedule, figures) for each in newest[1].series]
    return Watching(
        use=use,
        false_alarms_per_year=figures.false_alarms_per_year,
        basis=figures.basis,
        checked_on=figures.checked_on,
        series=tuple(found),
    )


def slow_us(quarter: int) -> int:
    """Return the microseconds at the end of a quarter octave."""
    return round(2 ** ((quarter + 1) / 4))


def _view(run: MonitorRun, series: Series, schedule: Schedule, settings: MonitorSettings) -> SeriesView:
    count = series_count(schedule, [each.name for each in run.series])
    place = _shown_cut(series)
    known = series.name != SLOW or series.slow_above is not None  # before the cut is drawn nothing is slow
    hits, span = series.hits[place], wilson(series.hits[place], series.n) if series.n and known else None
    limits = limits_of(series, settings, count)[place] if series.watching else None
    log = evidence_log(series.evidence)
    threshold = run.threshold_micronats / MICRONATS
    at = settings.score_edges[place] if len(series.hits) > 1 else None
    if series.slow_above is not None:
        at = slow_us(series.slow_above)
    return SeriesView(
        schedule=schedule.name,
        series=series.name,
        phase="watching" if series.watching else "learning",
        since=run.since,
        until=run.until,
        n=series.n,
        estimate=hits / series.n if span else None,
        low=span.low if span else None,
        high=span.high if span else None,
        at=at,
        reference_n=series.reference_n,
        reference_windows=series.windows,
        reference=series.reference_hits[place] / series.reference_n if series.reference_n and known else None,
        reference_low=limits.low if limits else None,
        reference_high=limits.high if limits else None,
        evidence=None if math.isinf(log) else log,
        threshold=threshold,
        windows_to_false_alarm=math.floor(math.exp(threshold)),
        false_alarms_per_year=schedule.windows_per_year / math.exp(threshold),
        last_alarm=series.last_alarm,
        step=run.step,
    )


def _shown_cut(series: Series) -> int:
    """Return the cut whose share lies furthest from the reference's; the first of equals."""
    if len(series.hits) == 1 or not series.n or not series.reference_n:
        return 0
    gaps = [
        abs(hits / series.n - old / series.reference_n)
        for hits, old in zip(series.hits, series.reference_hits, strict=True)
    ]
    return gaps.index(max(gaps))
