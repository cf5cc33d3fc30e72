"""One run of a monitor as it lies in the ledger: counts of its window, its reference, its evidence. Whole numbers only.

The newest run of a schedule is all that the next one needs; from the runs of a release anybody can compute every alarm again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.forms import Digest, UseName
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.lookup import newest_first

if TYPE_CHECKING:
    from dualtrack.store.register import Register

__all__ = ["MONITOR_FORMAT", "MONITOR_KIND", "MonitorRun", "Series", "newest_run"]

MONITOR_FORMAT = "dualtrack.monitor/1"
MONITOR_KIND = "monitor/1"


class Series(Record, frozen=True):
    """One series: cases and hits in this window (one number for each cut), the same of its reference, the evidence so far.

    `windows` counts those of the reference; while `watching` is false it still grows. `evidence` is that of every cut and
    alternative, in millionths of a nat; empty at the beginning and after an alarm. Above the quarter octave
    `slow_above` of its microseconds a decision counts as slow.
    """

    name: str
    watching: bool
    windows: int
    reference_n: int
    reference_hits: tuple[int, ...]
    n: int
    hits: tuple[int, ...]
    evidence: tuple[int, ...] = ()
    alarm: bool = False
    last_alarm: str | None = None
    slow_above: int | None = None


class MonitorRun(Record, frozen=True):
    """One window of one schedule. `start` and `end` are ledger indices, the end not included: the next run begins there.

    Of `decisions` in the window every `step`-th was read; `others` of those ran under another release, policy or mode, or were
    drills, and are in no series. `latency` counts decisions by quarter octave of their microseconds while slowness is learnt.
    """

    format: str
    use: UseName
    schedule: str
    release: Digest
    policy: Digest | None
    mode: str
    since: str
    until: str
    start: int
    end: int
    decisions: int
    step: int
    others: int
    at: str
    threshold_micronats: int
    series: tuple[Series, ...]
    latency: dict[str, int] = {}


def newest_run(register: Register, use: str, schedule: str) -> tuple[int, MonitorRun] | None:
    """Return the newest run of a schedule and its entry's index, or None before the first."""
    for entry in newest_first(register, MONITOR_KIND, use):
        run = read_record(canonical.decode(entry.content), MonitorRun, where=f"entry {entry.index}")
        if run.schedule == schedule:
            return entry.index, run
    return None
