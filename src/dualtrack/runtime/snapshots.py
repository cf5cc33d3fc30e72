"""Keeps the snapshot of one process: read every POLL_S, leased for at most LEASE_S from before each reading.

So whatever became durable more than LEASE_S ago is known to every process that still answers. Between readings nothing
asks the database.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.oversight import Erasure
from dualtrack.domain.records import read_record
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import DualtrackError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.compiling import compile_use
from dualtrack.runtime.live import Closed, LiveUse, Snapshot
from dualtrack.runtime.oversight import lightly_changed, read_oversight
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dualtrack.runtime.oversight import Oversight
    from dualtrack.store.register import Register

__all__ = ["GOVERNING_KINDS", "LEASE_S", "LIGHT_KINDS", "POLL_S", "READS_MAX", "Snapshots"]

LEASE_S = 1.0
"""Longest life of a snapshot after the reading that it rests on began: the bound that a hold waits for."""

POLL_S = 0.2
"""Pause between readings; four may fail before the lease ends."""

READS_MAX = 5
"""Readings in one go: after a long compilation another is short, unless governing entries keep coming."""

GOVERNING_KINDS = (
    "institution/1", "key-grant/1", "key-revoke/1", "pack-adoption/1", "declaration/1", "release/1", "evidence/1",
    "assessment/1", "permit/1", "runtime-policy/1", "hold/1", "hold-release/1", "observe/1", "observe-end/1",
    "opt-out/1", "signal/1", "incident/1", "incident-update/1", "erasure/1",
)  # fmt: skip
"""Kinds of entries that can open, close or change a use; decisions are not among them."""

LIGHT_KINDS = frozenset({"opt-out/1", "signal/1"})
"""Kinds that customers and reviewers make by the hundred: they need no new look at the permit unless a signal takes effect."""

_log = structlog.get_logger("dualtrack.runtime")


class Snapshots:
    """The snapshot of the institutions of one workspace, kept by a thread of its own.

    `forget` is told the institution and pseudonym of each person whose contents were erased, also by another process.
    """

    def __init__(self, registers: Iterable[Register], forget: Callable[[str, str], None] | None = None) -> None:
        self._forget = forget
        self._registers = {register.institution: register for register in registers}
        self._uses: dict[str, LiveUse | Closed] = {}
        self._seen: dict[str, int] = {}
        self._days: dict[str, str] = {}
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
        size, changed = self._changes(register, start)
        today = str(hong_kong_date(register.clock()))
        first, same_day = institution not in self._seen, today == self._days.get(institution)
        if not changed and not first and same_day:
            self._seen[institution] = size
            return
        if self._forget is not None and not first and any("erasure/1" in kinds for kinds in changed.values()):
            for entry in register.repository.every(kinds=("erasure/1",), start=start):
                if isinstance(entry, Entry):
                    erased = read_record(canonical.decode(entry.content), Erasure, where="erasure")
                    self._forget(institution, erased.subject)
        if all(kinds == {"erasure/1"} for kinds in changed.values()) and not first and same_day:
            self._seen[institution] = size
            return
        oversight = read_oversight(register)
        known = [use for use in self._uses if use.startswith(f"{institution}/")]
        declared = {str(row["id"]) for row in Projections(register.repository).rows("use")}
        whole = first or institution in changed or not same_day
        for use in sorted({*known, *declared}):
            found = self._uses.get(use)
            if not whole and use in changed and changed[use] <= LIGHT_KINDS and isinstance(found, LiveUse):
                self._uses[use] = lightly_changed(found, oversight, register.now()) or _compiled(
                    register, use, oversight
                )
            elif whole or use in changed:
                self._uses[use] = _compiled(register, use, oversight)
        self._seen[institution], self._days[institution] = size, today

    def _changes(self, register: Register, start: int) -> tuple[int, dict[str, set[str]]]:
        """Return the ledger's size, and what governing entries since `start` are about, with their kinds."""
        entry = register.repository.tables.entry
        size = register.repository.size()
        changed: dict[str, set[str]] = {}
        if size == start:
            return size, changed
        query = select(entry.c.subject_id, entry.c.kind).where(
            entry.c.ledger == register.repository.ledger,
            entry.c.kind.in_(GOVERNING_KINDS),
            entry.c.idx >= start,
            entry.c.idx < size,
        )
        with register.repository.backend.read() as connection:
            for subject, kind in connection.execute(query.distinct()):
                changed.setdefault(str(subject), set()).add(str(kind))
        return size, changed


def _compiled(register: Register, use: str, oversight: Oversight) -> LiveUse | Closed:
    try:
        return compile_use(register, use, oversight)
    except DualtrackError as error:
        return Closed(
            use=use, code="permit.unreadable", reason=error.found, fix=error.fix or "`dualtrack ledger verify`"
        )
