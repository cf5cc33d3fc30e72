"""Complaints of running uses: recorded with their words sealed in the vault, each a signal, opened by name and for a reason.

A complaint counts once a decision and once a person in the signal's days, so that nobody narrows a use by writing often
(`complaint_counts`); what staff record of nobody counts by itself, what a program does only calls for a look.
What is about nobody is sealed under an owner of the complaint's own, so that it can be erased alone.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.domain.entry import Entry
from dualtrack.domain.oversight import Access, Complaint, Signal
from dualtrack.domain.records import encode
from dualtrack.errors import ConflictError, FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.complaint_counts import counts_as, look_at_unnamed, of_subject, read_complaint
from dualtrack.runtime.erasing import erase_person
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import decision_row, find_policy, find_release, newest_first
from dualtrack.runtime.plant_shelf import plant_of, seal_aside
from dualtrack.runtime.receipts import BY_CODE, locate_receipt
from dualtrack.store.entries import NewEntry
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from dualtrack.runtime.erasing import ErasureReply
    from dualtrack.runtime.receipts import ReceiptHolder, ReceiptKey
    from dualtrack.runtime.recorder import Recorder
    from dualtrack.store.content import ContentVault, SealedContent
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = [
    "COMPLAINTS_OF_ONE_MAX",
    "COMPLAINT_CHARACTERS_MAX",
    "LIST_MAX",
    "Complained",
    "complain",
    "complain_by_receipt",
    "erase_complaint",
    "find_complaint",
    "list_complaints",
    "open_complaint",
]

COMPLAINT_CHARACTERS_MAX = 4_000
"""Longest complaint: two pages. Who has more to say is called back."""

COMPLAINTS_OF_ONE_MAX = 5
"""Complaints of one decision: who holds a receipt may add to what they said, not fill a disk."""

LIST_MAX = 500
"""Complaints in one list."""

_Means = Literal["receipt", "link", "staff", "program"]


class Complained(NamedTuple):
    """A complaint as it was recorded, and its entry."""

    complaint: Complaint
    entry: int


class _About(NamedTuple):
    """What a complaint is about: the use, the decision with its index row, and whose words they are."""

    use: str
    decision: str | None
    subject: str | None
    retention: str
    since: int


class _Made(NamedTuple):
    """A complaint that is being recorded: its id, its sealed words, who records it and how it came; `unproven` counts as one of nobody."""

    id: str
    sealed: SealedContent
    by: str
    means: _Means
    unproven: bool


class _MovedError(ConflictError):
    """Another complaint of the same decision or person was recorded at the same moment."""


def complain(
    register: Register,
    contents: ContentVault,
    use: str,
    text: str,
    *,
    by: str,
    means: _Means,
    decision: str | None = None,
    subject: str | None = None,
    unproven: bool = False,
) -> Complained:
    """Record a complaint of a use, or of one of its decisions; the gate knows of it within a second.

    `contents` is the recorder's vault. `subject` is the pseudonym of who complains, where no decision tells it. `unproven` says that anybody
    may have made it without having been answered, as on a public page: it counts as one of nobody, whoever that is. Raises
    FieldError for a text out of bounds or a decision of another use, NotFoundError, and ForbiddenError for too many.
    """
    if not 0 < len(text.strip()) <= COMPLAINT_CHARACTERS_MAX:
        raise FieldError(
            "no words, or too many",
            where="complaint, field text",
            expected=f"1 to {COMPLAINT_CHARACTERS_MAX} characters",
        )
    about, record = _about(register, use, decision, subject), new_id()
    sealed = contents.seal(about.subject or _own_owner(record), text.encode(), about.retention)
    made = _Made(record, sealed, by, means, unproven)
    # Each further round is due to one more complaint of this decision, or to the one of this person that counts instead.
    for _ in range(COMPLAINTS_OF_ONE_MAX + 1):
        try:
            return _append(register, contents, about, made)
        except _MovedError:
            continue
    return _append(register, contents, about, made)


def complain_by_receipt(
    registers: Iterable[Register],
    recorders: Mapping[str, Recorder],
    code: str | ReceiptKey,
    text: str,
    *,
    holder: ReceiptHolder = BY_CODE,
) -> Complained:
    """As `complain`, by the customer who holds a receipt; raises NotFoundError for an unknown code."""
    register, row = locate_receipt(registers, code)
    contents = recorders[register.institution].contents
    return complain(register, contents, row["use_id"], text, by=holder.by, means=holder.means, decision=row["id"])


def list_complaints(
    register: Register, uses: Iterable[str], *, limit: int = LIST_MAX, below: int | None = None
) -> list[Complained]:
    """Return the newest complaints of these uses, newest first, without their words; `below` goes on behind an entry."""
    limit = min(limit, LIST_MAX)
    found = [
        Complained(read_complaint(entry), entry.index)
        for use in uses
        for entry in islice(newest_first(register, "complaint/1", use, below=below), limit)
    ]
    return sorted(found, key=lambda item: item.entry, reverse=True)[:limit]


def find_complaint(register: Register, index: int) -> Complaint:
    """Return the complaint at an entry; raises NotFoundError."""
    entry = register.repository.entry(index)
    if entry.kind != "complaint/1":
        raise NotFoundError("no complaint at this entry", where=f"entry {index}", fix="list the complaints")
    return read_complaint(entry)


def open_complaint(register: Register, contents: ContentVault, found: Complaint, *, by: str, reason: str) -> str:
    """Return the words of a complaint; who looks and why is in the ledger before. Raises NotFoundError once erased."""
    check_reason(reason)
    look = Access(by=by, digest=found.text, about=found.use, reason=reason, at=register.now())
    register.append_plain([("access/1", found.use, encode(look))])
    return contents.open(found.text).decode("utf-8", "replace")


def erase_complaint(
    register: Register, contents: ContentVault, found: Complaint, *, by: str, reason: str
) -> ErasureReply:
    """Erase the words of a complaint that names nobody, unless a law keeps them; the complaint itself stands.

    Raises FieldError where it names somebody: then it goes with everything else about them.
    """
    if found.subject is not None:
        raise FieldError(
            "a complaint of somebody", where=f"complaint {found.id}", expected="one that names nobody",
            fix="erase what there is about the person",
        )  # fmt: skip
    return erase_person(register, contents, by, _own_owner(found.id), reason)


def _own_owner(complaint: str) -> str:
    """Return under whom the words are sealed of a complaint that names nobody: itself, in the form of a pseudonym."""
    return hashlib.sha256(b"dualtrack/complaint/v1\x00" + complaint.encode()).hexdigest()


def _append(register: Register, contents: ContentVault, about: _About, made: _Made) -> Complained:
    """Append a complaint; raises _MovedError if another one of this decision came since they were counted."""
    size = register.repository.size()
    earlier = _of_decision(register, about, about.since)
    if len(earlier) >= COMPLAINTS_OF_ONE_MAX:
        raise ForbiddenError(
            f"{len(earlier)} complaints of this decision are recorded", where=f"decision {about.decision}",
            fix="speak with a person: the receipt says how", code="complaint.enough",
        )  # fmt: skip
    counts = None
    if not earlier:
        counts = counts_as(
            register, about.use, decision=about.decision, subject=about.subject, program=made.means == "program",
            unproven=made.unproven,
        )  # fmt: skip
    record = Complaint(
        id=made.id, use=about.use, decision=about.decision, subject=about.subject, text=made.sealed.digest,
        counted=counts == "complaint", by=made.by, means=made.means, at=register.now(),
    )  # fmt: skip
    items = [NewEntry("complaint/1", register.institution, about.use, encode(record))]
    if counts is not None:
        signal = Signal(use=about.use, kind=counts, at=record.at, value=1, of=1, about=record.id)
        items.append(NewEntry("signal/1", register.institution, about.use, encode(signal)))
    words = [made.sealed]
    keys = contents.new_keys(words)
    plant = plant_of(register, record.decision) if record.decision and record.counted else None

    def beside(connection: Connection, receipts: Sequence[Receipt]) -> None:
        # Under the writer's lock: nothing can come after this look.
        if _of_decision(register, about, size) or (
            record.counted and of_subject(register, about.use, about.subject, size)
        ):
            raise _MovedError("it was complained of at the same moment", where=f"complaint of {about.use}")
        if plant is not None:  # the signal looks as any other; sealed beside it lies that it counts for nothing
            words.append(seal_aside(contents, plant, receipts[1].index, record.at))
            keys.extend(key for key in contents.new_keys(words[-1:]) if key not in keys)
        contents.write(connection, words, keys, record.at)

    receipts = register.append_with(items, beside)
    contents.written(keys)
    if counts == "complaint_unnamed":
        look_at_unnamed(register, about.use)
    return Complained(record, receipts[0].index)


def _about(register: Register, use: str, decision: str | None, subject: str | None) -> _About:
    if not Projections(register.repository).rows("use", id=use):
        raise NotFoundError(f"use {use!r} is not declared", fix="name the use as `institution/use`")
    if decision is None:
        return _About(use, None, subject, _retention(register, use), 0)
    row = decision_row(register, decision)
    if row["use_id"] != use:
        raise FieldError("a decision of another use", where="complaint, field decision", expected=f"one of {use}")
    policy = _kept_with(register, row)
    return _About(use, decision, row["subject"] or subject, policy, int(row["idx"]))


def _kept_with(register: Register, row: Mapping[Any, Any]) -> str:
    """Return the retention class of the policy that a decision ran under: its complaint is kept as long."""
    released = find_release(register, row["use_id"], row["release"])
    return find_policy(register, row["use_id"], released.policy.runtime).retention


def _retention(register: Register, use: str) -> str:
    newest = register.latest_release(use)
    policy = find_release(register, use, newest).policy.runtime if newest else None
    return find_policy(register, use, policy).retention if policy else "standard"


def _of_decision(register: Register, about: _About, since: int) -> list[Complaint]:
    """Return the complaints of the same decision from an entry on; all of them stand after the decision."""
    if about.decision is None:
        return []
    entries = register.repository.every(kinds=("complaint/1",), ids=(about.use,), start=since)
    return [
        record
        for entry in entries
        if isinstance(entry, Entry) and (record := read_complaint(entry)).decision == about.decision
    ]
