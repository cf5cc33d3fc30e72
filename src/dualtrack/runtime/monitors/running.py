"""Runs what is due: a window becomes one entry, with a signal for each alarm in the same batch.

Two processes may find the same window. Whoever comes second sees, under the writer's lock, that the run it started from is not the
newest any more, and appends nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.oversight import Signal, SignalKind
from dualtrack.domain.records import encode
from dualtrack.errors import ConflictError
from dualtrack.runtime.incidents import open_incident
from dualtrack.runtime.lookup import indices_of
from dualtrack.runtime.monitors.counting import DRILL, Key, tally
from dualtrack.runtime.monitors.folding import SLOW, fold, fold_slow, series_count, threshold_micronats
from dualtrack.runtime.monitors.records import MONITOR_FORMAT, MONITOR_KIND, MonitorRun, Series, newest_run
from dualtrack.runtime.monitors.settings import monitor_settings
from dualtrack.runtime.monitors.windows import next_window, overrides_of, records_of
from dualtrack.store.entries import NewEntry
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dualtrack.runtime.monitors.settings import MonitorSettings, Schedule
    from dualtrack.runtime.monitors.windows import Window
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = ["ALARM_KIND", "run_due", "run_window"]

ALARM_KIND = "monitor-alarm"
"""Kind of the incident that an alarm opens: of severity minor, so that somebody looks; it closes nothing."""

_SIGNAL: SignalKind = "drift"


class _MovedError(ConflictError):
    """Another process recorded the window at the same moment."""


def run_due(
    register: Register, use: str, *, windows_max: int | None = None, settings: MonitorSettings | None = None
) -> list[MonitorRun]:
    """Run the windows of a use that have ended, oldest first, of every schedule; `windows_max` of each at most."""
    figures, found = settings or monitor_settings(), list[MonitorRun]()
    for schedule in figures.schedules:
        done = 0
        while windows_max is None or done < windows_max:
            run = run_window(register, use, schedule, figures)
            if run is None:
                break
            found.append(run)
            done += 1
    return found


def run_window(register: Register, use: str, schedule: Schedule, settings: MonitorSettings) -> MonitorRun | None:
    """Run the next window of a schedule; None where none is due, or another process was faster."""
    newest = newest_run(register, use, schedule.name)
    start = newest[1].end if newest else 0
    window = next_window(register, use, schedule, start, settings)
    if window is None:
        return None
    run = _made(register, use, schedule, settings, newest[1] if newest else None, window, start)
    alarms = [
        Signal(use=use, kind=_SIGNAL, at=run.at, value=max(each.hits), of=each.n, about=each.name)
        for each in run.series
        if each.alarm
    ]
    items = [NewEntry(MONITOR_KIND, register.institution, use, encode(run))]
    items += [NewEntry("signal/1", register.institution, use, encode(alarm)) for alarm in alarms]
    known = newest[0] if newest else -1

    def beside(connection: Connection, receipts: Sequence[Receipt]) -> None:  # noqa: ARG001 - the writer's form
        # Under the writer's lock: nothing can come after this look.
        later = indices_of(register, MONITOR_KIND, use, start=known + 1)
        for index in (index for index in later if index < receipts[0].index):
            if f'"schedule":"{schedule.name}"'.encode() in register.repository.entry(index).content:
                raise _MovedError("its window was recorded at the same moment", where=f"monitor of {use}")

    try:
        register.append_with(items, beside)
    except _MovedError:
        return None
    _call_for_look(register, use)
    return run


def _made(
    register: Register,
    use: str,
    schedule: Schedule,
    settings: MonitorSettings,
    before: MonitorRun | None,
    window: Window,
    start: int,
) -> MonitorRun:
    """Count a window and hold it against what the run before it knew, if that was of the same release, policy and mode.

    A window of nothing but drills shows nothing new of what runs: what was known stands as it is.
    """
    step = math.ceil(len(window.indices) / settings.decisions_read_max)
    contents = records_of(register, use, window, step)
    found = tally(contents, schedule.watches, settings.score_edges)
    if "overridden" in schedule.watches:
        hits, n = overrides_of(register, use, start, window.end)
        found.counts["overridden"] = ((hits,), n)
    known_key = None if before is None else Key(before.release, before.policy, before.mode)
    key = known_key if known_key is not None and found.key.mode == DRILL else found.key
    same = before if key == known_key else None
    at = register.now()
    names = sorted({*found.counts, *(each.name for each in (same.series if same else ()))} - {SLOW})
    count = series_count(schedule, [*names, *([SLOW] if SLOW in schedule.watches else [])])
    threshold = threshold_micronats(settings, schedule, count)
    known: dict[str, Series] = {each.name: each for each in (same.series if same else ())}
    series, latency = list[Series](), dict[str, int]()
    for name in names:
        counted = found.counts.get(name, ((0,) * len(known[name].hits) if name in known else (0,), 0))
        series.append(
            fold(known.get(name), name, counted, settings, schedule, series=count, threshold=threshold, at=at)
        )
    if SLOW in schedule.watches:
        learnt = same.latency if same else {}
        slow, latency = fold_slow(
            known.get(SLOW), learnt, found.latency, settings, schedule, series=count, threshold=threshold, at=at
        )
        series.append(slow)
    return MonitorRun(
        format=MONITOR_FORMAT,
        use=use,
        schedule=schedule.name,
        release=key.release,
        policy=key.policy,
        mode=key.mode,
        since=window.since,
        until=window.until,
        start=start,
        end=window.end,
        decisions=len(window.indices),
        step=step,
        others=found.others,
        at=at,
        threshold_micronats=threshold,
        series=tuple(series),
        latency=latency,
    )


def _call_for_look(register: Register, use: str) -> None:
    """Open an incident for alarms since the last one was closed, unless one is open: also for those that a crash left alone."""
    incidents = Projections(register.repository).rows("incident", use_id=use, kind=ALARM_KIND)
    if any(row["state"] != "closed" for row in incidents):
        return
    closed_at = max((str(row["changed_at"]) for row in incidents), default="")
    signals = Projections(register.repository).rows("signal", use_id=use, kind=_SIGNAL)
    alarms = sum(row["at"] > closed_at for row in signals)
    if alarms:
        note = "A monitor raised an alarm. Look at what changed, and close this with what was found."
        facts = {"alarms": alarms}
        open_incident(register, kind=ALARM_KIND, severity="minor", note=note, by="runtime", use=use, facts=facts)
