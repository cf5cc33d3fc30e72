"""From one run to the next: the reference grows until it is large enough, then each window is held against it."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.runtime.monitors.counting import BOTH_WAYS, cut_of, slower
from dualtrack.runtime.monitors.detector import MICRONATS, alternatives, evidence_log, reference_limits, updated
from dualtrack.runtime.monitors.records import Series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.runtime.monitors.detector import Alternative, Limits
    from dualtrack.runtime.monitors.settings import MonitorSettings, Schedule

__all__ = ["SLOW", "fold", "fold_slow", "limits_of", "series_count", "threshold_micronats"]

SLOW = "slow"


def series_count(schedule: Schedule, names: Sequence[str]) -> int:
    """Return how many series share the error: those seen, and those that the schedule watches and nobody has seen yet."""
    seen = {name.partition(":")[0] for name in names}
    return len(set(names)) + sum(each not in seen for each in schedule.watches)


def threshold_micronats(settings: MonitorSettings, schedule: Schedule, series: int) -> int:
    """Return the logarithm of the threshold, rounded up."""
    return math.ceil(math.log(settings.threshold(schedule, series)) * MICRONATS)


def fold(
    old: Series | None,
    name: str,
    counted: tuple[tuple[int, ...], int],
    settings: MonitorSettings,
    schedule: Schedule,
    *,
    series: int,
    threshold: int,
    at: str,
) -> Series:
    """Return a series after a window; without a case in it, only the window's counts change."""
    hits, n = counted
    before = old or Series(
        name=name, watching=False, windows=0, reference_n=0, reference_hits=(0,) * len(hits), n=0, hits=hits
    )
    now = replace(before, n=n, hits=hits, alarm=False)
    if n == 0:
        return now
    if not now.watching:
        grown = tuple(map(sum, zip(now.reference_hits, hits, strict=True)))
        now = replace(now, windows=now.windows + 1, reference_n=now.reference_n + n, reference_hits=grown)
        enough = now.windows >= schedule.reference_windows and now.reference_n >= settings.reference_min
        return replace(now, watching=enough)
    return _watched(now, settings, series, threshold, at)


def fold_slow(
    old: Series | None,
    before: Mapping[str, int],
    latency: Counter[int],
    settings: MonitorSettings,
    schedule: Schedule,
    *,
    series: int,
    threshold: int,
    at: str,
) -> tuple[Series, dict[str, int]]:
    """Return the series of slow decisions and what is still to be learnt: the cut is drawn when the reference is complete."""
    if old is not None and old.watching and old.slow_above is not None:
        counted = ((slower(latency, old.slow_above),), sum(latency.values()))
        return fold(old, SLOW, counted, settings, schedule, series=series, threshold=threshold, at=at), {}
    whole = Counter({int(quarter): n for quarter, n in before.items()}) + latency
    found = fold(
        old, SLOW, ((0,), sum(latency.values())), settings, schedule, series=series, threshold=threshold, at=at
    )
    if not found.watching:
        return found, {str(quarter): n for quarter, n in sorted(whole.items())}
    cut = cut_of(whole)
    return replace(found, slow_above=cut, reference_hits=(slower(whole, cut),), hits=(slower(latency, cut),)), {}


def limits_of(series: Series, settings: MonitorSettings, count: int) -> tuple[Limits, ...]:
    """Return the limits of the reference at each cut; all limits of all series together fail with `reference_risk` at most."""
    risk = settings.reference_risk / (count * len(settings.schedules) * len(series.reference_hits))
    return tuple(reference_limits(hits, series.reference_n, risk) for hits in series.reference_hits)


def _watched(now: Series, settings: MonitorSettings, count: int, threshold: int, at: str) -> Series:
    both = now.name.partition(":")[0] in BOTH_WAYS
    sought: list[tuple[Alternative, ...]] = [
        alternatives(limits, settings.ratios, both=both) for limits in limits_of(now, settings, count)
    ]
    evidence: list[int] = []
    start = 0
    for found, hits in zip(sought, now.hits, strict=True):
        held = now.evidence[start : start + len(found)]
        evidence += updated(held, found, hits, now.n)
        start += len(found)
    if evidence_log(evidence) * MICRONATS < threshold:
        return replace(now, evidence=tuple(evidence))
    return replace(now, evidence=(), alarm=True, last_alarm=at)
