"""Which decisions come next: those of one use after a ledger index that were recorded before the end of their window.

The ledger's time never runs backwards, so a window is a range of indices; ranges of runs do not overlap. An entry that arrives
after its window was read lies behind the range and belongs to the next run.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import read_record
from dualtrack.domain.review import ReviewAction
from dualtrack.domain.time import format_instant, hong_kong_midnight, parse_instant
from dualtrack.runtime.review_group import REVIEWERS_MIN
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from dualtrack.runtime.monitors.settings import MonitorSettings, Schedule
    from dualtrack.store.register import Register

__all__ = ["Window", "next_window", "overrides_of", "records_of", "window_of"]

_PAGE = 500


class Window(NamedTuple):
    """A window that has ended and holds decisions: its instants, and the indices of its decisions in order."""

    since: str
    until: str
    indices: list[int]

    @property
    def end(self) -> int:
        """The index behind its last decision."""
        return self.indices[-1] + 1


def window_of(moment: datetime, hours: int) -> tuple[datetime, datetime]:
    """Return beginning and end of the window that holds an instant; windows are counted from midnight in Hong Kong."""
    midnight = hong_kong_midnight(moment)
    passed = math.floor((moment - midnight) / timedelta(hours=hours))
    since = midnight + timedelta(hours=hours * passed)
    return since, since + timedelta(hours=hours)


def next_window(
    register: Register, use: str, schedule: Schedule, start: int, settings: MonitorSettings
) -> Window | None:
    """Return the first window with decisions from an index on, or None while there is none that has ended."""
    entry = register.repository.tables.entry
    with register.repository.backend.read() as connection:
        first = connection.execute(
            select(entry.c.recorded_at).where(*_mine(register, use, start)).order_by(entry.c.idx).limit(1)
        ).scalar()
    if first is None:
        return None
    since, until = window_of(parse_instant(str(first)), schedule.hours)
    if register.clock() < until + timedelta(seconds=settings.grace_seconds):
        return None
    end = format_instant(until)
    query = select(entry.c.idx).where(*_mine(register, use, start), entry.c.recorded_at < end).order_by(entry.c.idx)
    with register.repository.backend.read() as connection:
        indices = [int(row[0]) for row in connection.execute(query)]
    return Window(format_instant(since), end, indices)


def records_of(register: Register, use: str, window: Window, step: int) -> list[bytes]:
    """Return the contents of every `step`-th decision of a window."""
    if step > 1:
        chosen = window.indices[::step]
        entries = [entry for index in chosen for entry in register.repository.entries(start=index, end=index + 1)]
        return [entry.content for entry in entries if isinstance(entry, Entry)]
    found, position = [], window.indices[0]
    while page := register.repository.entries(
        kinds=("decision/1",), ids=(use,), start=position, end=window.end, limit=_PAGE
    ):
        found += [entry.content for entry in page if isinstance(entry, Entry)]
        position = page[-1].index + 1
    return found


def overrides_of(register: Register, use: str, start: int, end: int) -> tuple[int, int]:
    """Return how many reviews of a use ended in a range of the ledger with a changed or rejected output, and how many ended.

    Both are 0 where fewer than REVIEWERS_MIN people reviewed, or one of them did more than half: a figure must not tell of a person.
    """
    people: Counter[str] = Counter()
    for entry in register.repository.every(kinds=("review-action/1",), ids=(use,), start=start):
        if isinstance(entry, Entry) and entry.index < end:
            action = read_record(canonical.decode(entry.content), ReviewAction, where="review-action/1")
            if action.by and action.action not in {"claim", "unclaim", "expire"}:
                people[action.by] += 1
    if len(people) < REVIEWERS_MIN or 2 * max(people.values()) > people.total():
        return 0, 0
    Projections(register.repository).catch_up()
    signal = register.repository.tables.signal
    query = select(func.count(), func.sum(signal.c.value)).where(
        signal.c.ledger == register.repository.ledger,
        signal.c.kind == "override",
        signal.c.use_id == use,
        signal.c.idx >= start,
        signal.c.idx < end,
    )
    with register.repository.backend.read() as connection:
        n, hits = connection.execute(query).one()
    return int(hits or 0), int(n)


def _mine(register: Register, use: str, start: int) -> list[ColumnElement[bool]]:
    entry = register.repository.tables.entry
    return [
        entry.c.ledger == register.repository.ledger,
        entry.c.subject_id == use,  # nearly all entries about a use that is watched are its decisions
        entry.c.kind == "decision/1",
        entry.c.idx >= start,
    ]
