"""Records on their way to the database: put in by any thread, taken out in batches by one.

The one that writes sleeps while a batch fills: waking it for each record would cost more than writing the record, since
two threads of Python take turns.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Gathering", "Weighed"]


class Weighed(Protocol):
    """What is gathered: entries it brings, when it was taken in, and whether somebody waits for it."""

    @property
    def entries(self) -> int:
        """Return how many entries it is."""

    @property
    def taken_s(self) -> float:
        """Return when it was taken in, by the monotonic clock."""

    @property
    def urgent(self) -> bool:
        """Tell whether somebody waits for it."""


_T = TypeVar("_T", bound=Weighed)


class Gathering(Generic[_T]):
    """Gathers for at most `linger_s` after the first; what is urgent, or `entries_max` of them, ends the wait at once."""

    def __init__(self, linger_s: float, entries_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.linger_s = linger_s
        self._entries_max, self._clock = entries_max, clock
        self._items: list[_T] = []
        self._entries, self._hurry, self._closed = 0, False, False
        self._asleep = self._lingers = False
        self._mutex = threading.Lock()
        self._bell = threading.Semaphore(0)

    def put(self, item: _T) -> None:
        """Add one; wakes who gathers only where that is due."""
        with self._mutex:
            self._items.append(item)
            self._entries += item.entries
            self._hurry = self._hurry or item.urgent or self._entries >= self._entries_max
            if self._asleep and (self._hurry or not self._lingers):
                self._asleep = False
                self._bell.release()

    def close(self) -> None:
        """Let what is there be taken out, and then end."""
        with self._mutex:
            self._closed = True
            if self._asleep:
                self._asleep = False
                self._bell.release()

    def oldest_s(self) -> float | None:
        """Return when the oldest that was not taken out yet was taken in, None where there is none."""
        items = self._items
        return items[0].taken_s if items else None

    def take(self) -> Sequence[_T]:
        """Wait for a batch and return it, the oldest first; an empty one after `close`, when nothing is left."""
        self._sleep(None)
        with self._mutex:
            wait_s = self._items[0].taken_s + self.linger_s - self._clock() if self._items else 0.0
        if wait_s > 0:
            self._sleep(wait_s)
        with self._mutex:
            return self._cut()

    def _sleep(self, wait_s: float | None) -> None:
        """Sleep until the first comes (None), or so long at most, until there is hurry."""
        with self._mutex:
            if self._closed or (self._items if wait_s is None else self._hurry):
                return
            self._asleep, self._lingers = True, wait_s is not None
        rung = self._bell.acquire(timeout=wait_s)
        with self._mutex:
            if not rung and not self._asleep:  # it was rung just after the wait had ended
                self._bell.acquire()
            self._asleep = False

    def _cut(self) -> Sequence[_T]:
        if self._entries <= self._entries_max:
            batch, self._items = self._items, []
        else:
            count = entries = 0
            for item in self._items:
                if count and entries + item.entries > self._entries_max:
                    break
                count, entries = count + 1, entries + item.entries
            batch, self._items = self._items[:count], self._items[count:]
        self._entries = sum(item.entries for item in self._items)
        self._hurry = self._entries >= self._entries_max or any(item.urgent for item in self._items)
        return batch
