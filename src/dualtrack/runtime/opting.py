"""Opting out: a person wants no AI in a use, or takes that back. By identifier, pseudonym or receipt code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.oversight import OptOut, Signal
from dualtrack.domain.records import encode
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.receipts import BY_CODE, locate_receipt
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from dualtrack.runtime.receipts import ReceiptHolder, ReceiptKey
    from dualtrack.runtime.subjects import Subjects
    from dualtrack.store.register import Register

__all__ = ["has_opted_out", "opt_out", "opt_out_by_receipt"]


def opt_out(
    register: Register,
    subjects: Subjects,
    use: str,
    *,
    person: str | None = None,
    subject: str | None = None,
    active: bool = True,
    by: Literal["customer", "staff"] = "customer",
) -> bool:
    """Note that a person opted out (or, with `active` false, back in); False where that stood already.

    Names the person by the caller's identifier or by the pseudonym itself. Every process knows it within a second.
    Raises FieldError unless exactly one is named, NotFoundError for a use that is not declared.
    """
    if (person is None) is (subject is None):
        raise FieldError("not exactly one person", where="opt-out", expected="an identifier, or a pseudonym")
    if not Projections(register.repository).rows("use", id=use):
        raise NotFoundError(f"use {use!r} is not declared", fix="name the use as `institution/use`")
    found = subject if person is None else subjects.pseudonym(register.institution, person)
    assert found is not None, "checked above: one of the two is there"
    return _enter(register, use, found, active=active, by=by)


def opt_out_by_receipt(
    registers: Iterable[Register],
    code: str | ReceiptKey,
    *,
    active: bool = True,
    holder: ReceiptHolder = BY_CODE,
) -> bool:
    """As `opt_out`, for whom a receipt is about; raises NotFoundError, and FieldError for a receipt about nobody."""
    register, row = locate_receipt(registers, code)
    if row["subject"] is None:
        raise FieldError(
            "this receipt names nobody",
            where="receipt",
            expected="a receipt of a call about a person",
            fix="ask the firm by the way that the receipt names; an account number is needed",
            code="input.opt-out.nobody",
        )
    return _enter(register, row["use_id"], row["subject"], active=active, by=holder.by)


def has_opted_out(register: Register, use: str, subject: str) -> bool:
    """Tell whether a pseudonym has opted out of a use."""
    return bool(Projections(register.repository).rows("opt_out", use_id=use, subject=subject, active=True))


def _enter(register: Register, use: str, subject: str, *, active: bool, by: str) -> bool:
    if has_opted_out(register, use, subject) is active:
        return False
    at = register.now()
    items = [("opt-out/1", use, encode(OptOut(use=use, subject=subject, active=active, at=at, by=by)))]
    if active:
        items.append(("signal/1", use, encode(Signal(use=use, kind="opt_out", at=at, value=1, of=1))))
    register.append_plain(items)
    return True
