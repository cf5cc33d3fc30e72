"""What a complaint counts for: whether it makes a signal, of which kind, and for which release.

A complaint of a decision counts for the release that the decision ran under: what people say of an old one says nothing of
what runs now. A person counts once within the signal's days, and a decision once for good. What a program records of nobody
that this use has decided about closes nothing by itself: anybody with a key could make any number of them. Enough of these
open an incident, so that somebody looks.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import func, select

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.oversight import Complaint, Signal
from dualtrack.domain.records import read_record
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.errors import NotFoundError
from dualtrack.runtime.called_looks import call_for_look
from dualtrack.runtime.lookup import decision_row
from dualtrack.runtime.standing import SignalCount, standing_settings
from dualtrack.store.projections import Projections
from dualtrack.store.rare import Rare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dualtrack.store.register import Register

__all__ = [
    "LOOK_KIND",
    "Counted",
    "counts_as",
    "look_at_unnamed",
    "of_subject",
    "read_complaint",
    "releases_of_complaints",
]

LOOK_KIND = "complaints-unnamed"
"""Kind of the incident that enough complaints of nobody open."""

Counted = Literal["complaint", "complaint_unnamed"]
"""The kinds of signals that complaints make."""

_UNNAMED: Counted = "complaint_unnamed"


class _Named(NamedTuple):
    """What was read of a register's complaints: by the index of the signal, the release; each is read once."""

    mutex: threading.Lock
    releases: dict[int, str | None]


_memories: weakref.WeakKeyDictionary[Register, _Named] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def counts_as(
    register: Register, use: str, *, decision: str | None, subject: str | None, program: bool, unproven: bool = False
) -> Counted | None:
    """Return the signal that a complaint makes, as the ledger stands: none where its person was counted lately.

    One that is `unproven` is of nobody, whatever was recorded of the person: a call for a person leaves a decision too.

    That a decision counts once is for whoever records it, with the writer's lock.
    """
    if unproven or (program and decision is None and not _is_known(register, use, subject)):
        return _UNNAMED
    return None if of_subject(register, use, subject, _first_in_window(register, use)) else "complaint"


def of_subject(register: Register, use: str, subject: str | None, start: int | None) -> list[Complaint]:
    """Return the counted complaints of a person from an entry on that lie within the signal's days; None finds none."""
    if subject is None or start is None:
        return []
    since = _since(register)
    entries = register.repository.every(kinds=("complaint/1",), ids=(use,), start=start)
    found = [read_complaint(entry) for entry in entries if isinstance(entry, Entry)]
    return [item for item in found if item.subject == subject and item.counted and item.at >= since]


def read_complaint(entry: Entry) -> Complaint:
    """Read the record of a complaint."""
    return read_record(canonical.decode(entry.content), Complaint, where=f"entry {entry.index}")


def look_at_unnamed(register: Register, use: str) -> str | None:
    """Open an incident where a use has enough complaints of nobody since the last one was closed; return its id."""

    def signals() -> list[SignalCount]:
        rows = Projections(register.repository).rows("signal", use_id=use, kind=_UNNAMED)
        return [SignalCount(_UNNAMED, row["at"], row["value"]) for row in rows]

    asks = "They close nothing by themselves: read them, and close this with what they were."
    return call_for_look(register, use, LOOK_KIND, signals, counted="complaints", asks=asks)


def releases_of_complaints(register: Register, signals: Iterable[Mapping[Any, Any]]) -> dict[int, str]:
    """Return by the index of a complaint's signal the release of the decision that it names; none of one that names none.

    Only uses with so many complaints that a rule may take effect are read.
    """
    mine = [row for row in signals if row["kind"] == "complaint"]
    enough = min(rule.count_min for rule in standing_settings().signals if rule.kind == "complaint")
    counted = Counter(str(row["use_id"]) for row in mine)
    wanted = [int(row["idx"]) for row in mine if counted[str(row["use_id"])] >= enough]
    memory = _memory(register)
    with memory.mutex:
        for index in memory.releases.keys() - set(wanted):
            del memory.releases[index]
        for index in wanted:
            if index not in memory.releases:
                memory.releases[index] = _release(register, index)
        return {index: release for index, release in memory.releases.items() if release is not None}


def _release(register: Register, index: int) -> str | None:
    """Return the release of the complaint whose signal lies at an index: it was appended just before."""
    found: Sequence[object] = register.repository.entries(start=max(index - 1, 0), end=index + 1)
    entries = [entry for entry in found if isinstance(entry, Entry)]
    if [entry.kind for entry in entries] != ["complaint/1", "signal/1"]:
        return None
    complaint = read_complaint(entries[0])
    signal = read_record(canonical.decode(entries[1].content), Signal, where=f"entry {index}")
    if complaint.id != signal.about or complaint.decision is None:
        return None
    try:
        return str(decision_row(register, complaint.decision)["release"])
    except NotFoundError:
        return None


def _is_known(register: Register, use: str, subject: str | None) -> bool:
    """Tell whether the use has decided anything about a person."""
    if subject is None:
        return False
    table = register.repository.tables.decision
    mine = (table.c.ledger == register.repository.ledger, Rare(table.c.subject == subject), table.c.use_id == use)
    with register.repository.backend.read() as connection:
        return connection.execute(select(table.c.id).where(*mine).limit(1)).first() is not None


def _first_in_window(register: Register, use: str) -> int | None:
    """Return the index of the oldest complaint of a use whose signal still counts, or None."""
    Projections(register.repository).catch_up()
    table = register.repository.tables.signal
    query = select(func.min(table.c.idx)).where(
        table.c.ledger == register.repository.ledger,
        table.c.kind == "complaint",
        table.c.use_id == use,
        table.c.at >= _since(register),
    )
    with register.repository.backend.read() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else max(int(found) - 1, 0)


def _since(register: Register) -> str:
    """Return from when on a complaint counts."""
    days = max(rule.window_days for rule in standing_settings().signals if rule.kind == "complaint")
    return format_instant(parse_instant(register.now()) - timedelta(days=days))


def _memory(register: Register) -> _Named:
    with _guard:
        found = _memories.get(register)
        if found is None:
            found = _memories[register] = _Named(threading.Lock(), {})
        return found
