"""Verification of a ledger beside the work: in a thread, one at a time in the whole workspace, its result kept for all to see.

Whoever asks gets an answer at once and looks again; any process shows how far it is. A process that dies with it frees
the place after ALIVE_S. A report stands until the next one is there: a verification that is broken off takes no finding away.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog
from sqlalchemy import insert, select, update

from dualtrack.errors import ConflictError, DualtrackError, FieldError
from dualtrack.store.findings import Report
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.verify import verify_ledger

if TYPE_CHECKING:
    from sqlalchemy import Row

    from dualtrack.domain.time import Clock
    from dualtrack.store.store import Store

__all__ = ["ALIVE_S", "BEAT_S", "Verification", "Verifications"]

ALIVE_S = 60
"""Seconds after which a verification whose process says nothing more counts as ended."""

BEAT_S = 2.0
"""Pause between two notes of how far it is."""

_PAUSE_S = 0.001
"""Pause after each tile: the hot path of this process goes first."""

_TABLE = SHARED.verification
_log = structlog.get_logger("dualtrack.runtime")
_encode = msgspec.json.Encoder().encode
_report = msgspec.json.Decoder(Report).decode


class Verification(NamedTuple):
    """The newest verification of an institution's ledger, and the newest report: of this one, or while it has none of one before.

    `reported_s` is when the verification of the report began: what was added since is not in it.
    """

    begun_s: int
    read: int
    size: int
    running: bool
    ended_s: int | None
    report: Report | None
    reported_s: int | None

    @property
    def interrupted(self) -> bool:
        """Tell whether it came to no end: its process died, was stopped or could not go on."""
        return not self.running and self.ended_s is None


class _StoppedError(Exception):
    """The process ends, and the verification with it."""


class Verifications:
    """Those that this process runs, and those of all that it can see."""

    def __init__(self, store: Store, clock: Clock, *, beat_s: float = BEAT_S) -> None:
        self._store, self._backend, self._clock, self._beat_s = store, store.backend, clock, beat_s
        self._holder = os.urandom(16)
        self._stop = threading.Event()
        self._read = 0
        self._thread: threading.Thread | None = None

    def begin(self, institution: str) -> None:
        """Begin to verify; where that ledger is being verified already, nothing.

        Raises ConflictError while another one is, FieldError where the settings list no log key.
        """
        if self._store.log_key(institution) is None:
            raise FieldError(
                "no log key in the settings",
                where=f"institution {institution}",
                fix="add the log's verifier key to dualtrack.toml",
            )
        size, now_s = self._store.repository(institution).size(), self._now_s()
        with self._backend.write("verification") as connection:
            under_way = select(_TABLE.c.institution).where(_TABLE.c.ended_s.is_(None), _TABLE.c.alive_s > now_s)
            busy = set(connection.execute(under_way).scalars())
            if institution in busy:
                return
            if busy:
                raise ConflictError(
                    "another ledger is being verified",
                    where="verification",
                    fix="wait for its end, or run `dualtrack ledger verify`",
                    code="conflict.verification",
                    retry_after_s=ALIVE_S,
                )
            begun = {
                "holder": self._holder, "begun_s": now_s, "alive_s": now_s + ALIVE_S, "read": 0, "size": size, "ended_s": None,
            }  # fmt: skip
            again = update(_TABLE).where(_TABLE.c.institution == institution).values(begun)
            if connection.execute(again).rowcount == 0:
                connection.execute(insert(_TABLE).values(institution=institution, **begun))
        self._read = 0
        self._thread = threading.Thread(target=self._watch, args=(institution, now_s), name="verification", daemon=True)
        self._thread.start()

    def of(self, institution: str) -> Verification | None:
        """Return the newest verification of a ledger, whichever process runs or ran it."""
        with self._backend.read() as connection:
            row = connection.execute(select(_TABLE).where(_TABLE.c.institution == institution)).first()
        return None if row is None else self._view(row)

    def wait(self) -> None:
        """Return when what this process runs has ended."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Stop what this process runs; it can be begun again elsewhere at once."""
        self._stop.set()
        self.wait()

    def _view(self, row: Row[tuple[object, ...]]) -> Verification:
        running = row.ended_s is None and row.alive_s > self._now_s()
        report = None if row.report is None else _report(bytes(row.report))
        return Verification(row.begun_s, row.read, row.size, running, row.ended_s, report, row.reported_s)

    def _watch(self, institution: str, begun_s: int) -> None:
        """Run the verification in a thread of its own, and say every BEAT_S how far it is."""
        found: list[Report] = []
        worker = threading.Thread(target=self._verify, args=(institution, found), name="verifier", daemon=True)
        worker.start()
        while True:
            worker.join(self._beat_s)
            if not worker.is_alive():
                break
            self._note(institution, read=self._read, alive_s=self._now_s() + ALIVE_S)
        if found:
            report, now_s = _encode(found[0]), self._now_s()
            self._note(institution, read=found[0].size, ended_s=now_s, report=report, reported_s=begun_s)
        else:  # no end: the place is free at once, and the report of before stands
            self._note(institution, read=self._read, alive_s=self._now_s())

    def _verify(self, institution: str, found: list[Report]) -> None:
        store, key = self._store, self._store.log_key(institution)
        assert key is not None
        try:
            repository, witnesses = store.repository(institution), store.witness_keys(institution)
            found.append(verify_ledger(repository, key, witnesses=witnesses, progress=self._progress))
        except _StoppedError:
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, the page says that it did not end, and the log why
            _log.warning("verification not ended", fault=type(error).__name__, code=getattr(error, "code", ""))

    def _progress(self, read: int) -> None:
        self._read = read
        if self._stop.is_set():
            raise _StoppedError
        time.sleep(_PAUSE_S)

    def _note(self, institution: str, **values: object) -> None:
        mine = (_TABLE.c.institution == institution, _TABLE.c.holder == self._holder, _TABLE.c.ended_s.is_(None))
        try:
            with self._backend.write("verification") as connection:
                connection.execute(update(_TABLE).where(*mine).values(values))
        except DualtrackError as error:  # the next note says it
            _log.warning("verification not noted", code=error.code)

    def _now_s(self) -> int:
        return int(self._clock().timestamp())
