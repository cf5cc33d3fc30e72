"""How far each topic of the event streams has come: the number after the newest entry of its kinds.

Streams of one institution, one topic and the same reach share a channel, so however many pages are open, the database is
asked once a channel, and only after the ledger grew.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from dualtrack.web.live_holds import newest_wide_hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.register import Register

__all__ = ["BACK_ENTRIES_MAX", "Channel", "LiveMarks"]

BACK_ENTRIES_MAX = 10_000
"""Entries looked back through for the newest of a topic: who was away for longer reads the page again anyway.

For a channel narrowed to uses these are entries about each of the uses, so that what it says depends on those alone; and on
holds that stop one of them from outside.
"""


class Channel(NamedTuple):
    """What streams listen to together. `kinds` empty is every kind; `uses` None is the whole institution."""

    institution: str
    kinds: tuple[str, ...]
    uses: frozenset[str] | None


class _Mark:
    """How far a channel has come, and up to which entry that was looked at."""

    __slots__ = ("listeners", "looked", "mutex", "value")

    def __init__(self) -> None:
        self.value = self.looked = self.listeners = 0
        self.mutex = threading.Lock()


class LiveMarks:
    """The channels that somebody listens to; a channel is forgotten with its last listener."""

    def __init__(self, registers: Mapping[str, Register]) -> None:
        self._registers = registers
        self._marks: dict[Channel, _Mark] = {}
        self._mutex = threading.Lock()

    @property
    def count(self) -> int:
        """Return how many channels there are."""
        return len(self._marks)

    def open(self, channel: Channel) -> None:
        """Listen to a channel; say `close` once for each."""
        with self._mutex:
            self._marks.setdefault(channel, _Mark()).listeners += 1

    def close(self, channel: Channel) -> None:
        """Listen no more."""
        with self._mutex:
            mark = self._marks[channel]
            mark.listeners -= 1
            if not mark.listeners:
                del self._marks[channel]

    def known(self, channel: Channel, size: int) -> int | None:
        """Return the mark if it holds for a ledger of this size, None if the ledger has to be looked at first."""
        mark = self._marks[channel]
        return mark.value if mark.looked >= size else None

    def look(self, channel: Channel, size: int) -> int:
        """Return the mark for a ledger of this size, after asking the database for what came since the last look."""
        mark = self._marks[channel]
        with mark.mutex:
            if mark.looked < size:
                found = self._newest(channel, mark.looked, size)
                mark.value, mark.looked = max(mark.value, found), size
            return mark.value

    def size(self, channel: Channel) -> int:
        """Return the size of the channel's ledger from the database, which may be ahead of the snapshot in memory."""
        return self._registers[channel.institution].repository.size()

    def _newest(self, channel: Channel, start: int, end: int) -> int:
        """Return the number after the newest entry that the channel is about, 0 without one from `start` on."""
        if channel.uses is None:
            return self._newest_of(channel, max(start, end - BACK_ENTRIES_MAX), end, None) if channel.kinds else end
        of_uses = max((self._newest_of(channel, start, end, use) for use in channel.uses), default=0)
        register = self._registers[channel.institution]
        return max(of_uses, newest_wide_hold(register, channel.uses, channel.kinds, start, end))

    def _newest_of(self, channel: Channel, start: int, end: int, use: str | None) -> int:
        repository = self._registers[channel.institution].repository
        entry = repository.tables.entry
        wanted = [entry.c.ledger == repository.ledger, entry.c.idx >= start, entry.c.idx < end]
        if use is not None:
            wanted.append(entry.c.subject_id == use)
        latest = select(entry.c.idx, entry.c.kind).where(*wanted).order_by(entry.c.idx.desc()).limit(BACK_ENTRIES_MAX)
        found = latest.subquery()
        query = select(func.max(found.c.idx))
        if channel.kinds:
            query = query.where(found.c.kind.in_(channel.kinds))
        with repository.backend.read() as connection:
            newest = connection.execute(query).scalar()
        return 0 if newest is None else int(newest) + 1
