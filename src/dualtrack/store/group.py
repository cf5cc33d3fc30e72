"""Group commit: many callers wait, one thread appends for all of them, each is woken when its entries are durable.

A disk flush takes milliseconds, whether for one entry or a thousand; taking whatever waits makes one flush serve all.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError, StoreError
from dualtrack.store.entries import check_new_entry
from dualtrack.store.writer import BATCH_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from dualtrack.store.entries import NewEntry, Receipt
    from dualtrack.store.writer import Writer

__all__ = ["GroupWriter"]


class _Waiting(NamedTuple):
    items: Sequence[NewEntry]
    answer: Future[list[Receipt]]


class GroupWriter:
    """A writer shared by many threads. `append` blocks until durable; `close` finishes what waits, then ends."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._mutex = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"writer of {writer.ledger}", daemon=True)
        self._thread.start()

    def append(self, items: Sequence[NewEntry]) -> list[Receipt]:
        """As `Writer.append`. A caller's own mistake is raised before it joins a batch, so it fails no one else."""
        if not 0 < len(items) <= BATCH_MAX:
            raise FieldError(f"{len(items)} entries", where="append", expected=f"1 to {BATCH_MAX}")
        for item in items:
            check_new_entry(item, self._writer.institution)
        waiting = _Waiting(items, Future())
        with self._mutex:
            if self._closed:
                raise StoreError("the writer is closed", where=self._writer.ledger, fix="open the store again")
            self._waiting.put(waiting)
        return waiting.answer.result()

    def close(self) -> None:
        """Answer everybody who waits, then stop the thread. The writer itself stays open."""
        with self._mutex:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        last = False
        held: _Waiting | None = None
        while not last:
            first = held or self._waiting.get()
            if first is None:
                return
            batch, held, last = self._gather(first)
            self._commit(batch)

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None, bool]:
        """Return what waits now, up to BATCH_MAX entries, the one that did not fit, and whether the end was reached."""
        batch, count = [first], len(first.items)
        while count < BATCH_MAX:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return batch, None, True
            if count + len(following.items) > BATCH_MAX:
                return batch, following, False
            batch.append(following)
            count += len(following.items)
        return batch, None, False

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            receipts = self._writer.append([item for waiting in batch for item in waiting.items])
        except BaseException as error:  # noqa: BLE001 - whatever it was, those who wait must hear it and not hang
            for waiting in batch:
                waiting.answer.set_exception(error)
            return
        start = 0
        for waiting in batch:
            end = start + len(waiting.items)
            waiting.answer.set_result(receipts[start:end])
            start = end
