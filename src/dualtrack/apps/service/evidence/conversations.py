"""What became of conversations, without a word of them: confirmed by the customer or not, time to the first answer, complaints.

The keyword menu's own sessions, which the firm has of its page, may stand beside them as the other arm.
"""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from dualtrack.apps.service.complaints import complaints
from dualtrack.apps.service.conversations import state
from dualtrack.apps.service.evidence.rows import shares_by
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import DocumentError, FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.service.evidence.rows import Row, Share
    from dualtrack.store.register import Register

__all__ = ["SOON_S", "conversation_shares", "conversation_table", "menu_table"]

SOON_S = 60
"""Seconds within which an answer comes soon: our own choice, about as long as somebody looks at a chat that is silent."""

_MENU = ("language", "confirmed", "complained")
_COLUMNS = (
    "conversation", "customer", "language", "channel", "messages", "answers", "handed_over", "solved", "confirmed", "complained",
    "first_answer_s", "soon", "arm",
)  # fmt: skip


def conversation_table(register: Register, use: str) -> list[Row]:
    """Return a row for each conversation of a use, without words: how long the first answer took, whether the customer says it helped.

    `solved` is 1, 0, or empty where the customer said nothing; `confirmed` is 1 only where they said that it helped. Where nothing was answered
    neither is: there is nothing that could have helped. `complained` is 1 also for a complaint on the receipt of an answer. `first_answer_s` is empty
    where none came, and `soon` is 1 where it came within SOON_S. `customer` numbers customers, who may have several conversations. `arm` is 1:
    with the assistant.
    """
    kept = state(register)
    complained = {
        row.conversation for row in complaints(register, on=hong_kong_date(parse_instant(register.now())), use=use)
    }
    rows: list[Row] = []
    customers: dict[str, int] = {}
    for number, found in enumerate(kept.rows("conversation", use_id=use), 1):
        messages = kept.rows("message", conversation=str(found["id"]))
        answers = [row for row in messages if row["who"] == "assistant"]
        asked = next((row for row in messages if row["who"] == "customer"), None)
        first = next((row for row in answers if row["outcome"] in {"served", "fallback"}), None)
        wait = parse_instant(first["at"]) - parse_instant(asked["at"]) if first and asked else None
        solved = {"solved": 1, "unsolved": 0}.get(str(found["solved"]), "") if first else ""
        rows.append(
            {
                "conversation": number, "customer": customers.setdefault(str(found["subject"]), len(customers) + 1),
                "language": str(found["language"]), "channel": str(found["channel"]), "messages": len(messages),
                "answers": len(answers),
                "handed_over": int(found["waiting_at"] is not None or found["taken_at"] is not None),
                "solved": solved, "confirmed": int(solved == 1), "complained": int(str(found["id"]) in complained),
                "first_answer_s": "" if wait is None else wait // timedelta(seconds=1),
                "soon": int(wait is not None and wait <= timedelta(seconds=SOON_S)), "arm": 1,
            }
        )  # fmt: skip
    return rows


def menu_table(data: bytes, rows: Sequence[Row], *, where: str) -> list[Row]:
    """Return sessions of the keyword menu as rows of the other arm, from a CSV with columns language, confirmed, complained.

    Raises DocumentError where it is no such file, FieldError naming row and column.
    """
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        sessions = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DocumentError("not readable as CSV", where=where, expected="UTF-8 text with a header") from error
    absent = sorted(set(_MENU) - set(reader.fieldnames or ()))
    if absent:
        raise FieldError(f"no column {absent[0]!r}", where=where, expected=", ".join(_MENU))
    blank: Row = dict.fromkeys(_COLUMNS, "")
    found: list[Row] = []
    for line, session in enumerate(sessions, 2):
        marks = {}
        for name in ("confirmed", "complained"):
            if session[name] not in {"0", "1"}:
                raise FieldError(f"{session[name]!r:.40}", where=f"{where}, line {line}, {name}", expected="0 or 1")
            marks[name] = int(session[name])
        number = len(rows) + len(found) + 1
        own: Row = {
            "conversation": number,
            "customer": number,
            "language": str(session["language"]),
            "channel": "menu",
            "arm": 0,
        }
        found.append({**blank, **own, **marks, "handed_over": 0, "messages": 0, "answers": 0})
    return found


def conversation_shares(rows: Sequence[Row]) -> list[Share]:
    """Return the shares confirmed, handed over and complained of, by arm."""
    return shares_by(rows, ("confirmed", "solved", "soon", "handed_over", "complained"), ("arm", "language"))
