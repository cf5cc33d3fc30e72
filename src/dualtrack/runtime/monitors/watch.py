"""The look of a serving process: a few windows that have ended, of the uses whose turn it is, aside of all calls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dualtrack.runtime.monitors.running import run_window
from dualtrack.runtime.monitors.settings import monitor_settings
from dualtrack.runtime.monitors.windows import window_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dualtrack.store.register import Register

__all__ = ["WINDOWS_AT_ONCE_MAX", "MonitorWatch"]

WINDOWS_AT_ONCE_MAX = 4
"""Windows read in one look: each is some tenth of a second of a process that also answers calls."""


class MonitorWatch:
    """Remembers of each use and schedule in which window nothing was left to run; it is asked again in the next."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, str], datetime] = {}
        self._mutex = threading.Lock()

    def look(self, register: Register, uses: Sequence[str]) -> int:
        """Run what is due, at most WINDOWS_AT_ONCE_MAX; returns how many windows that was. The next look goes on."""
        settings, count = monitor_settings(), 0
        with self._mutex:
            for use in uses:
                for schedule in settings.schedules:
                    since, _ = window_of(register.clock(), schedule.hours)
                    waited = (register.clock() - since).total_seconds() < settings.grace_seconds
                    if waited or self._done.get((use, schedule.name)) == since:
                        continue
                    while count < WINDOWS_AT_ONCE_MAX:
                        if run_window(register, use, schedule, settings) is None:
                            self._done[use, schedule.name] = since
                            break
                        count += 1
        return count
