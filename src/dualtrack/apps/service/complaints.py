"""What becomes of a complaint: its clocks, why it came, what was done about it; and the report of a month.

The complaint itself is an entry of the ledger (`complaint/1`), recorded when it is detected and linked to the conversation and the
decision that it is about. Every one of a chat's use has its clocks, also one made on a receipt's page or recorded by staff. Here stand the
steps behind it, which people take.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.service.conversations import state, step
from dualtrack.apps.service.records import COMPLAINT_KIND, ComplaintStep
from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import Record, Text, encode, read_record
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import ConflictError, FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.complaint_counts import read_complaint
from dualtrack.runtime.complaints import COMPLAINT_CHARACTERS_MAX, complain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.apps.service.settings import ComplaintDays, ServiceSettings
    from dualtrack.domain.oversight import Complaint
    from dualtrack.runtime.engine import Runtime
    from dualtrack.store.register import Register

__all__ = [
    "ComplaintRow",
    "ComplaintWords",
    "MonthReport",
    "complaint_words",
    "complaints",
    "file_complaint",
    "month_report",
    "take_step",
]

_FILE = "complaints.yaml"


class ComplaintWords(Record, frozen=True):
    """The days of the clocks where a chat sets none of its own, with their source, and the words for causes and redress."""

    as_of: str
    cites: str
    acknowledge_days: int
    reply_days: int
    causes: dict[str, Text]
    redress: dict[str, Text]


class ComplaintRow(NamedTuple):
    """A complaint with its clocks on a day. `late` names the clocks that have run out without their step.

    `conversation` is None where it was made of no answer of a conversation, or of the use as a whole.
    """

    entry: int
    use: str
    conversation: str | None
    received: date
    acknowledge_by: date
    reply_by: date
    acknowledged: date | None
    replied: date | None
    cause: str | None
    redress: str | None
    late: tuple[Literal["acknowledge", "reply"], ...]


class MonthReport(NamedTuple):
    """Complaints received in a month. Shares have what they are of; `conversations` are those begun with the assistant in it."""

    month: str
    received: int
    acknowledged_in_time: int
    replied_in_time: int
    open: int
    causes: dict[str, int]
    redress: dict[str, int]
    conversations: int


@cache
def complaint_words() -> ComplaintWords:
    """Return the shipped days and words."""
    data = (resources.files("dualtrack.apps.service") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), ComplaintWords, where=_FILE)


def file_complaint(runtime: Runtime, found: Conversation, text: str, before: Sequence[Line], *, by: str) -> int:
    """Record what a customer complains of in a conversation; return its entry.

    It is of the newest answer among these messages, and counts against the permit by that. Where nothing was answered there is none that
    could have been wrong, and nobody is known: such complaints call for a look, and close nothing however many come (standing.yaml).
    `by` is who found it, `customer` or `rules`. Raises FieldError for no words.
    """
    subject, words = str(found.row["subject"]), text[:COMPLAINT_CHARACTERS_MAX]
    register, contents = found.register, runtime.recorder(found.register.institution).contents
    decision = next((str(line.row["decision"]) for line in reversed(before) if line.row["outcome"] == "served"), None)
    said = None
    if decision is not None:
        try:
            said = complain(
                register, contents, found.use, words, by="customer", means="link", decision=decision, subject=subject
            )
        except ForbiddenError:  # of this answer enough was said: what comes more is kept, and counts for nothing
            said = None
    if said is None:
        said = complain(
            register, contents, found.use, words, by="customer", means="link", subject=subject, unproven=decision is None,
        )  # fmt: skip
    step(found, "complained", by=by, why=["complaint"], complaint=said.entry)
    return said.entry


def complaints(
    register: Register, *, on: date, use: str | None = None, settings: ServiceSettings | None = None
) -> list[ComplaintRow]:
    """Return the complaints of a firm's chats, the newest first, with their clocks as they stand on a day.

    They are those of every use that has a chat in the settings or a conversation, or of one use. Days are those of the settings, the shipped
    ones where a chat sets none.
    """
    uses = (use,) if use is not None else _chats(register, settings)
    days = {chat.use: chat.complaints for chat in settings.chats if chat.complaints} if settings else {}
    taken, received = _steps(register, uses), _received(register, uses)
    places = _conversations(register, received)
    rows = [
        _row(entry, found, places.get(entry), taken.get(entry, {}), days.get(found.use), on)
        for entry, found in received
    ]
    return rows[::-1]


def take_step(
    register: Register,
    entry: int,
    action: Literal["acknowledged", "cause", "redress", "replied"],
    *,
    by: str,
    value: str | None = None,
) -> None:
    """Record a step of a complaint; `value` is the cause or redress, by its name.

    Raises NotFoundError for no such complaint, FieldError for an unknown cause or redress, ConflictError for a step taken already or a
    reply before its cause is known.
    """
    found = _complaint(register, entry)
    taken, words = _steps(register, (found.use,)).get(entry, {}), complaint_words()
    known = {"cause": words.causes, "redress": words.redress}.get(action)
    if known is not None and value not in known:
        raise FieldError(f"{value!r:.40}", where=f"complaint, field {action}", expected=", ".join(known))
    if action in {"acknowledged", "replied"} and action in taken:
        raise ConflictError(f"it was {action} already", where=f"complaint {entry}")
    if action == "replied" and not {"cause", "redress"} <= taken.keys():
        raise ConflictError(
            "its cause and redress are not recorded", where=f"complaint {entry}", fix="record them first"
        )
    record = ComplaintStep(complaint=entry, action=action, by=by, at=register.now(), value=value)
    register.append_plain([(COMPLAINT_KIND, found.use, encode(record))])


def month_report(
    register: Register, month: str, *, on: date, use: str | None = None, settings: ServiceSettings | None = None
) -> MonthReport:
    """Return the report of a month, as 2026-11; raises FieldError for another form."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise FieldError(f"{month!r:.20}", where="month", expected="year and month, as 2026-11") from None
    rows = [row for row in complaints(register, on=on, use=use, settings=settings) if _in(row.received, first)]
    begun = [
        row
        for row in state(register).rows("conversation", **({} if use is None else {"use_id": use}))
        if _in(hong_kong_date(parse_instant(row["begun_at"])), first)
    ]
    return MonthReport(
        month=month,
        received=len(rows),
        acknowledged_in_time=sum(
            row.acknowledged is not None and row.acknowledged <= row.acknowledge_by for row in rows
        ),
        replied_in_time=sum(row.replied is not None and row.replied <= row.reply_by for row in rows),
        open=sum(row.replied is None for row in rows),
        causes=dict(Counter(row.cause or "" for row in rows)),
        redress=dict(Counter(row.redress or "" for row in rows)),
        conversations=len(begun),
    )


