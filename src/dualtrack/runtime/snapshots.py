"""Keeps the snapshot of one process: read every POLL_S, leased for at most LEASE_S from before each reading.

So whatever became durable more than LEASE_S ago is known to every process that still answers. Between readings nothing
asks the database.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import DualtrackError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.compiling import Oversight, compile_use
from dualtrack.runtime.live import Closed, Snapshot
from dualtrack.runtime.standing import SignalCount
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.register import Register

__all__ = ["GOVERNING_KINDS", "LEASE_S", "POLL_S", "READS_MAX", "Snapshots"]

LEASE_S = 1.0
"""Longest life of a snapshot after the reading that it rests on began: the bound that a hold waits for."""

POLL_S = 0.2
"""Pause between readings; four may fail before the lease ends."""

READS_MAX = 5
"""Readings in one go: after a long compilation another is short, unless governing entries keep coming."""

GOVERNING_KINDS = (
    "institution/1", "key-grant/1", "key-revoke/1", "pack-adoption/1", "declaration/1", "release/1", "evidence/1",
    "assessment/1", "permit/1", "runtime-policy/1", "hold/1", "hold-release/1", "observe/1", "observe-end/1",
    "opt-out/1", "signal/1", "incident/1", "incident-update/1",
)  # fmt: skip
"""Kinds of entries that can open, close or change a use; decisions are not among them."""

_log = structlog.get_logger("dualtrack.runtime")


class Snapshots:
    """The snapshot of the institutions of one workspace, kept by a thread of its own."""

    def __init__(self, registers: Iterable[Register]) -> None:
        self._registers = {register.institution: register for register in registers}
        self._uses: dict[str, LiveUse | Closed] = {}
        self._seen: dict[str, int] = {}
        self._day = ""
        self.current = Snapshot({}, 0.0, {})
        self._stop, self._wake = threading.Event(), threading.Event()
        self._read = threading.Lock()
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Read now: uses whose entries changed are compiled again, then a new lease begins."""
        with self._read:
            for _ in range(READS_MAX):
                begun_s = steady_s()
                for institution, register in self._registers.items():
                    self._refresh(institution, register)
                self.current = Snapshot(dict(self._uses), begun_s + LEASE_S, dict(self._seen))
                if steady_s() - begun_s < LEASE_S / 2:
                    return  # else compiling took long: read again, which finds little to do, for a lease worth having

    def close(self) -> None:
        """Stop reading; the lease runs out and the gate closes."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(POLL_S)
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - whatever failed, the lease runs out by itself: the gate closes
                _log.warning("snapshot not read", fault=type(error).__name__, code=getattr(error, "code", ""))

    def _refresh(self, institution: str, register: Register) -> None:
        start = self._seen.get(institution, 0)
        size, subjects = self._changes(register, start)
        today = str(hong_kong_date(register.clock()))
        first = institution not in self._seen
        if not subjects and not first and today == self._day:
            self._seen[institution] = size
            return
        oversight = _read_oversight(register)
        known = [use for use in self._uses if use.startswith(f"{institution}/")]
        declared = {str(row["id"]) for row in Projections(register.repository).rows("use")}
        whole = first or institution in subjects or today != self._day
        for use in sorted({*known, *declared}):
            if whole or use in subjects:
                self._uses[use] = _compiled(register, use, oversight)
        self._seen[institution], self._day = size, today

    def _changes(self, register: Register, start: int) -> tuple[int, set[str]]:
        """Return the ledger's size and what governing entries since `start` are about."""
        entry = register.repository.tables.entry
        size = register.repository.size()
        if size == start:
            return size, set()
        query = select(entry.c.subject_id).where(
            entry.c.ledger == register.repository.ledger,
            entry.c.kind.in_(GOVERNING_KINDS),
            entry.c.idx >= start,
            entry.c.idx < size,
        )
        with register.repository.backend.read() as connection:
            return size, {str(row[0]) for row in connection.execute(query.distinct())}


def _compiled(register: Register, use: str, oversight: Oversight) -> LiveUse | Closed:
    try:
        return compile_use(register, use, oversight)
    except DualtrackError as error:
        return Closed(
            use=use, code="permit.unreadable", reason=error.found, fix=error.fix or "`dualtrack ledger verify`"
        )


def _read_oversight(register: Register) -> Oversight:
    rows = Projections(register.repository).rows
    opt_outs: dict[str, set[str]] = {}
    for row in rows("opt_out", active=True):
        opt_outs.setdefault(row["use_id"], set()).add(row["subject"])
    return Oversight(
        holds=rows("hold", released_at=None),
        observed={row["use_id"]: row for row in rows("observe")},
        opt_outs={use: frozenset(found) for use, found in opt_outs.items()},
        signals=_signals(register),
    )


def _signals(register: Register) -> dict[str, list[SignalCount]]:
    """Return signals by use, with open incidents among them."""
    found: dict[str, list[SignalCount]] = {}
    rows = Projections(register.repository).rows
    for row in rows("signal"):
        found.setdefault(row["use_id"], []).append(SignalCount(row["kind"], row["at"], row["value"]))
    for row in rows("incident"):
        if row["use_id"] and row["state"] != "closed":
            found.setdefault(row["use_id"], []).append(SignalCount("incident", row["opened_at"], 1, row["severity"]))
    return found
