"""Snapshots: each institution is looked at anew with its own day, and only signals that a rule may count are read."""

from __future__ import annotations

from datetime import timedelta

from dualtrack.domain.oversight import Signal
from dualtrack.domain.records import encode
from dualtrack.domain.time import format_instant
from dualtrack.runtime.oversight import read_oversight
from dualtrack.runtime.snapshots import Snapshots
from dualtrack.runtime.standing import standing_settings
from dualtrack.store.register import Register
from permit.firm import USE, known_key


def test_with_the_day_every_institution_is_looked_at_again(world):
    world.permit()
    first = Register(world.store, "another-bank", known_key("owner"), world.clock)
    snapshots = Snapshots([first, world.register])
    try:
        before = snapshots.current.uses[USE]
        snapshots.refresh()
        assert snapshots.current.uses[USE] is before
        world.offset = timedelta(days=1)
        snapshots.refresh()
        assert snapshots.current.uses[USE] is not before, "what is stale today may have been good yesterday"
    finally:
        snapshots.close()


def test_signals_older_than_every_window_are_not_read(world):
    world.permit()
    days = max(rule.window_days for rule in standing_settings().signals)
    for back, kind in ((days + 1, "override"), (1, "override"), (1, "fingerprint_changed")):
        at = format_instant(world.clock() - timedelta(days=back))
        world.register.append_plain([("signal/1", USE, encode(Signal(use=USE, kind=kind, at=at, value=1, of=1)))])
    assert [item.kind for item in read_oversight(world.register).signals[USE]] == ["override", "fingerprint_changed"]
