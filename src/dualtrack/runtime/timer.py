"""The timer: about every half minute it ends overdue reviews, drops shared rows, looks at signals, runs monitors, and plants.

It runs in each process that serves. Several may look at once: each expiry is one entry, whoever is first.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

import structlog

from dualtrack.errors import DualtrackError
from dualtrack.runtime.guard_rates import GuardWatch
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.monitors.watch import MonitorWatch
from dualtrack.runtime.opt_out_counts import look_at_opt_outs
from dualtrack.runtime.planting import Planter
from dualtrack.runtime.review_clock import expire_due

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime
    from dualtrack.store.register import Register

__all__ = ["LOOK_S", "ReviewTimer"]

LOOK_S = 30.0
"""Pause between looks: due instants are counted in business minutes."""

_chance = secrets.SystemRandom()
_log = structlog.get_logger("dualtrack.runtime")


class ReviewTimer:
    """Runs from its making to `close`."""

    def __init__(self, runtime: Runtime, *, every_s: float = LOOK_S) -> None:
        self._runtime, self._every_s = runtime, every_s
        self._planter = Planter(runtime)
        self._guards = GuardWatch()
        self._monitors = MonitorWatch()
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
            self._look_at_signals(institution, register)
            self._run_monitors(institution, register)
        try:
            runtime.once.sweep()
            runtime.budgets.sweep()
        except DualtrackError as error:  # as above
            _log.warning("shared rows not dropped", code=error.code)
        return count

    def _look_at_signals(self, institution: str, register: Register) -> None:
        """Record guards that stop more than their limit, which narrows the use, and ask for a look at many opt-outs."""
        uses = [
            found for use, found in self._runtime.snapshots.current.uses.items() if use.startswith(f"{institution}/")
        ]
        try:
            self._guards.look(register, uses)
            for live in uses:
                if isinstance(live, LiveUse) and live.policy.opt_out:
                    look_at_opt_outs(register, live.use)
        except DualtrackError as error:  # the next look tries again
            _log.warning("guard rates and opt-outs not looked at", institution=institution, code=error.code)

    def _run_monitors(self, institution: str, register: Register) -> None:
        """Run a few windows of monitors that have ended, also of uses that are closed by now."""
        uses = [use for use in self._runtime.snapshots.current.uses if use.startswith(f"{institution}/")]
        try:
            self._monitors.look(register, uses)
        except DualtrackError as error:  # the next look tries again
            _log.warning("monitors not run", institution=institution, code=error.code)

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s * _chance.uniform(0.5, 1.5)):  # when something is planted must not tell
            self.look()
            self._planter.look()
