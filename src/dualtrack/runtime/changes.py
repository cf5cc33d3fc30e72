"""Answers to the question whether taking a use, or a new release of it, into service is a significant change.

A firm answers either way with its reasons before it changes anything, so no incident is needed for it. An answer is never
changed: another one is added, and the newest is what the firm holds now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from dualtrack.domain import canonical
from dualtrack.domain.oversight import ChangeAnswer
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import ConflictError, FieldError
from dualtrack.runtime.drafts import significant_change
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.lookup import newest_first
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register

__all__ = ["ANSWERS_MAX", "Answer", "answer_change", "change_answers"]

ANSWERS_MAX = 50
"""Answers of one use that are read, newest first: years of releases; all of them stay in the ledger."""

Answer = Literal["yes", "no"]


def answer_change(
    register: Register, use: str, *, release: str | None, answer: str, reason: str, by: str
) -> ChangeAnswer:
    """Record the answer for the release that was looked at (None: the use had none yet).

    Raises FieldError where the question does not arise, ConflictError where another release is the newest by now.
    """
    if answer not in get_args(Answer):
        raise FieldError("no answer", where="change, field answer", expected="yes or no", fix="choose one")
    if not reason.strip():
        raise FieldError("no reason", where="change, field reason", fix="say why, in a sentence or two")
    check_reason(reason)
    if significant_change(register, use) is None:
        raise FieldError(
            "the question does not arise for this use", where=f"change of {use}", fix="see the duties on its page"
        )
    _check_newest(register, use, release)
    plain = {
        "use": use, "release": release, "answer": answer, "reason": reason.strip(), "by": by, "at": register.now()
    }  # fmt: skip
    record = read_record(plain, ChangeAnswer, where="answer")

    def beside(_connection: Connection, _receipts: Sequence[Receipt]) -> None:
        _check_newest(register, use, release)  # under the writer's lock: no release can come after this look

    register.append_with([NewEntry("change-answer/1", register.institution, use, encode(record))], beside)
    return record


def _check_newest(register: Register, use: str, release: str | None) -> None:
    if register.latest_release(use) != release:
        raise ConflictError(
            "another release is the newest by now", where=f"change of {use}", fix="look at it, then answer for it",
            code="stale",
        )  # fmt: skip


def change_answers(register: Register, use: str) -> list[ChangeAnswer]:
    """Return the newest answers of a use, newest first."""
    found = []
    for entry in newest_first(register, "change-answer/1", use):
        found.append(read_record(canonical.decode(entry.content), ChangeAnswer, where="answer"))
        if len(found) == ANSWERS_MAX:
            break
    return found