def _in(day: date, first: date) -> bool:
    return (day.year, day.month) == (first.year, first.month)


def _chats(register: Register, settings: ServiceSettings | None) -> tuple[str, ...]:
    """Return the uses of a firm that answer customers, or did."""
    held = {str(row["use_id"]) for row in state(register).rows("conversation")}
    set_up = {chat.use for chat in settings.chats} if settings else set()
    return tuple(sorted(held | {use for use in set_up if use.startswith(f"{register.institution}/")}))


def _received(register: Register, uses: tuple[str, ...]) -> list[tuple[int, Complaint]]:
    """Return the complaints of uses, each with its entry; none for no use (the ledger would give those of all)."""
    entries = register.repository.every(kinds=("complaint/1",), ids=uses) if uses else ()
    return [(entry.index, read_complaint(entry)) for entry in entries if isinstance(entry, Entry)]


def _steps(register: Register, uses: tuple[str, ...]) -> dict[int, dict[str, ComplaintStep]]:
    """Return by complaint the steps taken, the newest of each kind."""
    found: dict[int, dict[str, ComplaintStep]] = {}
    for entry in register.repository.every(kinds=(COMPLAINT_KIND,), ids=uses) if uses else ():
        if isinstance(entry, Entry):
            each = read_record(canonical.decode(entry.content), ComplaintStep, where=f"entry {entry.index}")
            found.setdefault(each.complaint, {})[each.action] = each
    return found


def _complaint(register: Register, entry: int) -> Complaint:
    """Return the complaint at an entry; raises NotFoundError where there is none of a chat."""
    entries = register.repository.entries(kinds=("complaint/1",), start=entry, end=entry + 1)
    found = next((read_complaint(each) for each in entries if isinstance(each, Entry)), None)
    if found is None:
        raise NotFoundError(
            "no complaint of a chat at this entry", where=f"entry {entry}", fix="choose one from the list"
        )
    return found


def _conversations(register: Register, received: Sequence[tuple[int, Complaint]]) -> dict[int, str]:
    """Return by complaint the conversation in which it was made, or else in which the answer was given that it is of."""
    kept = state(register)
    found = {int(row["entry"]): str(row["conversation"]) for row in kept.rows("complaint")}
    others = {entry: each.decision for entry, each in received if entry not in found and each.decision is not None}
    if others:
        answers = kept.rows("message", decision=frozenset(others.values()))
        given = {str(row["decision"]): str(row["conversation"]) for row in answers}
        found |= {entry: given[decision] for entry, decision in others.items() if decision in given}
    return found


def _row(
    entry: int,
    found: Complaint,
    conversation: str | None,
    taken: dict[str, ComplaintStep],
    days: ComplaintDays | None,
    on: date,
) -> ComplaintRow:
    words, received = complaint_words(), hong_kong_date(parse_instant(found.at))
    acknowledge_by = received + timedelta(days=days.acknowledge if days else words.acknowledge_days)
    reply_by = received + timedelta(days=days.reply if days else words.reply_days)
    acknowledged, replied = _day(taken.get("acknowledged")), _day(taken.get("replied"))
    late: list[Literal["acknowledge", "reply"]] = []
    if acknowledged is None and on > acknowledge_by:
        late.append("acknowledge")
    if replied is None and on > reply_by:
        late.append("reply")
    cause, redress = taken.get("cause"), taken.get("redress")
    return ComplaintRow(
        entry, found.use, conversation, received, acknowledge_by, reply_by, acknowledged, replied,
        cause.value if cause else None, redress.value if redress else None, tuple(late),
    )  # fmt: skip


def _day(taken: ComplaintStep | None) -> date | None:
    return None if taken is None else hong_kong_date(parse_instant(taken.at))
