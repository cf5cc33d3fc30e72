"""What becomes of a complaint: its clocks, why it came, what was done about it; and the report of a month.

The complaint itself is an entry of the ledger (`complaint/1`), recorded when it is detected and linked to the conversation and the
decision that it is about. Here stand the steps behind it, which people take.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.apps.service.conversations import state
from dualtrack.apps.service.records import COMPLAINT_KIND, ComplaintStep
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, encode, read_record
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import ConflictError, FieldError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.register import Register

__all__ = [
    "ComplaintRow",
    "ComplaintWords",
    "MonthReport",
    "complaint_words",
    "complaints",
    "month_report",
    "take_step",
]

_FILE = "complaints.yaml"


class ComplaintWords(Record, frozen=True):
    """The days of the clocks with their source, and the words for causes and redress."""

    as_of: str
    cites: str
    acknowledge_days: int
    reply_days: int
    causes: dict[str, Text]
    redress: dict[str, Text]


class ComplaintRow(NamedTuple):
    """A complaint with its clocks on a day. `late` names the clocks that have run out without their step."""

    entry: int
    use: str
    conversation: str
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


def complaints(register: Register, *, on: date, use: str | None = None) -> list[ComplaintRow]:
    """Return the complaints of a firm's chats, the newest first, with their clocks as they stand on a day."""
    equal = {} if use is None else {"use_id": use}
    rows = [_row(row, on) for row in state(register).rows("complaint", **equal)]
    return sorted(rows, key=lambda row: row.entry, reverse=True)


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
    rows = state(register).rows("complaint", entry=entry)
    if not rows:
        raise NotFoundError(
            "no complaint of a chat at this entry", where=f"entry {entry}", fix="choose one from the list"
        )
    row, words = rows[0], complaint_words()
    known = {"cause": words.causes, "redress": words.redress}.get(action)
    if known is not None and value not in known:
        raise FieldError(f"{value!r:.40}", where=f"complaint, field {action}", expected=", ".join(known))
    if action in {"acknowledged", "replied"} and row[f"{action}_at"] is not None:
        raise ConflictError(f"it was {action} already", where=f"complaint {entry}")
    if action == "replied" and (row["cause"] is None or row["redress"] is None):
        raise ConflictError(
            "its cause and redress are not recorded", where=f"complaint {entry}", fix="record them first"
        )
    record = ComplaintStep(complaint=entry, action=action, by=by, at=register.now(), value=value)
    register.append_plain([(COMPLAINT_KIND, str(row["use_id"]), encode(record))])


def month_report(register: Register, month: str, *, on: date, use: str | None = None) -> MonthReport:
    """Return the report of a month, as 2026-11; raises FieldError for another form."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise FieldError(f"{month!r:.20}", where="month", expected="year and month, as 2026-11") from None
    rows = [row for row in complaints(register, on=on, use=use) if _in(row.received, first)]
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


def _row(row: Mapping[str, Any], on: date) -> ComplaintRow:
    words = complaint_words()
    received = hong_kong_date(parse_instant(row["received_at"]))
    by = {"acknowledge": words.acknowledge_days, "reply": words.reply_days}
    ends = {name: received + timedelta(days=days) for name, days in by.items()}
    acknowledged, replied = _day(row["acknowledged_at"]), _day(row["replied_at"])
    late: list[Literal["acknowledge", "reply"]] = []
    if acknowledged is None and on > ends["acknowledge"]:
        late.append("acknowledge")
    if replied is None and on > ends["reply"]:
        late.append("reply")
    return ComplaintRow(
        int(row["entry"]), str(row["use_id"]), str(row["conversation"]), received, ends["acknowledge"], ends["reply"],
        acknowledged, replied, row["cause"], row["redress"], tuple(late),
    )  # fmt: skip


def _day(at: str | None) -> date | None:
    return None if at is None else hong_kong_date(parse_instant(at))
