"""Records decisions: one thread writes batches; an answer leaves when its durability allows.

*Durable*: the caller waits until the database has it. *Buffered*: the record stands in the crash journal and at most
AT_RISK_MS of records wait for the database; beyond that the caller waits as well. A full queue is refused.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, update

from dualtrack.domain.time import format_instant
from dualtrack.errors import OverloadError, StoreError
from dualtrack.runtime.gathering import Gathering
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.journal import DecisionRow, Journal, Prepared
from dualtrack.runtime.review_seals import ReviewSeals
from dualtrack.store.content import ContentVault
from dualtrack.store.entries import check_new_entry
from dualtrack.store.writer import BATCH_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from dualtrack.domain.time import Clock
    from dualtrack.keys.signer import Signer
    from dualtrack.store.entries import Receipt
    from dualtrack.store.store import Store
    from dualtrack.store.writer import Writer

__all__ = ["ALSO_MAX", "AT_RISK_MS", "FLUSH_MS", "FLUSH_MS_MAX", "MARGIN_MS", "QUEUE_MAX", "Recorder"]

AT_RISK_MS = 50
"""Milliseconds of answers that buffered mode may lose with the machine; permits and receipts name the mode."""

FLUSH_MS = 15
"""Wait of the writer for a batch of buffered records; with a commit it stays within AT_RISK_MS."""

FLUSH_MS_MAX = 30
"""Its wait where commits are quick enough to leave time for it: a batch costs as much in itself as some ten records do."""

MARGIN_MS = 5
"""What AT_RISK_MS is undershot by: the time from the look at the oldest record to the answer."""

ALSO_MAX = 16
"""Entries that may go with a decision: a review and a few signals."""

QUEUE_MAX = 20_000
"""Records waiting for the database: some seconds of the highest load, some 100 MB; more is refused."""


_ENDED = ("idx", "outcome", "done_us", "receipt", "review", "output")
"""Columns in which the end of a call differs from its intent, in the order of the table."""


class _Waiting(NamedTuple):
    item: Prepared
    segment: int
    taken_s: float
    done: Future[int] | asyncio.Future[int] | None

    @property
    def entries(self) -> int:
        """Return how many entries it is."""
        return 1 + len(self.item.also)

    @property
    def urgent(self) -> bool:
        """Tell whether somebody waits for it."""
        return self.done is not None


class Recorder:
    """The recorder of one process for one institution's ledger. `run` names the process, `next_seq` its decisions."""

    def __init__(self, store: Store, institution: str, log: Signer, clock: Clock) -> None:
        self.institution = institution
        self.run = new_id()
        self.contents = ContentVault(store.backend, store.tables, store.vault, store.repository(institution).ledger)
        self.seals = ReviewSeals(store.vault, store.repository(institution).ledger)
        self._tables, self._backend = store.tables, store.backend
        self._clock = clock
        table = store.tables.decision
        mine = (table.c.ledger == bindparam("ledger_wanted"), table.c.id == bindparam("id_wanted"))
        ends: dict[str, Any] = {name: bindparam(f"{name}_new") for name in _ENDED}
        self._end_row = store.backend.compile(update(table).values(ends).where(*mine))  # compiled once for all batches
        self._drop_row = store.backend.compile(delete(table).where(*mine))
        self._writer: Writer = store.writer(institution, log, clock)
        self._ledger = self._writer.ledger
        self._journal = Journal(store.run_folder, institution, self.run)
        self._gathering: Gathering[_Waiting] = Gathering(FLUSH_MS / 1000, BATCH_MAX - ALSO_MAX)
        self._mutex = threading.Lock()
        self._waiting, self._oldest_s, self._seq = 0, 0.0, 0
        self._open: set[str] = set()
        self._fault: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"recorder of {institution}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Records that are not durable yet."""
        return self._waiting

    def next_seq(self) -> int:
        """Return the number of the next decision of this run, from 1."""
        with self._mutex:
            self._seq += 1
            return self._seq

    def is_open(self, decision: str) -> bool:
        """Tell whether the intent of a decision was taken in and its end was not."""
        return decision in self._open

    def put(self, item: Prepared, *, durable: bool) -> Future[int] | None:
        """Take a record in; a Future of its ledger index where the caller must wait for it, else None.

        Raises OverloadError when the queue is full and StoreError when the database refused the last batch. The end of a
        call whose intent was taken in is kept even then, to be written once the database takes it: what began must end.
        """
        answer: Future[int] | None = Future() if durable or self._is_late() else None
        self._take(item, answer)
        return answer

    async def record(self, item: Prepared, *, durable: bool) -> int | None:
        """As `put`, and wait where that is due; the index of the entry where it was waited for."""
        if durable or self._is_late():
            answer = asyncio.get_running_loop().create_future()
            self._take(item, answer)
            return int(await answer)
        self._take(item, None)
        return None

    def close(self) -> None:
        """Write what waits, then end. The journal is removed only when everything is durable and all that began has ended."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
        self._gathering.close()
        self._thread.join()
        if not self._waiting and not self._open:
            self._journal.close()

    def _is_late(self) -> bool:
        return self._waiting > 0 and (time.monotonic() - self._oldest_s) * 1000 > AT_RISK_MS - MARGIN_MS

    def _take(self, item: Prepared, done: Future[int] | asyncio.Future[int] | None) -> None:
        for entry in (item.entry, *item.also):
            check_new_entry(entry, self.institution)  # a mistake of ours must not stop the batches of others
        keys = self.contents.new_keys(item.contents)
        if keys:
            item = item._replace(keys=tuple(keys))
        with self._mutex:
            fault = self._fault
            ending = item.row is not None and item.row.id in self._open
            if self._closed or (fault is not None and not ending):
                raise self._refusal() from fault
            if self._waiting >= QUEUE_MAX and not ending:
                raise OverloadError(
                    f"{self._waiting} decisions wait to be recorded", where=self._ledger, code="overload.audit-queue"
                )
            now_s = time.monotonic()
            segment = self._journal.add(item)
            if ending and item.row is not None:
                self._open.discard(item.row.id)
            elif item.row is not None and item.row.outcome == "begun":
                self._open.add(item.row.id)
            if not self._waiting:
                self._oldest_s = now_s
            self._waiting += 1
            self._gathering.put(_Waiting(item, segment, now_s, None if fault else done))
        if fault is not None:
            raise self._refusal() from fault

    def _refusal(self) -> StoreError:
        return StoreError(
            "decisions cannot be recorded",
            where=self._ledger,
            fix="see the log of the process; nothing is answered until the database takes entries again",
            code="store.recorder",
        )

    def _work(self) -> None:
        while batch := list(self._gathering.take()):
            begun_s = time.monotonic()
            while not self._commit(batch):
                if self._closed:
                    return
                time.sleep(0.05)
            took_ms = (time.monotonic() - begun_s) * 1000
            self._gathering.linger_s = _linger_ms(took_ms) / 1000

    def _commit(self, batch: list[_Waiting]) -> bool:
        """Write a batch; False when the database did not take it, and it must be tried again."""
        items = [waiting.item for waiting in batch]
        firsts = list(accumulate((1 + len(item.also) for item in items[:-1]), initial=0))
        try:
            settled = self._writer.settle()  # of this very batch: nothing else is written between its attempts
            if settled is not None and settled.outcome == "kept":
                indices = [settled.first + first for first in firsts]
            else:
                entries = [entry for item in items for entry in (item.entry, *item.also)]
                receipts = self._writer.append(
                    entries, lambda connection, got: self._beside(connection, items, [got[first] for first in firsts])
                )
                indices = [receipts[first].index for first in firsts]
        except BaseException as error:  # noqa: BLE001 - whatever it was, nothing is answered and the batch stays in the journal
            self._fail(batch, error)
            return False
        self.contents.written([key for item in items for key in item.keys])
        with self._mutex:
            self._fault = None
            self._waiting -= len(batch)
            for waiting in batch:
                self._journal.durable(waiting.segment)
            self._oldest_s = self._gathering.oldest_s() or 0.0
        _tell(batch, indices)
        return True

    def _fail(self, batch: list[_Waiting], error: BaseException) -> None:
        with self._mutex:
            self._fault = error
        waiting = [item.done for item in batch if item.done is not None]
        for position, item in enumerate(batch):
            batch[position] = item._replace(done=None)
        _raise(waiting, error)

    def _beside(self, connection: Connection, items: Sequence[Prepared], receipts: Sequence[Receipt]) -> None:
        rows: dict[str, tuple[object, ...]] = {}
        ended: list[DecisionRow] = []
        for item, receipt in zip(items, receipts, strict=True):
            row = item.row
            if row is None:
                continue
            if item.begun and row.id not in rows:
                ended.append(row)
            rows[row.id] = _index_row(self._ledger, row, receipt.index)
        for name in self._end(connection, ended, rows):
            del rows[name]
        if rows:
            self._backend.insert(connection, self._tables.decision, list(rows.values()))
        contents = [content for item in items for content in item.contents]
        keys = {key.key_id: key for item in items for key in item.keys}
        if contents:
            self.contents.write(connection, contents, list(keys.values()), format_instant(self._clock()))

    def _end(
        self, connection: Connection, ended: Sequence[DecisionRow], rows: Mapping[str, tuple[object, ...]]
    ) -> Sequence[str]:
        """Change the rows of intents to those of their ends; return the decisions that need no row any more.

        Only what an end changes is written, so that the indexes of the rest stay as they are.
        """
        if not ended:
            return ()
        values = [
            (rows[row.id][2], *(getattr(row, name) for name in _ENDED[1:]), self._ledger, row.id) for row in ended
        ]
        if connection.exec_driver_sql(self._end_row, values).rowcount == len(ended):
            return [row.id for row in ended]
        connection.exec_driver_sql(self._drop_row, [(self._ledger, row.id) for row in ended])
        return ()


def _linger_ms(commit_ms: float) -> float:
    """Return how long to gather: so long that a commit half as long again still ends before a caller must wait."""
    return max(FLUSH_MS, min(FLUSH_MS_MAX, AT_RISK_MS - MARGIN_MS - 1.5 * commit_ms))


def _index_row(ledger: str, row: DecisionRow, index: int) -> tuple[object, ...]:
    return (ledger, row.id, index, *row[1:])


def _tell(batch: list[_Waiting], indices: Sequence[int]) -> None:
    """Wake those who wait: one call for each event loop, whatever their number."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[int], int]]] = {}
    for waiting, index in zip(batch, indices, strict=True):
        if isinstance(waiting.done, Future):
            waiting.done.set_result(index)
        elif waiting.done is not None:
            loops.setdefault(waiting.done.get_loop(), []).append((waiting.done, index))
    for loop, answers in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_set_all, answers)


def _set_all(answers: list[tuple[asyncio.Future[int], int]]) -> None:
    for future, index in answers:
        if not future.done():
            future.set_result(index)


def _raise(waiting: list[Future[int] | asyncio.Future[int]], error: BaseException) -> None:
    for future in waiting:
        if isinstance(future, Future):
            future.set_exception(error)
        elif not future.get_loop().is_closed():
            future.get_loop().call_soon_threadsafe(_set_error, future, error)


def _set_error(future: asyncio.Future[int], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
