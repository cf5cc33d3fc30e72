"""The timer of reviews: looks every half minute for those past their due instant, in each process that serves.

Several processes may look at once: each expiry is one entry, whoever is first.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from dualtrack.errors import DualtrackError
from dualtrack.runtime.review_clock import expire_due

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime

__all__ = ["LOOK_S", "ReviewTimer"]

LOOK_S = 30.0
"""Pause between looks: due instants are counted in business minutes."""

_log = structlog.get_logger("dualtrack.runtime")


class ReviewTimer:
    """Runs from its making to `close`."""

    def __init__(self, runtime: Runtime, *, every_s: float = LOOK_S) -> None:
        self._runtime, self._every_s = runtime, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review timer", daemon=True)
        self._thread.start()

    def look(self) -> int:
        """Expire what is past due now; return how many reviews that was."""
        runtime, count = self._runtime, 0
        for institution, register in runtime.registers.items():
            try:
                count += len(expire_due(register, runtime.recorder(institution).contents, runtime.clock()))
            except DualtrackError as error:  # the next look tries again
                _log.warning("reviews not looked at", institution=institution, code=error.code)
        return count

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.look()
