"""The gate: whether a call may be made now. A few comparisons in memory; in doubt it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import RefusedError
from dualtrack.runtime.clock import WallClock, steady_s
from dualtrack.runtime.live import Closed

if TYPE_CHECKING:
    from dualtrack.domain.time import Clock
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.snapshots import Snapshots

__all__ = ["Gate"]


class Gate:
    """Asks the snapshot. `stale_refusals` counts calls refused because it was too old. `enter` before a call, `still` before anything of its answer leaves and on every part of it."""

    def __init__(self, snapshots: Snapshots, clock: Clock) -> None:
        self._snapshots = snapshots
        self._clock = WallClock(clock)
        self.stale_refusals = 0

    def enter(self, use: str, release: str | None = None, *, standby: bool = False) -> LiveUse:
        """Return the open use, or raise RefusedError with the reason and what to do.

        `release` is the digest of what the caller is about to run; None where the runtime itself runs what it pins.
        With `standby` a use on hold is entered for its fallback without AI, where it has one.
        """
        snapshot = self._snapshots.current
        if steady_s() >= snapshot.lease_until_s:
            self.stale_refusals += 1  # for a monitor: two threads at the same instant may count as one
            raise RefusedError(
                "the snapshot of permits is older than its lease",
                where=use,
                fix="see whether the database answers; calls go on by themselves when it does",
                code="permit.stale-snapshot",
            )
        found = snapshot.uses.get(use)
        if found is None:
            raise RefusedError(
                "this use is not declared", where=use, fix="`dualtrack declare FILE` first", code="permit.unknown-use"
            )
        if isinstance(found, Closed):
            if not standby or found.standby is None:
                raise found.refusal()
            found = found.standby
        now_s = self._clock.now()
        if now_s is None:
            raise RefusedError(
                "the clock of this machine ran backwards", where=use, fix="set the clock", code="permit.clock"
            )
        if not found.from_s <= now_s < found.until_s:
            when = "has expired" if now_s >= found.until_s else "is not valid yet"
            raise RefusedError(
                f"its permit {when}" if found.permit else "observe mode has ended",
                where=use,
                fix=f"`dualtrack explain {use} --to-green` says what is missing",
                code="permit.expired",
            )
        if release is not None and release != found.release:
            raise RefusedError(
                f"release {release[:16]} is not the one permitted",
                where=use,
                expected=f"release {found.release[:16]}",
                fix="release what runs now, and assess it",
                code="permit.other-release",
            )
        return found

    def still(self, live: LiveUse) -> bool:
        """Tell whether the use is open as it was entered: same permit, no hold, lease in force."""
        snapshot = self._snapshots.current
        if (
            live.mode == "drill"
        ):  # its answers reach nobody; it must be possible before there is a permit, but not on hold
            closed = self.closed(live.use)
            return steady_s() < snapshot.lease_until_s and (closed is None or closed.code != "permit.held")
        found = snapshot.uses.get(live.use)
        if live.standby and isinstance(found, Closed):
            found = found.standby
        if found is not live and (isinstance(found, Closed) or found is None or _differs(found, live)):
            return False
        now_s = self._clock.now()
        return steady_s() < snapshot.lease_until_s and now_s is not None and now_s < live.until_s

    def known(self, use: str) -> LiveUse | None:
        """Return an open use as it was read last, for what holds of its release whatever the hour; it lets no call in."""
        found = self._snapshots.current.uses.get(use)
        return None if isinstance(found, Closed) else found

    def closed(self, use: str) -> Closed | None:
        """Return why a use is closed with its fixed message, for answers that are given without a model."""
        found = self._snapshots.current.uses.get(use)
        return found if isinstance(found, Closed) else None


def _differs(found: LiveUse, live: LiveUse) -> bool:
    """Tell whether what was entered may not go on: another permit or release, a held model, a stricter review."""
    same = (found.release, found.permit, found.upstreams, found.review) == (
        live.release, live.permit, live.upstreams, live.review,
    )  # fmt: skip
    return not same
