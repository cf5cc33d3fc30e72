"""That a held answer was fetched: when it first was, and by which key, receipt, link or function. One entry a decision, without content.

The entry is about the decision, not the use, so that it is found through one index. It is written before the answer goes
out: what nobody could record was not given. In the rare moment in which a hold comes between, it says a little too much.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.oversight import AnswerFetch
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import ConflictError
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.oversight import FetchMeans
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = ["KNOWN_MAX", "first_fetch", "note_fetch"]

KNOWN_MAX = 10_000
"""First fetches remembered in a process: programs ask again for the newest answers; an older one is read again."""

_KIND = "answer-fetch/1"


class _SecondError(ConflictError):
    """Another process recorded the first fetch at the same moment."""


_known: weakref.WeakKeyDictionary[Register, dict[str, AnswerFetch]] = weakref.WeakKeyDictionary()
_mutex = threading.Lock()


def first_fetch(register: Register, decision: str) -> AnswerFetch | None:
    """Return when and by whom the answer of a held decision was first fetched; None of one that was not."""
    with _mutex:
        found = _known.setdefault(register, {}).get(decision)
    return found or _read(register, decision)


def note_fetch(register: Register, record: Decision, *, by: str, means: FetchMeans) -> AnswerFetch:
    """Record the first fetch of a held answer, if it is the first; return the first."""
    found = first_fetch(register, record.id)
    if found is not None:
        return found
    fetch = AnswerFetch(decision=record.id, use=record.use, by=by, means=means, at=register.now())
    subject = _subject(register, record.id)

    def beside(_connection: Connection, _receipts: Sequence[Receipt]) -> None:
        if _read(register, record.id) is not None:  # under the writer's lock: nothing can come after this look
            raise _SecondError("it was fetched at the same moment", where=f"decision {record.id}")

    try:
        register.append_with([NewEntry(_KIND, register.institution, subject, encode(fetch))], beside)
    except _SecondError:
        fetch = _read(register, record.id) or fetch
    _remember(register, fetch)
    return fetch


def _read(register: Register, decision: str) -> AnswerFetch | None:
    for entry in register.repository.entries(ids=(_subject(register, decision),), limit=1):
        if isinstance(entry, Entry) and entry.kind == _KIND:
            fetch = read_record(canonical.decode(entry.content), AnswerFetch, where=f"entry {entry.index}")
            _remember(register, fetch)
            return fetch
    return None


def _subject(register: Register, decision: str) -> str:
    """Return the id of entries about a decision, in the form that ids of the ledger have."""
    return f"{register.institution}/{decision}"


def _remember(register: Register, fetch: AnswerFetch) -> None:
    with _mutex:
        mine = _known.setdefault(register, {})
        mine[fetch.decision] = fetch
        if len(mine) > KNOWN_MAX:
            del mine[next(iter(mine))]
